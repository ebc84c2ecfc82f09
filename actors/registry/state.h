/* What the files of the registry actor share. */
#ifndef ACTORS_REGISTRY_STATE_H
#define ACTORS_REGISTRY_STATE_H

#include "actors/registry/ages.h"
#include "actors/registry/decide.h"
#include "actors/registry/digest.h"
#include "actors/registry/recent.h"
#include "actors/registry/registry.h"
#include "actors/registry/storage/storage.h"
#include "actors/registry/writes.h"
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

/* What a MERGE came to. */
struct merged {
    enum err err;
    struct buf text;
    struct buf want;
    struct buf store; /* of newer */
    struct msg_list newer;
};

/* A write that was done, or had been: it is answered once the commit has said in which epoch. */
struct answer {
    struct address to;
    uint64_t id;
    uint64_t seq;
    struct merged *merged; /* owned; NULL: a RESULT */
};

/* A follower's SNAPSHOT or FACTS, in the order they came. Over questions_max: dropped, the asker
 * asks again. */
struct question {
    struct address from;
    struct msg msg; /* holds no strings */
};
enum { questions_max = 64 };

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

    struct {
        uint32_t changes;
        size_t bytes;
        uint32_t judged; /* states and heartbeats of other nodes */
        bool watched;    /* somebody subscribes to the app of one of the changes */
        struct answer *answers;
        size_t answer_count;
        size_t answer_cap;
    } turn;

    struct {
        struct question ring[questions_max];
        uint32_t first;
        uint32_t count;
    } questions;

    int64_t awake_ms;
    int64_t awake_read_ms; /* mono, when awake_ms was moved on last */
    /* We stood still for so long, and what others told us meanwhile waited in our socket: taken
     * now, it may be older by that. Until a second later; 0: it may not. */
    int64_t lag_ms;
    int64_t lag_ends_ms; /* awake */
    bool aging;          /* slots past their limit may still stand among the young */

    struct {
        uint64_t tick;
        struct buf heartbeats[SPREAD_COUNT]; /* since the last part of RENEWED */
    } renewed;

    struct {
        bool on;
        int64_t until_ms; /* mono */
        const char *reason;
        bool syncing; /* it started with nothing, and what its peers hold is not here yet */
    } protect;

    struct {
        uint32_t left; /* of the round under way */
        uint32_t next; /* place in the array of the old */
        int64_t idle_ms;
        int64_t round_awake_ms; /* when the last round was accepted; -1: none yet */
        int64_t stood_awake_ms; /* when we went on after standing still; -1: we never did */
    } evicting;

#define COUNTER_FIELD(field, name) uint64_t field;
    struct {
        REGISTRY_COUNTERS(COUNTER_FIELD)
    } counters;
#undef COUNTER_FIELD
};

/* registry.c */
/* Numbers the decision's changes, applies and appends them. Returns the last one's seq. */
uint64_t registry_take(struct registry_actor *self, uint64_t gateway, uint64_t number,
                       const struct now *now, struct outbox *out);
/* Before the sync: for what changed nothing. */
void registry_result(struct registry_actor *self, const struct address *to,
                     const struct msg *result, struct outbox *out);
/* After the sync: ERR_OK, held by seq. */
void registry_answer_later(struct registry_actor *self, const struct address *to, uint64_t id,
                           uint64_t seq);
/* After the sync: MERGED. Takes *merged over. */
void registry_merged_later(struct registry_actor *self, const struct address *to, uint64_t id,
                           struct merged **merged);

/* columns.c: ages and digests, kept in step */
/* After a change was applied. Its age_ms -1: not known, so that a new one is as if heard now, and
 * others are told that we don't know. */
void registry_track(struct registry_actor *self, const struct change *change,
                    const struct applied *applied);
/* The same of a record read back at start. */
void registry_track_restored(struct registry_actor *self, const struct change *change,
                             const struct applied *applied);
/* Lets all grow older. True: call again next turn, there may be more. */
bool registry_age(struct registry_actor *self, struct outbox *out);
/* Whether slot's live instance was heard at a time we don't know, or too long ago for another node
 * to take it in. */
bool registry_is_vague(const struct registry_actor *self, uint32_t slot);
/* A sign of life of slot's live instance so long ago, or its tombstone is so old. False: that is
 * known, or a younger one. */
bool registry_heard(struct registry_actor *self, uint32_t slot, int64_t age_ms,
                    const struct now *now);
/* Counts it for the evictor, if it is not the same sign of life once more. */
void registry_count_heartbeat(struct registry_actor *self, uint32_t slot, int64_t age_ms);

/* peers.c: what other nodes tell and ask */
actor_handle_fn on_merge, on_lookup, on_app;
void merged_destroy(struct merged **self);
/* Counts work for other nodes; a turn takes no more commands after so much. */
void registry_judged(struct registry_actor *self, size_t judged, size_t bytes, struct outbox *out);

/* compare.c: the digests */
actor_handle_fn on_digest, on_leaves, on_compare;

/* on_write.c */
actor_handle_fn on_register, on_renew, on_cancel, on_set, on_schedule;

/* removal.c: eviction and the end of tombstones, in slices */
actor_handle_fn on_evict;
void removal_step(struct registry_actor *self, const struct now *now, struct outbox *out);

/* serve.c: followers' questions, answered after the commit, a few slices a turn */
actor_handle_fn on_snapshot, on_facts;
/* Adds what is held in slot, as PUT or GONE with its true age. */
void serve_slot(const struct registry_actor *self, uint32_t slot, struct buf *store,
                struct msg_list *records);
void serve_step(struct registry_actor *self, const struct now *now, struct outbox *out);

/* ending.c: what is asked of the storage, and the end of the process */
actor_handle_fn on_kept, on_shutdown;
bool ending_may_stop(void *state, const struct now *now, struct outbox *out);
void ending_stop(void *state, const struct now *now, struct outbox *out);

/* registry.c: the storage's state, said when it changed */
void registry_follow_storage(struct registry_actor *self, struct outbox *out);

/* publish.c */
/* Whether anybody subscribes to the CHANGED of this one. */
bool publish_watched(struct registry_actor *self, const struct change *change,
                     const struct outbox *out);
void publish_turns(struct registry_actor *self, struct outbox *out);
/* One that was given age_ms ago. */
void publish_heartbeat(struct registry_actor *self, uint32_t slot, enum spread spread,
                       int64_t age_ms, const struct now *now, struct outbox *out);
/* At most 2,048. */
void publish_expiring(struct registry_actor *self, const uint32_t *slots, uint32_t count,
                      struct outbox *out);
void publish_tick(struct registry_actor *self, const struct now *now, struct outbox *out);
void publish_protect(struct registry_actor *self, const struct now *now, struct outbox *out);
void publish_storage(struct registry_actor *self, struct outbox *out);
void protect_msg(const struct registry_actor *self, const struct now *now, struct msg *msg);
/* store: what msg borrows. */
void storage_msg(const struct registry_actor *self, struct buf *store, struct msg *msg);

#endif
