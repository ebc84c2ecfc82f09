/* What the replicator says of the nodes it knows: asked for when somebody wants to see them. */
#ifndef GATEWAY_OPERATE_ROSTER_H
#define GATEWAY_OPERATE_ROSTER_H

#include "common/wire/codec.h"
#include "gateway/operate/state.h"

struct roster;

struct roster *roster_new(void);
/* Nobody who waits is told. */
void roster_destroy(struct roster **self);

/* The replicator's answer; one that nobody waits for is ignored. */
void roster_answer(struct operate *operate, const struct msg_node_list *list,
                   const struct now *now);
/* Answers from what is known when the replicator has not. */
void roster_turn(struct operate *operate, const struct now *now);
int64_t roster_due_ms(const struct roster *self);

#endif
