/* A client of unary gRPC calls, one after the other, on one connection to loopback. */
#ifndef TESTS_STORE_MVCC_AGAINST_ETCD_GRPC_H
#define TESTS_STORE_MVCC_AGAINST_ETCD_GRPC_H

#include "common/base/str.h"

struct grpc;

struct grpc *grpc_connect(uint16_t port); /* NULL: nobody listens */
void grpc_close(struct grpc **self);

struct grpc_answer {
    int status; /* -1: the connection ended */
    struct buf text;
    struct buf message; /* without its frame */
};
void grpc_answer_fini(struct grpc_answer *self);

/* path as etcd_method_row has it. */
void grpc_call(struct grpc *self, struct str path, struct str request, struct grpc_answer *answer);

/* Begins a stream with one request, and ends it when each has had enough: it returns false. False:
 * the stream or the connection ended before. */
typedef bool grpc_each_fn(void *context, struct str message);
bool grpc_stream(struct grpc *self, struct str path, struct str request, grpc_each_fn *each,
                 void *context);

#endif
