/* A client: it makes calls of its own choice at the gateway that it is connected with, several at
 * once, has streams of keep-alives and of watches, stops reading for a while, takes calls back, and
 * goes to another gateway. It lives on when its gateway dies. */
#ifndef TESTS_STORE_SIM_CLIENT_H
#define TESTS_STORE_SIM_CLIENT_H

#include "gateway/etcd/rpc.h"
#include "tests/store/sim/judge_watch.h"

struct client;
struct stream;

struct client_call {
    struct rpc rpc; /* first */
    struct client *client;
    uint32_t op;
    struct client_call *next;
};

struct client {
    unsigned number;
    unsigned gateway; /* process */
    struct plan *plan;
    struct judge *judge;
    struct rpc_server port; /* of the gateway it is connected with; state NULL: that is down */
    struct client_call *calls;
    unsigned call_count;
    struct stream *keep_alives; /* NULL: it has none */
    struct stream *watches;
    int64_t next_ms;                   /* when it does something */
    int64_t reads_ms;                  /* it does not read before */
    bool quiet;                        /* it makes no calls of its own any more */
    bool resting;                      /* nor does it keep leases alive */
    void (*asks)(struct client *self); /* called once when it acts next; may be NULL */
    uint32_t quiet_ops[4];             /* what it has asked then */
    unsigned quiet_count;
};

void client_init(struct client *self, unsigned number, struct plan *plan, struct judge *judge);
/* What is connected is gone, as when either side dies: told is the gateway if it lives. */
void client_disconnect(struct client *self, bool told);
/* What it does now. Within a turn of its gateway. */
void client_act(struct client *self);
/* Makes a call; its number. */
uint32_t client_call(struct client *self, enum etcd_method method, const ProtobufCMessage *request,
                     int64_t timeout_ms);

#endif
