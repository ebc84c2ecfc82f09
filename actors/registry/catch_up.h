/* Followers' questions, answered after the commit, a few slices a turn. */
#ifndef ACTORS_REGISTRY_CATCH_UP_H
#define ACTORS_REGISTRY_CATCH_UP_H

#include "common/runtime/actor.h"

struct registry_actor;

actor_handle_fn on_snapshot, on_facts;
/* Adds what is held in slot, as PUT or GONE with its true age. */
void catch_up_add_slot(const struct registry_actor *self, uint32_t slot, struct buf *store,
                       struct msg_list *records);
/* Answers some of the questions that wait; asks for another turn while more do. */
void catch_up_step(struct registry_actor *self, const struct now *now, struct outbox *out);

#endif
