/* Whose heartbeats get old here: others are asked when they heard them last. */
#ifndef ACTORS_REPLICATOR_LAST_HEARD_H
#define ACTORS_REPLICATOR_LAST_HEARD_H

#include "actors/replicator/ask.h"

void last_heard_to_ask(struct replicator *self, struct str keys);
void last_heard_step(struct replicator *self, const struct now *now, struct outbox *out);
ask_answered_fn last_heard_on_found;

#endif
