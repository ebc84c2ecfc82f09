/* The store: one member of a replicated key-value store with etcd's semantics. Pure: time, disk and
 * messages come in, answers go out by the outbox.
 *
 *   in    CALL
 *   out   ANSWERED
 *
 *   CALL ──judged (shape)──► write ──► raft_node ──log synced──► applied ──► ANSWERED
 *                      └──► read ──► leadership confirmed ──► read ──► ANSWERED
 *                      └──► serializable read ──► ANSWERED
 *
 * A turn's writes are packed into entries and synced once; its reads share one confirmation.
 * What is applied becomes durable in the backend in its own time (flush_ms, flush_bytes).
 */
#ifndef ACTORS_STORE_STORE_H
#define ACTORS_STORE_STORE_H

#include "actors/store/keyspace.h"
#include "actors/store/mvcc/shape.h"
#include "actors/store/node/node.h"
#include "common/runtime/actor.h"

struct store;

struct store_options {
    uint64_t cluster_id;
    uint64_t member_id;
    const char *member_name; /* for MemberList; borrowed, as the next two */
    const char *client_url;
    const char *version; /* etcd's, as clients are told */
    uint64_t boot;       /* random, of this run */
    int election_ms;
    int heartbeat_ms;
    struct shape_limits limits;
    int64_t flush_ms;
    size_t flush_bytes;
    struct prng *prng;     /* borrowed */
    const struct log *log; /* borrowed, may be NULL */
};

/* Takes backend, also on error, and what was found in the log as raft_node_new does; disk_log is
 * borrowed and outlives it.
 * Errors, said on the log: as keyspace_init and raft_node_new. */
enum err store_new(struct store **self, const struct store_options *options,
                   struct backend **backend, struct disk_log *disk_log,
                   struct disk_log_found *found, const struct now *now);
/* Flushes what can be. */
void store_destroy(struct store **self);

extern const struct actor_spec store_spec; /* of a struct store */

/* An error after which it must not go on; ERR_OK: it is sound. */
enum err store_failed(const struct store *self);

#endif
