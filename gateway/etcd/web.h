/* One request of plain HTTP, as whoever answers it sees it, whichever transport brought it:
 * HTTP/1.1 (http1.h) or a stream of HTTP/2 that carries no gRPC (h2_web.h).
 *
 *   serve ──► web_answer                                   whole, at once or later
 *             web_begin, web_send …, web_end               piece by piece
 *
 * It is open until one of web_answer and web_end, or until it is gone, whichever comes first; then
 * neither side may touch it again.
 */
#ifndef GATEWAY_ETCD_WEB_H
#define GATEWAY_ETCD_WEB_H

#include "common/base/str.h"

enum { web_headers_max = 8 };

struct web;

struct web_header {
    const char *name;
    const char *value;
};

/* What stands before an answer's body. Texts: borrowed until the call that is given it returns. */
struct web_head {
    int status;
    unsigned count;
    struct web_header headers[web_headers_max];
    struct web_header trailer; /* behind the body, which has no length then; its name NULL: none */
};

/* Another header. */
void web_head_add(struct web_head *self, const char *name, const char *value);

struct web_transport {
    void (*answer)(struct web *web, const struct web_head *head, struct buf *body);
    void (*begin)(struct web *web, const struct web_head *head);
    void (*send)(struct web *web, struct str bytes);
    void (*end)(struct web *web);
    size_t (*unsent)(const struct web *web);
};

struct web {
    const struct web_transport *transport; /* static */
    struct str verb;                       /* "GET"; like all below but as it says: as long as it */
    struct str target;                     /* path and query as they came; until serve returns */
    struct str origin;                     /* headers: Origin */
    struct str authorization;
    struct str timeout; /* Grpc-Timeout */
    struct str token;   /* Grpc-Metadata-Token */
    struct str leader;  /* Grpc-Metadata-Hasleader */
    /* Set by who serves it, before serve returns. */
    bool patient;                   /* its answer may take long */
    void *user;                     /* NULL at first */
    void (*gone)(struct web *self); /* its client takes no answer any more */
};

struct web_app {
    /* All of it has come. body: borrowed until it returns. Unless it was answered then, gone is
     * set.
     */
    void (*serve)(void *state, struct web *web, struct str body);
    /* The transport answers by itself, why: the client's fault. What it says: head's texts are
     * static, body is appended to. */
    void (*refuse)(void *state, int status, struct str why, struct web_head *head,
                   struct buf *body);
};

/* body: taken, empty after it. */
static inline void web_answer(struct web *web, const struct web_head *head, struct buf *body)
{
    web->transport->answer(web, head, body);
}

static inline void web_begin(struct web *web, const struct web_head *head)
{
    web->transport->begin(web, head);
}

static inline void web_send(struct web *web, struct str bytes)
{
    web->transport->send(web, bytes);
}

static inline void web_end(struct web *web)
{
    web->transport->end(web);
}

/* Bytes of its answer that its client has not taken yet. */
static inline size_t web_unsent(const struct web *web)
{
    return web->transport->unsent(web);
}

#endif
