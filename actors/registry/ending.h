/* What is asked of the storage, and the end of the process. */
#ifndef ACTORS_REGISTRY_ENDING_H
#define ACTORS_REGISTRY_ENDING_H

#include "common/runtime/actor.h"

struct registry_actor;

/* Whatever the disk's state has become: an epoch of its own, and said when it changed. */
void registry_follow_storage(struct registry_actor *self, struct outbox *out);

actor_handle_fn on_kept, on_shutdown;
bool ending_may_stop(void *state, const struct now *now, struct outbox *out);
void ending_stop(void *state, const struct now *now, struct outbox *out);

#endif
