/* What an HTTP/2 connection is made of. Its parts know each other in one direction only, downwards:
 *
 *   h2           the session, and its life
 *   h2_request   headers and DATA … the app
 *   h2_answer    the app … headers, DATA, trailers
 *   h2_web       the same of what is no gRPC
 *   h2_stream    one call's memory
 */
#ifndef GATEWAY_ETCD_H2_STREAM_H
#define GATEWAY_ETCD_H2_STREAM_H

#include <nghttp2/nghttp2.h>

#include "gateway/etcd/grpc.h"
#include "gateway/etcd/h2.h"

/* What of a request's headers decides whether it is a call at all. */
struct request_head {
    bool post;
    bool grpc;
    char encoding[24]; /* of its messages, cut; empty: as they are */
    bool bad_timeout;
    bool method_known;
    size_t bytes;
    struct buf path; /* of no method of ours, for the answer */
};

/* Headers that only a plain request has. */
enum h2_web_word { H2_WEB_ORIGIN, H2_WEB_AUTHORIZATION, H2_WEB_TOKEN, H2_WEB_LEADER, H2_WEB_WORDS };

struct stream;

/* What a plain request has besides. */
struct h2_web {
    struct web web; /* first */
    struct stream *stream;
    struct buf verb; /* empty: POST */
    struct buf timeout;
    struct buf words[H2_WEB_WORDS];
    struct buf body;
    struct web_header trailer; /* static texts */
    bool served;
    bool over;    /* the app has answered, or never knew it */
    bool refused; /* what else comes is thrown away */
};

struct stream {
    struct rpc call; /* first */
    struct h2 *h2;
    struct h2_web *web; /* owns; NULL: nothing was noted that only such a request has */
    int32_t id;
    bool begun;   /* the app knows it */
    bool let_go;  /* the app has ended it, or never had it */
    bool refused; /* it is no gRPC: answered by a status of HTTP */
    bool replied; /* its answer's headers are submitted */
    bool waits;   /* nghttp2 was told that there is no data now */
    bool dropped; /* its message: there was no room for it */
    bool plain;   /* no gRPC: web serves it, and the app never has it */
    enum grpc_code code;
    struct request_head head;
    struct grpc_reader reader;
    struct buf token;
    struct buf out;        /* framed messages */
    size_t out_at;         /* of them, sent */
    struct buf text;       /* of the status, encoded */
    size_t weight;         /* as counted in held */
    size_t unsent;         /* as counted in unsent */
    size_t owed;           /* as counted in owed */
    size_t unread;         /* bytes for which its client gets no window yet */
    struct stream *before; /* open ones */
    struct stream *next;   /* also of the spare ones */
};

struct h2 {
    const struct h2_options *options;
    const struct rpc_app *app;
    void *state;
    const struct web_app *web_app;
    void *web_state;
    struct h2_wake wake;
    nghttp2_session *session;
    struct buf *to; /* while it produces */
    size_t to_max;
    bool over; /* what came can't be read on */
    bool draining;
    size_t held;
    size_t unsent;
    size_t owed;
    uint64_t taken;
    uint32_t calls;
    struct stream *open;
};

static inline struct stream *stream_of(struct rpc *call)
{
    return (struct stream *)call;
}

/* NULL: no memory. */
struct stream *h2_stream_new(struct h2 *self, int32_t id);
void h2_stream_end(struct h2 *self, struct stream *stream);
/* Frees all of them; the app is not told. The connection ends. */
void h2_streams_fini(struct h2 *self);
/* After its messages have grown or gone. */
void h2_stream_weigh(struct stream *stream);
/* Bytes of a stream were read. Of one in which both sides speak and whose client takes nothing of
 * what it has asked for, no more is read than its window: else it could ask without end. */
void h2_stream_read(struct stream *stream, size_t bytes);
/* Some of what waits for its client has gone. */
void h2_stream_sent(struct stream *stream);
/* No room for another call, of this connection or of all. The largest answer, which may be of any
 * size, does not count. */
bool h2_is_full(const struct h2 *self);

#endif
