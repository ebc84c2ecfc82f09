/* How an instance or a schedule stood before a change and after it, as events tell it. */
#ifndef GATEWAY_OPERATE_EVENT_STATE_H
#define GATEWAY_OPERATE_EVENT_STATE_H

#include "common/naming/instance.h"

/* "key":{status, …}: of an instance what differs from other, its status always; all of it where
 * other is NULL, without metadata. NULL: null. Bounded: what is long is left out. */
void event_state_add(struct buf *to, const char *key, const struct instance *instance,
                     const struct instance *other);

/* "key":{weights, remark} or null. */
void event_schedule_add(struct buf *to, const char *key, const struct instance *schedule);

#endif
