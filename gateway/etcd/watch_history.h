/* Those who lag: they get what they have missed from the facts that are kept, or read it from the
 * store, several at a time in one read. */
#ifndef GATEWAY_ETCD_WATCH_HISTORY_H
#define GATEWAY_ETCD_WATCH_HISTORY_H

#include "gateway/etcd/watch_parts.h"

/* The position does not move meanwhile. */
void watch_history_turn(struct watches *self);
void watch_history_read(struct watches *self, struct watch_read *read,
                        const struct msg_events_read *answer);
/* What was asked for does not come: the store's run is another. */
void watch_history_forget(struct watches *self);

#endif
