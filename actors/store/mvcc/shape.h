/* What is wrong with a request whatever the state is: judged before it is proposed, by whoever
 * proposes. That bounds what apply meets; apply itself needs none of it. */
#ifndef ACTORS_STORE_MVCC_SHAPE_H
#define ACTORS_STORE_MVCC_SHAPE_H

#include "common/base/str.h"
#include "common/etcdapi/errors.h"
#include "common/etcdapi/methods.h"

enum { shape_nested_steps_max = 1024 }; /* of all Txns within one, both branches */

struct shape_limits {
    size_t request_bytes_max; /* etcd: 1.5 MiB */
    size_t txn_ops_max;       /* etcd: 128: of compares, of success, of failure; one nested has
                                 what the longest of these has left */
};

/* bytes: the request's length. Errors: EMPTY_KEY, KEY_NOT_FOUND (an Op without a request),
 * VALUE_PROVIDED, LEASE_PROVIDED, TOO_MANY_OPS, DUPLICATE_KEY, REQUEST_TOO_LARGE. */
enum etcd_error shape_check(enum etcd_method method, const ProtobufCMessage *request, size_t bytes,
                            const struct shape_limits *limits);

#endif
