/* What the files of the streams share. */
#ifndef GATEWAY_DISCOVERY_STREAM_STATE_H
#define GATEWAY_DISCOVERY_STREAM_STATE_H

#include "common/base/deadlines.h"
#include "gateway/discovery/app_query.h"
#include "gateway/discovery/delta.h"
#include "gateway/discovery/replica.h"
#include "gateway/discovery/stream.h"
#include "gateway/discovery/watch.h"

struct stream_app {
    struct str appid;
    uint64_t app_hash;
};

struct stream {
    struct parked parked; /* first: the request's user */
    struct watcher watcher;
    struct deadline ping;
    struct streams *streams;
    struct request *request; /* NULL: its client has gone, end() will follow */
    struct position_at at;   /* everything up to it is written */
    uint32_t next_full;      /* app whose full state comes next; app_count: none */
    bool waiting;
    bool ping_due;
    size_t bytes; /* of this struct and what stands behind it */

    /* What is to be sent: text, then a shared document's slice, then its end. */
    struct buf text;
    size_t text_at;
    struct response *body; /* counted; NULL: none */
    struct str slice;      /* of body, what is left */

    struct app_query query;
    uint32_t app_count;
    struct stream_app *apps;
    struct watch_node *nodes;
};

struct streams {
    struct replica *replica;       /* borrowed */
    const struct gateway *gateway; /* borrowed; NULL before the first stream */
    struct watches *watches;       /* owns */
    struct deadlines pings;
    struct now now; /* of this turn */
    uint64_t mended;
    struct streams_counts counts;
};

#endif
