/* The registry actor, composed of its parts. */
#ifndef ACTORS_REGISTRY_STATE_H
#define ACTORS_REGISTRY_STATE_H

#include "actors/registry/ages.h"
#include "actors/registry/answers.h"
#include "actors/registry/backlog.h"
#include "actors/registry/decide.h"
#include "actors/registry/digest.h"
#include "actors/registry/evicted.h"
#include "actors/registry/eviction.h"
#include "actors/registry/protection.h"
#include "actors/registry/questions.h"
#include "actors/registry/registry.h"
#include "actors/registry/renewed.h"
#include "actors/registry/storage/storage.h"
#include "actors/registry/take.h"
#include "actors/registry/write_ids.h"
#include "common/base/awake.h"
#include "common/base/prng.h"
#include "common/naming/convert.h"

/* One row a counter: field, and its name in STATS and metrics. */
// clang-format off
#define REGISTRY_COUNTERS(X)       \
    X(registers,  "register_total")   \
    X(renews,     "renew_total")      \
    X(cancels,    "cancel_total")     \
    X(sets,       "set_total")        \
    X(schedules,  "schedule_total")   \
    X(refused,    "refused_total")    \
    X(expired,    "expired_total")    \
    X(repeated,   "repeated_total")   \
    X(changes,    "changes_total")    \
    X(heartbeats, "heartbeats_total") \
    X(evicted,    "evicted_total")    \
    X(expiring,   "expiring_total")   \
    X(merges,     "merge_total")      \
    X(merged,     "merged_states_total") \
    X(malformed,  "merge_refused_total") \
    X(lookups,    "lookup_total")     \
    X(forgotten,  "forgotten_total")  \
    X(snapshots_served, "snapshot_chunks_served_total") \
    X(facts_served,     "facts_served_total") \
    X(ahead,            "stamps_ahead_total")
// clang-format on

struct registry_actor {
    const struct config *config;
    struct log *log;
    struct prng prng;
    struct rules rules;
    struct hash128 own_key; /* of this node's infra.discovery instance: never evicted */

    struct registry *registry;
    struct storage *storage;
    struct backlog backlog;
    struct write_ids *write_ids;
    int64_t writes_from;     /* wall ns: those decided before it are not known by their ids */
    struct ages *heartbeats; /* of live instances, against the idle limit */
    struct ages *tombstones; /* against the end of their life: */
    int64_t tombstone_ms;
    struct digest *digest; /* of what is not idle, and of tombstones up to half their life */
    int64_t started_ns;    /* wall */
    struct position at;
    uint64_t published; /* the last seq that followers were sent */
    bool storage_ok;    /* as last published */
    bool damaged;       /* the same: damage has cost what nobody has dealt with yet */
    int64_t linger_ms;  /* mono, when this process ends though changes are in memory only; 0: it is
                           not told to end */
    struct decision decision;
    struct buf body;  /* one command's records */
    struct buf topic; /* of a CHANGED */

    struct taken taken; /* in the turn under way */
    struct answers answers;
    struct questions questions;
    struct awake awake;
    bool aging; /* slots past their limit may still stand among the young */
    struct renewed renewed;
    struct protection protection;
    struct eviction eviction;
    struct evicted evicted; /* in the round under way */

#define COUNTER_FIELD(field, name) uint64_t field;
    struct {
        REGISTRY_COUNTERS(COUNTER_FIELD)
    } counters;
#undef COUNTER_FIELD
};

#endif
