/* What the files of the registry actor share. */
#ifndef ACTORS_REGISTRY_STATE_H
#define ACTORS_REGISTRY_STATE_H

#include "actors/registry/ages.h"
#include "actors/registry/decide.h"
#include "actors/registry/recent.h"
#include "actors/registry/registry.h"
#include "actors/registry/storage.h"
#include "actors/registry/writes.h"
#include "common/base/prng.h"
#include "common/wire/convert.h"

/* One row a counter: field, and its name in STATS and metrics. */
// clang-format off
#define REGISTRY_COUNTERS(X)       \
    X(registers,  "register_total")   \
    X(renews,     "renew_total")      \
    X(cancels,    "cancel_total")     \
    X(sets,       "set_total")        \
    X(refused,    "refused_total")    \
    X(expired,    "expired_total")    \
    X(repeated,   "repeated_total")   \
    X(changes,    "changes_total")    \
    X(heartbeats, "heartbeats_total") \
    X(evicted,    "evicted_total")    \
    X(forgotten,  "forgotten_total")  \
    X(snapshots_served, "snapshot_chunks_served_total") \
    X(facts_served,     "facts_served_total")
// clang-format on

struct registry_actor {
    const struct config *config;
    struct log *log;
    struct prng prng;
    struct rules rules;
    struct hash128 own_key; /* of this node's infra.discovery instance: never evicted */

    struct registry *registry;
    struct storage *storage;
    struct recent recent;
    struct writes *writes;
    struct ages *heartbeats; /* of live instances, against the idle limit */
    struct ages *tombstones; /* against the end of their life */
    struct position at;
    uint64_t published; /* the last seq that followers were sent */
    bool storage_ok;    /* as last published */
    struct decision decision;
    struct buf body; /* one command's records */

    int64_t awake_ms;
    int64_t awake_read_ms; /* mono, when awake_ms was moved on last; -1: never */

    struct {
        uint64_t tick;
        struct buf heartbeats[SPREAD_COUNT]; /* since the last part of RENEWED */
    } renewed;

    struct {
        bool on;
        int64_t until_ms; /* mono */
        const char *reason;
    } protect;

    struct {
        uint32_t left; /* of the round under way */
        uint32_t next; /* place in the array of the old */
        int64_t idle_ms;
        int64_t round_awake_ms; /* when the last round was accepted; -1: none yet */
    } evicting;

#define COUNTER_FIELD(field, name) uint64_t field;
    struct {
        REGISTRY_COUNTERS(COUNTER_FIELD)
    } counters;
#undef COUNTER_FIELD
};

/* registry.c */
int64_t registry_awake(struct registry_actor *self, const struct now *now);
/* Numbers the decision's changes, applies and appends them. Returns the last one's seq. */
uint64_t registry_take(struct registry_actor *self, uint64_t gateway, uint64_t number,
                       const struct now *now, struct outbox *out);
void registry_result(struct registry_actor *self, enum outbox_lane lane, const struct address *to,
                     const struct msg *result, struct outbox *out);

/* on_write.c */
actor_handle_fn on_register, on_renew, on_cancel, on_set;

/* removal.c: eviction and the end of tombstones, in slices */
actor_handle_fn on_evict;
void removal_step(struct registry_actor *self, const struct now *now, struct outbox *out);

/* serve.c: followers' questions */
actor_handle_fn on_snapshot, on_facts;

/* publish.c */
void publish_changed(const struct change *change, const struct position *at, struct outbox *out);
void publish_turns(struct registry_actor *self, struct outbox *out);
void publish_heartbeat(struct registry_actor *self, uint32_t slot, enum spread spread,
                       int64_t renew_timestamp, struct outbox *out);
void publish_tick(struct registry_actor *self, struct outbox *out);
void publish_protect(struct registry_actor *self, const struct now *now, struct outbox *out);
void publish_storage(struct registry_actor *self, struct outbox *out);
void protect_msg(const struct registry_actor *self, const struct now *now, struct msg *msg);
void storage_msg(const struct registry_actor *self, struct msg *msg);

#endif
