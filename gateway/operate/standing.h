/* How the node stands: what was told of it, what the last round of questions found, and what that
 * comes to (verdict.h), with the time since when each check is as it is. */
#ifndef GATEWAY_OPERATE_STANDING_H
#define GATEWAY_OPERATE_STANDING_H

#include "gateway/bus/round.h"
#include "gateway/operate/state.h"

/* Adds up what a round has found. */
void sums_take(struct operate *self, const struct round *round, const struct now *now);

/* Fills standing and judges anew. */
void standing_judge(struct operate *self, struct operate_standing *standing, const struct now *now);

#endif
