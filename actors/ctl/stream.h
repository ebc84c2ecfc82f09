/* A stream of events over reconnects: from the position reached on, so that nothing is missed or
 * told twice where the server can go on from there.
 */
#ifndef ACTORS_CTL_STREAM_H
#define ACTORS_CTL_STREAM_H

#include "actors/ctl/http.h"
#include "actors/ctl/sse.h"

struct stream {
    struct ctl *ctl;
    const char *path;
    const struct buf *query; /* borrowed */
    void (*on_event)(void *state, const struct sse_event *event);
    void *state;
    int64_t lines_left; /* on_event counts down; 0 ends it */
    struct sse sse;     /* of stream_follow, as what follows */
    bool too_large;
};

/* Until it is interrupted, which is CTL_OK, or lines_left is 0. Else as http_follow, said. */
enum ctl_exit stream_follow(struct stream *self);

#endif
