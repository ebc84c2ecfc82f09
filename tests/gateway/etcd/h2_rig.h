/* A connection of HTTP/2, its client, and who serves its calls, whom a test plays. */
#ifndef TESTS_GATEWAY_ETCD_H2_RIG_H
#define TESTS_GATEWAY_ETCD_H2_RIG_H

#include "gateway/etcd/grpc.h"
#include "tests/gateway/etcd/h2_client.h"

#define RANGE "/etcdserverpb.KV/Range"
#define WATCH "/etcdserverpb.Watch/Watch"

enum { message_max = 1000, streams_max = 32, held_max = 8000, log_max = 64 };

/* An app that notes what it is told. */
struct h2_rig {
    struct h2_options options;
    struct h2_spare spare;
    struct h2 *h2;
    struct h2_client client;
    struct rpc *call; /* the newest that is open */
    unsigned begun;
    unsigned messages;
    unsigned half_closed;
    unsigned gone;
    unsigned woken;
    char message[log_max]; /* the newest */
    bool echoes;           /* answers each message with itself, and ends */
    bool repeats;          /* the same, and goes on */
    bool ends_at_begin;
};

void h2_rig_begin_anew(struct h2_rig *self);
int h2_rig_setup(void **state);
int h2_rig_teardown(void **state);

#endif
