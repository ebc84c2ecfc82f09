/* A gateway's own numbers, for its STATS (actor_spec.count). */
#ifndef GATEWAY_BUS_COUNTING_H
#define GATEWAY_BUS_COUNTING_H

#include "common/wire/codec.h"
#include "gateway/http/http.h"

/* Where they go; both borrowed. */
struct counting {
    struct msg_counts *counts;
    struct buf *store;
};

void counting_put(struct counting *to, const char *name, uint64_t value);

/* The server's: http_requests, http_connections … */
void counting_http(const struct http *self, struct counting *counters, struct counting *sizes);

#endif
