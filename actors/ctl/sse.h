/* Server-Sent Events, as they come in pieces of any size: lines end in LF, CRLF or
 * CR; an empty line ends an event; "id" stays until the next one is given; comments
 * and unknown fields are passed over. */
#ifndef ACTORS_CTL_SSE_H
#define ACTORS_CTL_SSE_H

#include <stdbool.h>

#include "common/base/str.h"

enum { sse_bytes_max = 64 * 1024 * 1024 };

/* Borrowed until the call returns. */
struct sse_event {
    struct str type; /* "message" when not given */
    struct str data; /* its lines, joined by LF */
    struct str id;   /* of the last event that had one */
};

typedef void sse_event_fn(void *state, const struct sse_event *event);

struct sse {
    struct buf line;
    struct buf type;
    struct buf data;
    struct buf id;
    struct buf next_id; /* of the event being read: in force only when it is whole */
    int64_t retry_ms;   /* as the server asked; -1: it did not */
    bool after_cr;
    bool has_data;
    bool has_id;
};

void sse_init(struct sse *self);
void sse_fini(struct sse *self);
/* A new connection begins: what was half read is dropped, the id stays. */
void sse_restart(struct sse *self);
/* Errors: ERR_TOO_LARGE: an event over sse_bytes_max; the stream is of no further use. */
enum err sse_feed(struct sse *self, struct str bytes, sse_event_fn *on_event, void *state);

#endif
