/* Who takes the answer to which question. */
#ifndef ACTORS_REPLICATOR_ANSWERED_H
#define ACTORS_REPLICATOR_ANSWERED_H

#include "actors/replicator/ask.h"

/* Hands the answer to whoever asked; NULL: none will come. Frees what ask holds. */
void replicator_answered(struct replicator *self, struct ask *ask, const struct msg *answer,
                         const struct now *now, struct outbox *out);
/* The same, with NULL, for every question whose time is over. */
void replicator_overdue(struct replicator *self, const struct now *now, struct outbox *out);

#endif
