/* One HTTP/2 connection that carries gRPC calls and plain requests, over bytes: it knows no socket
 * and no clock.
 *
 *   bytes ──h2_receive──► begin, message, half_closed, gone      (struct rpc_app)
 *                         serve                                  (struct web_app: no gRPC)
 *   rpc_send, rpc_end, web_answer … ──► h2_produce ──► bytes
 *
 * What gRPC itself demands is answered here: a path that is no method of etcd's, a compressed or
 * overlong message, none or two where there is to be one. Everything is bounded: a message,
 * streams, headers, and the bytes that are held for one connection, either way, and for all:
 * beyond, new calls are RESOURCE_EXHAUSTED, "too many requests". What a client has asked for and
 * reads slowly costs its small calls nothing, up to unsent_max. nghttp2 answers PING and SETTINGS,
 * and ends a connection that floods it with them or breaks the rules.
 */
#ifndef GATEWAY_ETCD_H2_H
#define GATEWAY_ETCD_H2_H

#include "gateway/etcd/h2_memory.h"
#include "gateway/etcd/rpc.h"
#include "gateway/etcd/tally.h"
#include "gateway/etcd/web.h"

struct h2_options {
    uint32_t message_max;      /* bytes of one from a client */
    uint32_t streams_max;      /* open at once */
    size_t held_max;           /* bytes a client has sent of messages that are not whole */
    size_t unsent_max;         /* bytes of answers that a client has not taken */
    size_t body_max;           /* bytes of a plain request's body */
    struct h2_load *load;      /* of all connections; NULL: not counted */
    struct h2_spare *spare;    /* of all connections; NULL: nothing is kept */
    struct tally *tally;       /* NULL: not counted */
    const struct web_app *web; /* serves what is no gRPC; NULL: that is refused */
    void *web_state;
};

/* Bytes of messages, either way, that are held for all connections together. */
struct h2_load {
    size_t held;
    size_t max;
};

/* Memory of calls that are over, for those to come. It is of all connections, so that the next call
 * gets what was used last, and is in a cache, whichever of many connections it comes from. */
struct h2_spare {
    struct stream *first; /* {0}: none */
    unsigned count;
    struct h2_memory memory; /* nghttp2's */
};
void h2_spare_fini(struct h2_spare *self); /* after the connections */

struct h2;

/* Told when there is something to send that came from the app, not from h2_receive. */
struct h2_wake {
    void (*wake)(void *owner);
    void *owner;
};

/* options, app: borrowed. */
struct h2 *h2_new(const struct h2_options *options, const struct rpc_app *app, void *state,
                  struct h2_wake wake);
void h2_destroy(struct h2 **self); /* gone is called of what is open */

/* What the client sent. Not from within the app. Errors: ERR_MALFORMED: the connection is over once
 * what h2_produce gives has been sent; nothing more may be received. */
enum err h2_receive(struct h2 *self, struct str bytes);

/* Whether h2_produce has something to give, or to tell. */
bool h2_has_work(const struct h2 *self);
/* Appends what is to be sent to `to`, until that holds max bytes. False: nothing is left to do, and
 * nothing will be: close it once all is sent. */
bool h2_produce(struct h2 *self, struct buf *to, size_t max);

/* Begins to end it in good order: GOAWAY; open calls go on, new ones are refused. */
void h2_drain(struct h2 *self);

size_t h2_held(const struct h2 *self); /* bytes of messages, either way */
/* Bytes of answers that its client has not taken, but for those of streams in which both sides
 * speak (who serves those bounds them); and how many bytes of answers it has taken altogether. */
size_t h2_owed(const struct h2 *self);
uint64_t h2_taken(const struct h2 *self);
uint32_t h2_calls(const struct h2 *self);

#endif
