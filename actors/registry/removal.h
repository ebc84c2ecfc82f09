/* Eviction and the end of tombstones, in slices. */
#ifndef ACTORS_REGISTRY_REMOVAL_H
#define ACTORS_REGISTRY_REMOVAL_H

#include "common/runtime/actor.h"

struct registry_actor;

actor_handle_fn on_evict;
/* Removes some, once a turn; asks for another turn while more are to go. */
void removal_step(struct registry_actor *self, const struct now *now, struct outbox *out);

#endif
