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

#include "actors/replicator/ask.h"

/* The registry's tick: do the roots still differ? */
void repair_tick(struct replicator *self, struct peer *peer, const struct now *now,
                 struct outbox *out);
/* They hold the same, as far as is known: at the last tick, or when what lay still was compared
 * last. */
bool repair_is_equal(const struct replicator *self, const struct peer *peer);
/* The link is up: at once, if they do. */
void repair_up(struct replicator *self, struct peer *peer, const struct now *now,
               struct outbox *out);
/* The link is down. */
void repair_stop(struct replicator *self, struct peer *peer, const struct now *now);

ask_answered_fn repair_on_mine, repair_on_theirs, repair_on_entries, repair_on_wanted,
    repair_on_found, repair_on_merged;

#endif
