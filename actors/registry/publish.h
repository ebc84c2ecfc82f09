/* The facts of the registry. */
#ifndef ACTORS_REGISTRY_PUBLISH_H
#define ACTORS_REGISTRY_PUBLISH_H

#include "common/naming/change.h"
#include "common/runtime/actor.h"

struct registry_actor;

/* Whether anybody subscribes to the CHANGED of this one. */
bool publish_watched(struct registry_actor *self, const struct change *change,
                     const struct outbox *out);
void publish_turns(struct registry_actor *self, struct outbox *out);
/* One that was given age_ms ago. */
void publish_heartbeat(struct registry_actor *self, uint32_t slot, enum spread spread,
                       int64_t age_ms, const struct now *now, struct outbox *out);
/* At most 2,048. */
void publish_expiring(struct registry_actor *self, const uint32_t *slots, uint32_t count,
                      struct outbox *out);
void publish_tick(struct registry_actor *self, const struct now *now, struct outbox *out);
void publish_protect(struct registry_actor *self, const struct now *now, struct outbox *out);
void publish_storage(struct registry_actor *self, struct outbox *out);
void protect_msg(const struct registry_actor *self, const struct now *now, struct msg *msg);
/* store: what msg borrows. */
void storage_msg(const struct registry_actor *self, struct buf *store, struct msg *msg);

#endif
