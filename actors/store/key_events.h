/* What happens to keys, for people and scripts: KEY_EVENT, of each key on a topic of its own, while
 * somebody subscribes to it. Who can't keep up misses some. */
#ifndef ACTORS_STORE_KEY_EVENTS_H
#define ACTORS_STORE_KEY_EVENTS_H

#include "common/runtime/outbox.h"

struct store;

/* True: there is more to tell. */
bool key_events_turn(struct store *self, struct outbox *out);

#endif
