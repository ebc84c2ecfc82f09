/* HTTP/2 connections and the gRPC calls on them, by nghttp2, in one thread: what the loads are made
 * of. What should never fail ends the program. */
#ifndef TESTS_BENCH_GRPC_LOOP_H
#define TESTS_BENCH_GRPC_LOOP_H

#include <netinet/in.h>
#include <protobuf-c/protobuf-c.h>

#include "gateway/etcd/grpc.h"

struct connection;

struct loop {
    int epoll;
    struct sockaddr_in to;
    struct connection *written; /* those with something to send */
};

void need(bool ok, const char *what);    /* else says what failed, and exits */
void need_os(bool ok, const char *what); /* and why, by errno */
int64_t now_ns(void);
double cpu_s(void); /* of this program so far */

void loop_init(struct loop *self, const struct sockaddr_in *to);
/* Sends what there is, waits for answers until until_ns at most, and reads them. */
void loop_turn(struct loop *self, int64_t until_ns);

/* Owned by the loop. window_bytes: what the server may send of a stream that is not read. */
struct connection *connection_open(struct loop *loop, int32_t window_bytes);
/* The same, and each is waited for until both sides have said and taken their settings: what is
 * measured after it are calls, not what connections cost to set up. */
struct connection **connections_open(struct loop *loop, size_t count, int32_t window_bytes);
void connection_stall(struct connection *self); /* nothing is read from it any more */
/* Of one that stalls: whether bytes wait to be read, so that the server neither closed it nor left
 * it out. */
bool connection_waits(const struct connection *self);

enum { call_unanswered = -1 };

/* One call, kept where it is by its owner until closed() was told. {0} but for what it is to be
 * told. */
struct call {
    void (*message)(struct call *call, struct str message); /* borrowed until it returns */
    void (*closed)(struct call *call);                      /* status is there */
    void *owner;
    struct connection *connection;
    int32_t stream;
    int status;   /* grpc-status */
    bool streams; /* more may be asked: it is not ended by what was added before call_begin */
    struct buf out;
    size_t sent;
    struct grpc_reader in;
};

/* Adds a message to what is asked: before call_begin, or before call_more. */
void call_add(struct call *self, const ProtobufCMessage *message);
void call_begin(struct call *self, struct connection *connection, const char *path);
void call_more(struct call *self);

/* A protobuf message, field by field. */
struct field {
    uint64_t number;
    uint64_t value;   /* of a varint */
    struct str bytes; /* of what has a length */
};

bool field_next(struct str *rest, struct field *field); /* false at the end */

#endif
