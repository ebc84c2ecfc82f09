/* The text of a stream's events (stream.h). id: where a client may resume after this one; NULL:
 * nowhere.
 */
#ifndef GATEWAY_DISCOVERY_STREAM_EVENTS_H
#define GATEWAY_DISCOVERY_STREAM_EVENTS_H

#include "gateway/discovery/stream_state.h"

/* The full state of the next app; a document of the cache is sent as it is. */
void stream_add_full(struct stream *self);
void stream_add_gone(struct stream *self, const struct stream_app *app,
                     const struct position_at *id);
/* Nothing if a later change of the same instance follows. */
void stream_add_change(struct stream *self, const struct stream_app *app,
                       const struct delta_item *item);

/* Notes work done for the stream's request. */
void stream_cost(const struct stream *self, size_t looked_at);

#endif
