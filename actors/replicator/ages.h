/* Whose heartbeats get old here: others are asked when they heard them last. */
#ifndef ACTORS_REPLICATOR_AGES_H
#define ACTORS_REPLICATOR_AGES_H

#include "actors/replicator/asking.h"

void ages_to_ask(struct replicator *self, struct str keys);
void ages_step(struct replicator *self, const struct now *now, struct outbox *out);
ask_answered_fn ages_on_found;

#endif
