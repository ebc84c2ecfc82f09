/* What waits to be posted to a peer: its two queues as one, bounded. */
#ifndef ACTORS_REPLICATOR_POSTS_QUEUE_H
#define ACTORS_REPLICATOR_POSTS_QUEUE_H

#include "actors/replicator/posts_state.h"

/* Copies the record. Makes room for it; if all had to go for that, the owner is told. */
void posts_add(struct posts *self, uint32_t number, enum post_work work, const struct msg *record,
               const struct identity *id);
/* The oldest that may go: nothing of its instance is under way, and it is no cancel that has waited
 * too long, which is thrown away. The caller frees it. NULL: none among the first. */
struct queued *posts_take(struct posts *self, uint32_t number);
/* Throws away all that is in one of a peer's queues. */
void posts_drop(struct posts *self, struct queue *queue);

#endif
