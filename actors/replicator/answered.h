/* Who takes the answer to which question. */
#ifndef ACTORS_REPLICATOR_ANSWERED_H
#define ACTORS_REPLICATOR_ANSWERED_H

#include "actors/replicator/ask.h"

/* Whoever asked is told; answer NULL: there is none. Frees what ask holds. */
void replicator_answered(struct replicator *self, struct ask *ask, const struct msg *answer,
                         const struct now *now, struct outbox *out);
void replicator_overdue(struct replicator *self, const struct now *now, struct outbox *out);

#endif
