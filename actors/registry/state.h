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
#include "actors/registry/sender_clocks.h"
#include "actors/registry/storage/storage.h"
#include "actors/registry/take.h"
#include "actors/registry/write_ids.h"
#include "common/base/awake.h"
#include "common/base/prng.h"
#include "common/naming/convert.h"

/* One row a counter: field, and METRIC_REGISTRY_… */
// clang-format off
#define REGISTRY_COUNTERS(X)    \
    X(refused,          REFUSED)         \
    X(expired,          EXPIRED)         \
    X(repeated,         REPEATED)        \
    X(changes,          CHANGES)         \
    X(heartbeats,       HEARTBEATS)      \
    X(expiring,         EXPIRING)        \
    X(merged,           MERGED)          \
    X(malformed,        MALFORMED)       \
    X(forgotten,        FORGOTTEN)       \
    X(snapshots_served, CHUNKS)          \
    X(facts_served,     HISTORY_ANSWERS) \
    X(ahead,            STAMPS_AHEAD)

/* The same of METRIC_REGISTRY_COMMANDS: field, and which command. */
#define REGISTRY_COMMANDS(X)    \
    X(registers, "register")    \
    X(renews,    "renew")       \
    X(cancels,   "cancel")      \
    X(sets,      "set")         \
    X(schedules, "schedule")    \
    X(merges,    "merge")       \
    X(lookups,   "lookup")

/* … of METRIC_REGISTRY_EVICTIONS: field, and why. */
#define REGISTRY_EVICTIONS(X)         \
    X(evicted_idle,       "idle")     \
    X(evicted_at_ceiling, "ceiling")
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
    struct sender_clocks sender_clocks;
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

#define COUNTER_FIELD(field, row) uint64_t field;
    struct {
        REGISTRY_COUNTERS(COUNTER_FIELD)
        REGISTRY_COMMANDS(COUNTER_FIELD)
        REGISTRY_EVICTIONS(COUNTER_FIELD)
    } counters;
#undef COUNTER_FIELD
};

#endif
