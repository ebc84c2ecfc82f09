/* What who watches asks of the store. */
#ifndef ACTORS_STORE_WATCH_H
#define ACTORS_STORE_WATCH_H

#include "actors/store/store_state.h"

/* Handlers of WATCH, WATCHING, READ_EVENTS. */
void store_watch(void *state, const struct address *from, const struct msg *msg,
                 const struct now *now, struct outbox *out);
void store_watching(void *state, const struct address *from, const struct msg *msg,
                    const struct now *now, struct outbox *out);
void store_read_events(void *state, const struct address *from, const struct msg *msg,
                       const struct now *now, struct outbox *out);

#endif
