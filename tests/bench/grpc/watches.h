/* Watches as etcd's own client holds them: those of a connection share one stream. Each must be
 * told every revision once and in order. */
#ifndef TESTS_BENCH_GRPC_WATCHES_H
#define TESTS_BENCH_GRPC_WATCHES_H

#include "tests/bench/grpc/crowd.h"

struct watches_options {
    struct loop *loop;
    struct connection **connections;
    size_t connection_count;
    size_t count;
    /* The range of a watch; end_len 0: one key. */
    void (*range)(void *owner, size_t number, struct str *key, struct str *range_end);
    void *owner;
    bool stamps; /* values begin with the instant at which they were put */
};

struct watch_stream;

struct watches {
    struct watches_options options;
    struct watch_stream *streams;
    int64_t *revisions; /* last told to each */
    size_t created;
    uint64_t events;
    int64_t last_ns;            /* when the last event came */
    struct latencies latencies; /* of events, with stamps */
};

/* Makes them, and returns when the server has said so of each. */
void watches_open(struct watches *self, const struct watches_options *options);

#endif
