/* Entries that the leader's store proposes by itself: leases whose time is over, what is left of
 * long ones, compactions. One of each kind at a time.
 */
#ifndef ACTORS_STORE_UPKEEP_H
#define ACTORS_STORE_UPKEEP_H

#include "actors/store/node/node.h"
#include "common/base/clock.h"

struct store;

void upkeep_turn(struct store *self,
                 const struct now *now);         /* at a turn's end, before the node's */
int64_t upkeep_due_ms(const struct store *self); /* awake; INT64_MAX: nothing is to come */
void upkeep_tick(struct store *self, const struct now *now);

/* False: it is the answer to somebody else. */
bool upkeep_answered(struct store *self, const struct raft_answer *answer);

#endif
