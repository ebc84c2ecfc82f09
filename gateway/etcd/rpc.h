/* One call of etcd's API, as whoever serves it sees it, whoever made it: a stream of HTTP/2 with
 * gRPC, a request in JSON, or a service of ours that is composed of other calls.
 *
 *   begin ──► message … ──► half_closed          struct rpc_app, who serves
 *             rpc_send … ──► rpc_end             who called
 *
 * It is served until the app ends it (rpc_end: the app lets go of it) or it is gone, whichever
 * comes first; then neither side may touch it again.
 */
#ifndef GATEWAY_ETCD_RPC_H
#define GATEWAY_ETCD_RPC_H

#include "common/etcdapi/errors.h"
#include "common/etcdapi/methods.h"

enum { rpc_token_max = 8192 };

struct rpc;

/* What a caller does with what it is told. */
struct rpc_caller {
    void (*send)(struct rpc *rpc, struct str message); /* copies */
    /* text: for people and rpctypes; copied. */
    void (*end)(struct rpc *rpc, enum grpc_code code, struct str text);
    /* Bytes of messages that it has not taken yet. */
    size_t (*unsent)(const struct rpc *rpc);
};

struct rpc {
    const struct rpc_caller *caller; /* static */
    enum etcd_method method;
    struct str token;   /* who it is; empty: nobody. As long as the call */
    int64_t timeout_ms; /* from its begin on; below 0: none */
    bool needs_leader;  /* it is to fail when there is none */
    void *user;         /* of who serves it; NULL at begin */
};

struct rpc_app {
    /* It has begun. Every one below may end it. */
    void (*begin)(void *state, struct rpc *rpc);
    /* Of a method that takes one message: when it is whole and the client has said that it is all.
     * message: borrowed until it returns. */
    void (*message)(void *state, struct rpc *rpc, struct str message);
    /* A stream's client sends no more. Not called of a method that takes one message. */
    void (*half_closed)(void *state, struct rpc *rpc);
    /* The client took it back, or its connection ends. */
    void (*gone)(void *state, struct rpc *rpc);
};

/* Who serves a call; both borrowed. */
struct rpc_server {
    const struct rpc_app *app;
    void *state;
};

static inline void rpc_send(struct rpc *rpc, struct str message)
{
    rpc->caller->send(rpc, message);
}

static inline void rpc_end(struct rpc *rpc, enum grpc_code code, struct str text)
{
    rpc->caller->end(rpc, code, text);
}

static inline void rpc_end_error(struct rpc *rpc, enum etcd_error error)
{
    rpc->caller->end(rpc, etcd_error_code(error), etcd_error_text(error));
}

static inline size_t rpc_unsent(const struct rpc *rpc)
{
    return rpc->caller->unsent(rpc);
}

#endif
