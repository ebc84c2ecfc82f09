/* The store: one member of a replicated key-value store with etcd's semantics. Pure: time, disk and
 * messages come in, answers go out by the outbox.
 *
 *   in    CALL, PART_TAKEN, WATCH, WATCHING, READ_EVENTS
 *   out   ANSWERED, WATCHED, EVENTS_READ
 *   facts EVENTS, REVISION, LEADER, KEY_EVENT
 *
 *   CALL ──judged (shape)──► write ──► raft_node ──log synced──► applied ──► ANSWERED
 *                      └──► read ──► leadership confirmed ──► read ──► ANSWERED
 *                      └──► serializable read ──► ANSWERED
 *
 * A turn's writes are packed into entries and synced once; its reads share one confirmation.
 * What a turn has applied is told in facts that leave behind its answers (facts.h).
 * What is applied becomes durable in the backend in its own time (flush_ms, flush_bytes).
 */
#ifndef ACTORS_STORE_STORE_H
#define ACTORS_STORE_STORE_H

#include "actors/store/compactor.h"
#include "actors/store/keyspace.h"
#include "actors/store/mvcc/shape.h"
#include "actors/store/node/node.h"
#include "common/runtime/actor.h"

struct store;

struct store_options {
    uint64_t cluster_id;
    uint64_t member_id;
    const char *member_name; /* for MemberList, as the next three; borrowed */
    const char *client_url;
    char *const *peer_urls; /* borrowed */
    size_t peer_url_count;
    const char *version; /* etcd's, as clients are told */
    uint64_t boot;       /* random, of this run */
    int election_ms;
    int heartbeat_ms;
    struct shape_limits limits;
    int64_t flush_ms;
    size_t flush_bytes;
    const struct clock *flush_clock; /* of a thread that writes the backend; NULL: the turn does */
    int64_t lease_checkpoint_ms; /* how often what is left of long leases is written down; etcd: 5
                                    min; 0: never */
    enum compaction_mode compaction_mode;
    int64_t compaction_retention; /* ms, or how many revisions */
    int64_t quota_bytes;          /* as Status tells it; 0: it does not */
    struct prng *prng;            /* borrowed */
    const struct log *log;        /* borrowed, may be NULL */
};

/* Reads back what backend holds, which it takes, also on error. Serves once it is started.
 * Errors, said on the log: as keyspace_init. */
enum err store_new(struct store **self, const struct store_options *options,
                   struct backend **backend, const struct now *now);
/* Takes what was found in the log as raft_node_new does; disk_log is borrowed and outlives the
 * store. Errors, said on the log: as raft_node_new; then it can only be destroyed. */
enum err store_start(struct store *self, struct disk_log *disk_log, struct disk_log_found *found,
                     const struct now *now);
/* Tells the loop that a flush is done; fd -1: there is no thread. */
struct actor_guest store_guest(struct store *self);
/* Flushes what can be. */
void store_destroy(struct store **self);

extern const struct actor_spec store_spec; /* of a struct store */

/* The least time to live that a lease is given: one and a half elections, in whole seconds. */
int64_t store_lease_ttl_min_s(const struct store_options *options);

/* What store_new has read back. */
struct store_found {
    uint64_t index, term; /* of the last entry in it */
    int64_t revision;
    int64_t compacted;     /* -1: never */
    uint64_t record_count; /* all of them read, their checksums right and their sum too */
};
struct store_found store_found(const struct store *self);

/* An error after which it must not go on; ERR_OK: it is sound. */
enum err store_failed(const struct store *self);

#endif
