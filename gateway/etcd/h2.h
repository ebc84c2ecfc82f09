/* One HTTP/2 connection that carries gRPC calls, over bytes: it knows no socket and no clock.
 *
 *   bytes ──h2_receive──► begin, message, half_closed, gone      (struct h2_app)
 *   h2_send, h2_end ──► h2_produce ──► bytes
 *
 * What gRPC itself demands is answered here: a path that is no method of etcd's, a compressed or
 * overlong message, none or two where there is to be one. Everything is bounded: a message,
 * streams, headers, and the bytes that are held for one connection, either way. nghttp2 answers
 * PING and SETTINGS, and ends a connection that floods it with them or breaks the rules.
 */
#ifndef GATEWAY_ETCD_H2_H
#define GATEWAY_ETCD_H2_H

#include "common/etcdapi/errors.h"
#include "common/etcdapi/methods.h"

enum { h2_token_max = 8192 };

/* One call: what its headers said, and whose it is. It lives from begin until the app ends it
 * (h2_end: the app lets go of it) or gone. */
struct h2_call {
    enum etcd_method method;
    struct str token;   /* of header token; empty: none. As long as the call */
    int64_t timeout_ms; /* of grpc-timeout, from its begin on; below 0: none */
    bool needs_leader;  /* hasleader: true */
    void *user;         /* the app's; NULL at begin */
};

struct h2_app {
    /* Its headers have come. Every one below may end the call. */
    void (*begin)(void *state, struct h2_call *call);
    /* Of a method that takes one message: when it is whole and the client has said that it is all.
     * message: borrowed until it returns. */
    void (*message)(void *state, struct h2_call *call, struct str message);
    /* A stream's client sends no more. Not called of a method that takes one message. */
    void (*half_closed)(void *state, struct h2_call *call);
    /* The client took it back, or the connection ends. */
    void (*gone)(void *state, struct h2_call *call);
};

struct h2_options {
    uint32_t message_max; /* bytes of one from a client */
    uint32_t streams_max; /* open at once */
    size_t held_max; /* bytes of messages, either way; beyond: new calls are RESOURCE_EXHAUSTED */
};

struct h2;

/* Told when there is something to send that came from the app, not from h2_receive. */
struct h2_wake {
    void (*wake)(void *owner);
    void *owner;
};

/* options, app: borrowed. */
struct h2 *h2_new(const struct h2_options *options, const struct h2_app *app, void *state,
                  struct h2_wake wake);
void h2_destroy(struct h2 **self); /* gone is called of what is open */

/* What the client sent. Not from within the app. Errors: ERR_MALFORMED: the connection is over once
 * what h2_produce gives has been sent; nothing more may be received. */
enum err h2_receive(struct h2 *self, struct str bytes);

/* Whether there is something to send. */
bool h2_wants_to_send(const struct h2 *self);
/* Appends what is to be sent to `to`, until that holds max bytes. False: nothing is left to do, and
 * nothing will be: close it once all is sent. */
bool h2_produce(struct h2 *self, struct buf *to, size_t max);

/* Begins to end it in good order: GOAWAY; open calls go on, new ones are refused. */
void h2_drain(struct h2 *self);

/* One message to the client; copied. */
void h2_send(struct h2_call *call, struct str message);
/* Bytes of messages that the client has not taken yet. */
size_t h2_unsent(const struct h2_call *call);
/* The end, after what was sent. text: for people and rpctypes; copied. The app lets go of call. */
void h2_end(struct h2_call *call, enum grpc_code code, struct str text);
void h2_end_error(struct h2_call *call, enum etcd_error error);
struct h2 *h2_of(const struct h2_call *call);

size_t h2_held(const struct h2 *self); /* bytes of messages, either way */
uint32_t h2_calls(const struct h2 *self);

#endif
