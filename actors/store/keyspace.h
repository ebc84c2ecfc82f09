/* The store's revisions as what a member replicates: mvcc behind node/machine.h, and what a call
 * looks like within an entry: one byte, the method, then its request.
 *
 *   keyspace_call ──► body ──raft_node_call──► … ──machine.apply──► answer ──► keyspace_answer
 *
 * What mvcc leaves to who has the time (leases) and the ids (headers) is done here. Flushing: what
 * is applied is sealed and handed to the flusher by keyspace_flush, and forgotten by
 * keyspace_settle.
 */
#ifndef ACTORS_STORE_KEYSPACE_H
#define ACTORS_STORE_KEYSPACE_H

#include "actors/store/flusher.h"
#include "actors/store/lessor.h"
#include "actors/store/members.h"
#include "actors/store/mvcc/mvcc.h"
#include "actors/store/node/machine.h"
#include "common/base/durations.h"
#include "common/base/log.h"

/* Methods of entries that no client calls. */
enum { KEYSPACE_CHECKPOINT = 254, KEYSPACE_EXPIRE = 255 };

enum { keyspace_expire_max = 1000, keyspace_checkpoint_max = 1000 }; /* leases in one entry */

struct keyspace {
    struct machine machine; /* first: what raft_node is given */
    struct mvcc *mvcc;      /* owned, as the next two */
    struct lessor *lessor;
    struct members members;
    struct backend *backend;
    struct flusher *flusher; /* owned */
    const struct log *log;   /* borrowed, may be NULL */
    uint64_t cluster_id;
    uint64_t member_id;
    uint64_t boot;             /* of this run: what it proposes of leases' times it knows already */
    uint64_t term;             /* of Raft, for headers; the caller's to keep */
    int64_t awake_ms;          /* as of this turn; the caller's to keep */
    struct raft_config config; /* at the last entry */
    bool within;               /* an entry is applied in part */
    const struct tail *sealed; /* mvcc's; not written yet; NULL: none */
    struct machine_position sealed_at;
    struct machine_position flushed;
    bool flush_failed; /* the last one */
    int64_t said_ms;   /* awake: when that was said */
    uint64_t flushes_total;
    struct durations flushes;
    struct arena arena; /* of the call that is applied */
};

/* Takes backend, also on error: what it holds is where the machine stands. config: the members of
 * this cluster; leases that are there have their time from awake_ms on, and are written down every
 * checkpoint_ms. flush_clock: of a thread that flushes; NULL: the caller does. Errors, said on the
 * log: as mvcc_new, and ERR_FULL (no thread); keyspace_fini also after one. */
enum err keyspace_init(struct keyspace *self, const struct mvcc_settings *settings,
                       struct backend **backend, const struct raft_config *config, int64_t awake_ms,
                       int64_t checkpoint_ms, const struct clock *flush_clock,
                       const struct log *log);
/* What is handed to the flusher is written before. */
void keyspace_fini(struct keyspace *self);

void keyspace_call(struct buf *to, enum etcd_method method, struct str request);
void keyspace_expire(struct buf *to, const int64_t *ids, size_t count);
void keyspace_checkpoint(struct buf *to, const struct lease_rest *rests, size_t count);

/* An answer of machine.apply: its error, or the packed response. */
enum etcd_error keyspace_answer(struct str answer, struct str *response);

/* A read, of the state as it is. The response is appended to `to`, packed. */
enum etcd_error keyspace_read(struct keyspace *self, enum etcd_method method,
                              const ProtobufCMessage *request, struct arena *arena, struct buf *to);

/* A Range in slices: its header is appended to `to`, packed. Errors: as mvcc_range_begin. */
enum etcd_error keyspace_range_begin(struct keyspace *self,
                                     const Etcdserverpb__RangeRequest *request,
                                     struct mvcc_range **range, struct buf *to);

/* Fills cluster, member and term in, and packs. */
void keyspace_pack(const struct keyspace *self, ProtobufCMessage *response, struct buf *to);

/* What is applied is to become durable: all of it, in one transaction; unless that is under way
 * already. Errors: as keyspace_settle. */
enum err keyspace_flush(struct keyspace *self);
/* Takes back what is written meanwhile; wait: until it is. Errors, said on the log once in a while:
 * the backend's: keyspace_flush tries it again; ERR_CORRUPT: the member must stop. */
enum err keyspace_settle(struct keyspace *self, bool wait);

#endif
