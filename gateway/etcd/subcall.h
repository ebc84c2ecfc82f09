/* A call that a part of the gateway makes itself, of whatever serves calls. It sits in its owner's
 * memory.
 *
 *   subcall_begin ──► message …, end                 (struct subcall_owner)
 *                 └── subcall_drop: nothing more is told
 */
#ifndef GATEWAY_ETCD_SUBCALL_H
#define GATEWAY_ETCD_SUBCALL_H

#include <protobuf-c/protobuf-c.h>

#include "gateway/etcd/rpc.h"

struct subcall;

struct subcall_owner {
    /* message: borrowed. NULL: answers are not looked at. */
    void (*message)(struct subcall *call, struct str message);
    /* It is over, and may be begun again or freed from here. */
    void (*end)(struct subcall *call, enum grpc_code code, struct str text);
};

struct subcall {
    struct rpc rpc;                    /* first */
    const struct subcall_owner *owner; /* static */
    const struct rpc_server *server;
    void *user; /* the owner's */
    bool open;
    bool *ended; /* set when it ends, while it begins */
};

/* What it is made with. */
struct subcall_options {
    const struct rpc_server *server; /* borrowed while it is open */
    const struct subcall_owner *owner;
    enum etcd_method method;
    struct str token;   /* borrowed while it is open */
    int64_t timeout_ms; /* below 0: none */
};

/* request: its only message, or the first of a stream, which stays open. It may be over, and its
 * owner told, when this returns. Not of one that is open. */
void subcall_begin(struct subcall *self, const struct subcall_options *options,
                   const ProtobufCMessage *request, void *user);
/* May not be open. */
void subcall_drop(struct subcall *self);

#endif
