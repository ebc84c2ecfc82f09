/* The store's state machine: keys with all their revisions, and leases. Pure: no clock, no socket,
 * no log; what it holds follows from the entries it was given, in their order, alone.
 *
 *   entry ──► apply ──► index, leases, open tail        answers; events are read from revisions
 *                                │ seal
 *                                ▼
 *             reads ──► open tail, sealed tails, backend
 *                                │        ▲
 *                                └─flush──┘ renew
 *
 * Total: no request that could be unpacked (request.h) ends it or makes two states differ, judged
 * by shape.h or not. A turn: entries, reads, then what the answers borrow is let go (seal, flushed
 * and every apply may end it).
 *
 * Answers are messages of etcdserverpb, in the caller's arena; they borrow from it, from the
 * request and from the state. Of a header only the revision is filled.
 *
 * Where the rules stand: etcd 3.4's server/etcdserver/apply.go and mvcc, compared answer by answer
 * (tests/store/mvcc/against_etcd).
 */
#ifndef ACTORS_STORE_MVCC_MVCC_H
#define ACTORS_STORE_MVCC_MVCC_H

#include "actors/store/mvcc/arena.h"
#include "actors/store/mvcc/backend.h"
#include "common/etcdapi/errors.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/methods.h"
#include "common/etcdapi/mvcc.pb-c.h"

struct mvcc;
struct tail;

struct mvcc_settings {
    int64_t lease_ttl_min_s; /* of a cluster's members the same */
};

/* What backend's last transaction says. It is borrowed until mvcc_destroy. text, of
 * backend_text_max: why not. Errors: ERR_CORRUPT (a record is damaged, missing or one too many:
 * the member must not serve), and the backend's of reads. */
enum err mvcc_new(const struct mvcc_settings *settings, struct backend *backend, struct mvcc **self,
                  char *text);
void mvcc_destroy(struct mvcc **self);

struct mvcc_position {
    uint64_t index, term; /* of the last entry */
    int64_t revision;     /* 1: nothing was put yet */
    int64_t compacted;    /* -1: never */
};
struct mvcc_position mvcc_position(const struct mvcc *self);

/* Once a record that was read is damaged or can't be read the state is no longer what the entries
 * say, and the member must stop. ERR_OK: it is sound. */
enum err mvcc_damage(const struct mvcc *self);
const char *mvcc_damage_text(const struct mvcc *self); /* what its backend says of it */

/* ── entries ────────────────────────────────────────────────────────────────*/

/* What is applied from here on is of this entry: index is above all before. */
void mvcc_entry(struct mvcc *self, uint64_t index, uint64_t term);

struct mvcc_answer {
    enum etcd_error error;
    ProtobufCMessage *message; /* NULL with an error */
};

/* PUT, DELETE_RANGE, TXN, COMPACT, LEASE_GRANT (its ID is given), LEASE_REVOKE: as an entry's
 * call. With an error nothing has changed. */
struct mvcc_answer mvcc_apply(struct mvcc *self, enum etcd_method method,
                              const ProtobufCMessage *request, struct arena *arena);

/* RANGE, a TXN that writes nothing, HASH_KV, LEASE_TIME_TO_LIVE (TTL: the rest that was
 * checkpointed, else the granted one; keys in order of bytes), LEASE_LEASES (in order of ID). */
struct mvcc_answer mvcc_read(struct mvcc *self, enum etcd_method method,
                             const ProtobufCMessage *request, struct arena *arena);

bool mvcc_writes(enum etcd_method method, const ProtobufCMessage *request);

/* A record of a bucket that is not mvcc's own; a part of the entry. */
void mvcc_keep(struct mvcc *self, enum backend_bucket bucket, struct str key, struct str value);

/* Keys in the index: those that are there, and those whose history is not compacted yet. */
size_t mvcc_key_count(const struct mvcc *self);

/* What was done since it began, whether a transaction did it or a call of its own. */
struct mvcc_counts {
    uint64_t puts;
    uint64_t put_bytes; /* keys and values */
    uint64_t deletes;   /* of ranges */
    uint64_t ranges;
    uint64_t txns;
};
const struct mvcc_counts *mvcc_counts(const struct mvcc *self);

/* ── leases, for whoever has the time ───────────────────────────────────────*/

struct mvcc_lease {
    int64_t id;
    int64_t ttl_s;
    int64_t rest_s; /* last checkpoint's; 0: none */
    uint32_t key_count;
};
bool mvcc_lease(const struct mvcc *self, int64_t id, struct mvcc_lease *lease);

