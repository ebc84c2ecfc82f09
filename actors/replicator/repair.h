/* The walk down the digests of one muster node, when their roots differ: what wins over ours is
 * fetched from it. The other does the same the other way.
 *
 *   IDLE ──roots differ for 2 ticks, or when the link comes up──► BRANCHES
 *   BRANCHES ──64 sums of both──► LEAVES ──sums of the leaves of those that differ, of both──►
 *   ENTRIES ──64 leaves' entries, theirs, or a piece of one──► COMPARE ──keys that win over ours──►
 *   LOOKUP ──their states──► MERGE ──more keys──► LOOKUP, ──more of them──► COMPARE,
 *     ──more leaves, or the same one's rest──► ENTRIES, ──► IDLE
 *
 * An answer that does not come, the link's loss, and whatever is not as it should be end it; the
 * next one begins after two more ticks. Leaves that changed in the last moments are left out, what
 * differs there is under way; after 30 s of difference they are not. One that is cut twice at the
 * same place is said in the log: what is behind it may never be fetched.
 */
#ifndef ACTORS_REPLICATOR_REPAIR_H
#define ACTORS_REPLICATOR_REPAIR_H

#include "actors/replicator/asks.h"
#include "actors/replicator/replicator.h"

enum walk_state {
    WALK_IDLE,
    WALK_BRANCHES,
    WALK_LEAVES,
    WALK_ENTRIES,
    WALK_COMPARE,
    WALK_LOOKUP,
    WALK_MERGE,
    WALK_STATE_COUNT
};

struct sums {
    bool in;
    struct buf sums;
    struct buf moving;
};

struct walk {
    enum walk_state state;
    uint64_t round;   /* of this walk and step: an answer to an earlier one is late */
    unsigned differs; /* ticks in a row that the roots do */
    int64_t since_ms; /* mono, since when they do */
    bool all;         /* also leaves that are moving */
    struct sums mine;
    struct sums theirs;
    struct buf branches; /* asked for; empty: the branches themselves */
    struct buf leaves;   /* that differ, two bytes each */
    size_t leaves_at;
    uint64_t leaf_cursor; /* where the leaf there goes on; 0: at its beginning */
    unsigned pieces;      /* of that leaf so far */
    struct buf entries;   /* theirs, still to be compared from entries_at on */
    size_t entries_at;
    struct buf keys; /* of what wins over ours */
    size_t keys_at;
    uint64_t pulled;
    uint32_t cut_at; /* place of the last one that was cut; 0: none was since one went through */
    bool cut_said;
};

/* The registry's tick: do the roots still differ? */
void repair_beat(struct replicator *self, struct peer *peer, const struct now *now,
                 struct outbox *out);
/* At the last tick they were the same. */
bool repair_is_equal(const struct replicator *self, const struct peer *peer);
/* The link is up: at once, if they do. */
void repair_up(struct replicator *self, struct peer *peer, const struct now *now,
               struct outbox *out);
/* The link is down. */
void repair_stop(struct replicator *self, struct peer *peer, const struct now *now);
void repair_fini(struct walk *self);

#endif
