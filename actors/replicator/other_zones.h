/* Of each other zone one node is a peer, drawn at random and kept for as long as it is good: it
 * passes on to its own zone what it is told. */
#ifndef ACTORS_REPLICATOR_OTHER_ZONES_H
#define ACTORS_REPLICATOR_OTHER_ZONES_H

#include "actors/replicator/peers.h"
#include "common/base/clock.h"

struct replicator;

/* Draws where none is chosen, or the chosen one was lost, or a better one is there. */
void other_zones_choose(struct replicator *self, const struct now *now);
/* Whether a better one than a chosen one is there (again). */
bool other_zones_has_better(struct replicator *self, const struct now *now);

#endif