/* In order of id; owned by arena. */
const struct mvcc_lease *mvcc_leases(const struct mvcc *self, struct arena *arena, size_t *count);

/* Parts of entries. Those that are not there are passed over. One with keys ends as one revision.
 */
void mvcc_lease_expire(struct mvcc *self, const int64_t *ids, size_t count);
void mvcc_lease_checkpoint(struct mvcc *self, int64_t id, int64_t rest_s);

/* ── compaction ─────────────────────────────────────────────────────────────*/

/* After a COMPACT, what nobody can read any more goes, work_max of it at a step: a revision that
 * goes is 1, and so is a key of which none goes. False: nothing is left to do, or a Range or a hash
 * that began before it holds it up. */
bool mvcc_compact_step(struct mvcc *self, unsigned work_max);
bool mvcc_is_compacting(const struct mvcc *self);

/* ── a Range in slices ──────────────────────────────────────────────────────*/

struct mvcc_range; /* of the state as it was at the begin */

/* Whether a Range may be answered so: of many keys, in their order. */
bool mvcc_range_slices(const Etcdserverpb__RangeRequest *request);
/* Errors: COMPACTED, FUTURE_REVISION. */
enum etcd_error mvcc_range_begin(struct mvcc *self, const Etcdserverpb__RangeRequest *request,
                                 struct mvcc_range **range);
/* Appends what comes next of the packed RangeResponse behind its header, as mvcc_read's would be:
 * keys, then more and count. It ends above bytes_max, or with work_max: a key that is counted is 1,
 * one that is read mvcc_range_read_work, and so is each KiB of it. False: that was all. */
enum { mvcc_range_read_work = 10 };
bool mvcc_range_step(struct mvcc_range *self, unsigned work_max, size_t bytes_max, struct buf *to);
/* It reads below what has been compacted since: compaction steps wait for its end. */
bool mvcc_range_holds(const struct mvcc_range *self);
void mvcc_range_end(struct mvcc_range **self);

/* ── HashKV in slices ───────────────────────────────────────────────────────*/

struct mvcc_hash; /* of the state as it was at the begin; a later COMPACT's steps wait for its end
                   */

/* revision 0: the current one. Errors: COMPACTED, FUTURE_REVISION. */
enum etcd_error mvcc_hash_begin(struct mvcc *self, int64_t revision, struct mvcc_hash **hash);
/* False: it is made. A record counts as one, and one more for each KiB. */
bool mvcc_hash_step(struct mvcc_hash *self, unsigned records_max);
/* compacted: what it was at the begin. Each of them may be NULL. */
void mvcc_hash_end(struct mvcc_hash **self, uint32_t *hash, int64_t *compacted);

/* ── events ─────────────────────────────────────────────────────────────────*/

/* What one change of a revision did. Borrowed until take returns. */
struct mvcc_event {
    int64_t revision;
    uint32_t sub; /* which of the revision's changes, from 0 on */
    bool deletes;
    bool creates; /* a put of a key that was not there */
    struct str key;
    struct str kv; /* mvccpb.KeyValue, packed; of a deletion: key and mod_revision */
};

/* False: it has enough. */
typedef bool mvcc_take_event_fn(void *context, const struct mvcc_event *event);

/* In order, from change `sub` of revision from on; a revision need not be taken whole. Of compacted
 * ones some are gone. The state must not change meanwhile. */
void mvcc_events(struct mvcc *self, int64_t from, uint32_t sub, mvcc_take_event_fn *take,
                 void *context);

/* What the key was before the event's revision, packed; borrowed until the turn's end. Empty:
 * nothing, or it is compacted. A put that creates has none, though the same transaction may have
 * deleted one before it. */
struct str mvcc_event_before(struct mvcc *self, const struct mvcc_event *event);

/* ── flushing ───────────────────────────────────────────────────────────────*/

size_t mvcc_unflushed_bytes(const struct mvcc *self);
uint64_t mvcc_flushed_index(const struct mvcc *self); /* of what reads of the backend see */

/* What has been applied since the last seal, for tail_flush in any thread: borrowed until
 * mvcc_flushed. NULL: nothing. */
const struct tail *mvcc_seal(struct mvcc *self);

/* The oldest sealed one is in the backend, durably; reads look for it there. Errors: the
 * backend's: then it is as if it were not flushed yet. */
enum err mvcc_flushed(struct mvcc *self);

#endif
