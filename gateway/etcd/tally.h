/* Calls of etcd's API that clients have made, counted as grpc_server_* of /metrics tell them. Those
 * that a composed service makes are none of a client's. */
#ifndef GATEWAY_ETCD_TALLY_H
#define GATEWAY_ETCD_TALLY_H

#include "common/etcdapi/errors.h"
#include "common/etcdapi/methods.h"

struct tally_row {
    uint64_t started;
    uint64_t received; /* messages */
    uint64_t sent;
    uint64_t handled[GRPC_END];
};

struct tally {
    struct tally_row rows[ETCD_METHOD_END];
};

#endif
