/* Instances whose heartbeats get old here: other nodes are asked when they heard them last, and the
 * youngest age counts (last_heard.c). */
#ifndef ACTORS_REPLICATOR_LAST_HEARD_H
#define ACTORS_REPLICATOR_LAST_HEARD_H

#include "actors/replicator/ask.h"

/* keys: of EXPIRING; asked about with the next step. */
void last_heard_to_ask(struct replicator *self, struct str keys);
void last_heard_step(struct replicator *self, const struct now *now, struct outbox *out);
ask_answered_fn last_heard_on_found;

#endif
