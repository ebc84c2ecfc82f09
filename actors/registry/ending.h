/* Whether what is held is on disk: what people ask of it (KEPT), and the end of the process, which
 * waits where changes would be lost with it. */
#ifndef ACTORS_REGISTRY_ENDING_H
#define ACTORS_REGISTRY_ENDING_H

#include "common/runtime/actor.h"

struct registry_actor;

/* Takes on the epoch that the storage is in, and publishes STORAGE when its state has changed. */
void registry_follow_storage(struct registry_actor *self, struct outbox *out);

actor_handle_fn on_kept, on_shutdown;
/* Both as in struct actor_spec. A signal ends the process at once if all is on disk, or a last try
 * gets it there; else only after peers were told of the changes for a while. */
bool ending_may_stop(void *state, const struct now *now, struct outbox *out);
void ending_stop(void *state, const struct now *now, struct outbox *out);

#endif
