/* A client's streams: keep-alives of leases, and watches. */
#ifndef TESTS_STORE_SIM_STREAM_H
#define TESTS_STORE_SIM_STREAM_H

#include "tests/store/sim/client.h"

enum { stream_asked_max = 64 };

struct stream {
    struct rpc rpc; /* first */
    struct client *client;
    struct stream **place;            /* the client's */
    uint32_t asked[stream_asked_max]; /* keep-alives that are not answered */
    unsigned asked_count;
    struct watched_stream watched;
    size_t unread; /* bytes */
    bool half_closed;
};

/* Whatever the client does with its streams now. */
void stream_act(struct client *client);
/* Nulls; NULL in it: nothing happens. told: the gateway is. */
void stream_gone(struct stream **place, bool told);

#endif
