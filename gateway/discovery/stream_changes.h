/* What a stream has missed: the changes behind its position, in order, or where the history does
 * not hold them or they are too many, the full state of its apps again.
 */
#ifndef GATEWAY_DISCOVERY_STREAM_CHANGES_H
#define GATEWAY_DISCOVERY_STREAM_CHANGES_H

#include "gateway/discovery/stream_state.h"

/* Writes a slice of them. */
void stream_add_changes(struct stream *self);
/* The full states of all its apps are to come next. */
void stream_begin_full(struct stream *self);

#endif
