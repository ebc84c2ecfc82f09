/* The facts of the registry. */
#ifndef ACTORS_REGISTRY_PUBLISH_H
#define ACTORS_REGISTRY_PUBLISH_H

#include "common/naming/change.h"
#include "common/runtime/actor.h"

struct registry_actor;

/* Whether anybody subscribes to the CHANGED of this one. */
bool publish_watched(struct registry_actor *self, const struct change *change,
                     const struct outbox *out);
/* The changes since the last call, as TURNs, and as CHANGED where somebody subscribes. */
void publish_turns(struct registry_actor *self, struct outbox *out);
/* Notes for the next RENEWED that slot's instance gave a sign of life age_ms ago; when there are
 * too many for one, a part leaves at once. */
void publish_heartbeat(struct registry_actor *self, uint32_t slot, enum spread spread,
                       int64_t age_ms, const struct now *now, struct outbox *out);
/* EXPIRING of these, at most 2,048. */
void publish_expiring(struct registry_actor *self, const uint32_t *slots, uint32_t count,
                      struct outbox *out);
/* The tick's RENEWED. */
void publish_tick(struct registry_actor *self, const struct now *now, struct outbox *out);
void publish_protect(struct registry_actor *self, const struct now *now, struct outbox *out);
void publish_storage(struct registry_actor *self, struct outbox *out);
/* Each fills in the standing fact as it is now. */
void protect_msg(const struct registry_actor *self, const struct now *now, struct msg *msg);
/* store: keeps what msg borrows. */
void storage_msg(const struct registry_actor *self, struct buf *store, struct msg *msg);

#endif
