/* A client of an h2, both ends in memory: what one says the other reads at once. */
#ifndef TESTS_GATEWAY_ETCD_H2_CLIENT_H
#define TESTS_GATEWAY_ETCD_H2_CLIENT_H

#include <nghttp2/nghttp2.h>

#include "gateway/etcd/h2.h"

enum { client_calls_max = 64 };

/* What a client knows of one call. */
struct client_call {
    int32_t id;
    char status[8];      /* :status */
    char type[64];       /* content-type */
    char code[8];        /* grpc-status; empty: none has come */
    char text[256];      /* grpc-message */
    struct buf headers;  /* all but :status: "name: value\n" each */
    struct buf received; /* DATA */
    struct buf to_send;
    size_t sent;
    bool half_closed; /* nothing more will be sent */
    bool waits;
    bool closed;
    uint32_t reset; /* error code it was closed with */
};

struct h2_client {
    nghttp2_session *session;
    struct h2 *server; /* borrowed */
    struct client_call calls[client_calls_max];
    unsigned count;
    bool reads;       /* takes what the server sends */
    bool server_over; /* the server wants to close */
    bool goaway;
};

void h2_client_init(struct h2_client *self, struct h2 *server);
void h2_client_fini(struct h2_client *self);
/* Both sides until neither has anything to say. */
void h2_client_run(struct h2_client *self);

struct client_header {
    const char *name;
    const char *value;
};
/* more: ends with a NULL name; may be NULL. No message yet; run has not been called. */
struct client_call *h2_client_call(struct h2_client *self, const char *path,
                                   const struct client_header *more);
void h2_client_send(struct h2_client *self, struct client_call *call, struct str framed);
void h2_client_close(struct h2_client *self, struct client_call *call);
/* A whole call: one message, framed here; run. */
struct client_call *h2_client_unary(struct h2_client *self, const char *path, struct str message);

#endif
