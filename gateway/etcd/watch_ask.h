/* Questions to the store. None goes out while it is not there, or is another run than is asked. */
#ifndef GATEWAY_ETCD_WATCH_ASK_H
#define GATEWAY_ETCD_WATCH_ASK_H

#include "gateway/etcd/watch_parts.h"

bool watch_can_ask(const struct watches *self);

/* READ_EVENTS from where read stands: of its groups' keys; of all keys if it is the gap's. False:
 * it could not be sent. */
bool watch_ask_read(struct watches *self, struct watch_read *read);
/* The read whose answer this is; NULL: nobody's. */
struct watch_read *watch_read_of(struct watches *self, uint64_t id);

/* WATCH, of what waits. */
void watch_ask_ops(struct watches *self);
/* All are to be asked, again: whom they were asked is no more. */
void watch_ask_all_again(struct watches *self);

/* WATCHING, if somebody does and it is time. */
void watch_tell_interest(struct watches *self);
/* Somebody watches, or asks to. */
static inline bool watch_is_of_interest(const struct watches *self)
{
    return self->counts.watchers > 0 || self->op_count > 0;
}

#endif
