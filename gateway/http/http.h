/* HTTP for both gateways: libmicrohttpd without threads of its own, a guest in
 * the actor's loop.
 *
 * A request is handed over whole (its body read). Its handler
 * answers it, parks it (long poll, write that waits for who decides) or turns it
 * into a stream, before it returns. A parked request may be answered in any later
 * turn. When a parked or streaming client goes, gone() is called within a second
 * (libmicrohttpd notices neither: we watch the sockets ourselves).
 *
 * Everything that comes from outside is bounded here: limits in struct http_options;
 * two Content-Lengths, CL with TE, "Foo :", unknown transfer encodings, no Host:
 * 400 / 501 before any handler runs; and the time a request may take to come.
 */
#ifndef GATEWAY_HTTP_HTTP_H
#define GATEWAY_HTTP_HTTP_H

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"

struct http;
struct request;
struct http_tally; /* tally.h */

/* GET: or HEAD, which is answered alike, without the body. */
enum http_method { HTTP_GET, HTTP_POST, HTTP_OTHER };

/* ── answers ────────────────────────────────────────────────────────────────*/

/* An immutable answer, counted: many requests may be answered with one. */
struct response;

/* Takes body's bytes (the buf is empty after it). content_type: static text. */
struct response *response_new(int status, const char *content_type, struct buf *body);
/* Before the first use only. value is copied. */
void response_header(struct response *self, const char *name, const char *value);
/* Without the header that keeps browsers from guessing a type: for APIs whose answers are compared
 * with another server's, and which name their types. The same goes. */
void response_plain(struct response *self);
/* What its API says it is, if that is not its HTTP status: metrics tell it (http_tally). Before the
 * first use only. */
void response_code(struct response *self, int code);
struct response *response_ref(struct response *self);
void response_unref(struct response **self);
struct str response_body(const struct response *self);

/* For answers to one request, which are made as often as asked. request_room: what most of them
 * say has room in body, which is empty: the server's, of one that was sent, or new.
 * request_response: as response_new, and the server gets body's memory for the next. It may be
 * shared, but all who hold it let go before the server ends. */
void request_room(struct request *self, struct buf *body);
struct response *request_response(struct request *self, int status, const char *content_type,
                                  struct buf *body);

/* ── a request ──────────────────────────────────────────────────────────────*/

/* H(name, text): the headers that the server or any handler looks at; an app may have further ones
 * of its own (http_app.headers). They are noted in one pass over a request's header, in which most
 * have three: to search it for each would cost more. */
// clang-format off
#define HTTP_HEADERS(H)                          \
    H(CONTENT_LENGTH,    "Content-Length")       \
    H(CONTENT_TYPE,      "Content-Type")         \
    H(COOKIE,            "Cookie")               \
    H(FORWARDED,         "Forwarded")            \
    H(HOST,              "Host")                 \
    H(IF_NONE_MATCH,     "If-None-Match")        \
    H(LAST_EVENT_ID,     "Last-Event-ID")        \
    H(ORIGIN,            "Origin")               \
    H(SEC_FETCH_SITE,    "Sec-Fetch-Site")       \
    H(TRANSFER_ENCODING, "Transfer-Encoding")    \
    H(USER_AGENT,        "User-Agent")           \
    H(VIA,               "Via")                  \
    H(FORWARDED_FOR,     "X-Forwarded-For")      \
    H(REAL_IP,           "X-Real-IP")
// clang-format on

enum http_header {
#define HTTP_HEADER(name, text) HTTP_HEADER_##name,
    HTTP_HEADERS(HTTP_HEADER)
#undef HTTP_HEADER
        HTTP_HEADER_COUNT, /* the first of the app's */
};

enum { http_app_headers_max = 4 };

enum http_method request_method(const struct request *self);
/* As it came: "HEAD", "OPTIONS". Until the request ends. */
struct str request_verb(const struct request *self);
/* Path and query as they came; until the request is parked or ends. */
struct str request_target(const struct request *self);
/* Decoded and cleaned (uri.h). */
struct str request_path(const struct request *self);
/* What is behind the "?", as it came. Both until the request is parked or ends. */
struct str request_query(const struct request *self);
struct str request_body(const struct request *self);
/* The value of the first of that name, in any case; absent: NULL and empty. Until the request ends.
 * header: an enum http_header, or HTTP_HEADER_COUNT + the index of one of http_app.headers. */
struct str request_header(const struct request *self, unsigned header);
bool request_from_loopback(const struct request *self);
void request_peer(const struct request *self, char *text, size_t size); /* "127.0.0.1" */

/* Memory of the app's that goes with each request (http_app.own): for what it is taken apart into.
 * All zeros, or what own.clear left of an earlier one. It ends when the request is parked or ends.
 */
void *request_own(const struct request *self);
/* What own has allocated has changed: it is counted anew. */
void request_weigh(struct request *self);

/* Under which name metrics count it; static text. */
void request_set_route(struct request *self, const char *route);

/* One word of the handlers' own per request (a poll, a pending write). */
void request_set_user(struct request *self, void *user);
void *request_user(const struct request *self);

/* Handlers say what they have looked at for this request: 1 is a look-up of a name, or 256 bytes
 * rendered. When a turn's share is used up, requests that have come and streams wait for the next
 * turn. Nothing need be said of what is much less than reading the request. */
void request_cost(const struct request *self, size_t looked_at);

/* What handlers keep for this request from now on, of their own: counted with what the server
 * itself holds for clients (http_options.memory_max). */
void request_keeps(struct request *self, size_t bytes);

/* Borrows response (takes its own count). The request is over for the handler:
 * gone() is not called for it any more. */
void request_answer(struct request *self, struct response *response);

/* The same for one that is refused as such, as the server does with what it can't read: it is
 * counted among refused_total. While it is served only. */
void request_refuse(struct request *self, struct response *response);

/* Not answered yet: it stays until request_answer or gone(). A client that has shut down
 * its sending side counts as gone (it can't be told from one that has closed): it is sent 503.
 * Its body, query and own end here: thousands may wait for long. */
void request_park(struct request *self);
/* The same for one that is usually answered within milliseconds: cheaper then, and its body,
 * query and own stay. Until it has waited for 20 ms nobody notices that its client has gone, and
 * one that has only shut down its sending side is answered. One that is parked already stays so. */
void request_await(struct request *self);

/* A body produced as the socket takes it. next fills at most max bytes and
 * returns how many; HTTP_STREAM_WAIT: nothing now, request_stream_more will say
 * when; HTTP_STREAM_END. end is called exactly once. */
enum { HTTP_STREAM_WAIT = 0, HTTP_STREAM_END = -1 };
typedef int64_t request_next_fn(void *context, char *to, size_t max);
typedef void request_end_fn(void *context);
/* content_type: NULL: none. */
void request_stream(struct request *self, int status, const char *content_type,
                    request_next_fn *next, request_end_fn *end, void *context);
/* Whether it is being served. What was parked may be made a stream too, if it needs nothing any
 * more of what it was taken apart into. */
bool request_may_stream(const struct request *self);
/* A header of the stream's answer: right after request_stream. value is copied. */
void request_stream_header(struct request *self, const char *name, const char *value);
/* The same behind its body: its name is told in the header Trailer. */
void request_stream_trailer(struct request *self, const char *name, const char *value);
void request_stream_code(struct request *self, int code); /* as response_code; at the same time */
void request_stream_plain(struct request *self);          /* as response_plain; at the same time */
void request_stream_more(struct request *self);
/* Ends a stream before its time: gone() is called, then end. */
void request_cut(struct request *self);

/* ── the server ─────────────────────────────────────────────────────────────*/

/* The same for a response that a handler keeps for a client, however many share it; released as
 * often as held. */
void http_hold(struct http *self, struct response *response);
void http_release(struct http *self, struct response *response);
/* More is held than may be: what needs memory should be refused with 503. In each turn those who
 * hold most are ended: parked with 503, streams and answers nobody reads cut. */
bool http_is_full(const struct http *self);

struct http_options {
    const char *section;      /* of the configuration: messages for people name the keys listen,
                                 body_max, memory_max … of it; static */
    const char *listen;       /* host:port; port 0: any free one; NULL: nowhere (http_adopt) */
    bool reuse_port;          /* several processes on one port */
    size_t pool_bytes;        /* memory per connection; bounds URL and headers */
    size_t body_max_bytes;    /* beyond: 413 */
    int64_t idle_ms;          /* a silent connection is closed */
    uint64_t connections_max; /* 0, or more than fit: as many as the limit of descriptors has room
                                 for, less 256 */
    uint64_t memory_max;      /* held for clients; 0: a quarter of the machine's or cgroup's … */
    unsigned sharers;         /* … shared by so many processes; 0: one */
    bool shares_heap;         /* with what its owner serves too, who looks after it (http_forget) */
    struct log *log;
};

/* What an app keeps in each request (request_own). */
struct http_own {
    size_t bytes;
    void (*clear)(void *own);          /* the request is over: for the next; may keep memory */
    void (*fini)(void *own);           /* frees all it has: then it is all zeros */
    size_t (*weight)(const void *own); /* bytes it has allocated */
};

/* serve: a complete request. refuse: the server answers by itself (413, 400, …):
 * gives the response, so that errors look alike everywhere; text: as long as the server. */
struct http_app {
    void (*serve)(void *state, struct request *request, const struct now *now);
    void (*gone)(void *state, struct request *request);
    struct response *(*refuse)(void *state, int status, const char *text);
    /* Places run short: ends one request that is parked or streaming and may be ended early, by
     * request_answer (with Connection: close) or request_cut. False: there is none. May be NULL. */
    bool (*spare)(void *state, const struct now *now);
    const struct http_own *own; /* NULL: nothing */
    /* Headers that only this app looks at; borrowed. At most http_app_headers_max. */
    const struct str *headers;
    unsigned header_count;
};

/* Errors: ERR_INVALID (listen), ERR_IO (bind; logged with the remedy). */
enum err http_new(struct http **self, const struct http_options *options,
                  const struct http_app *app, void *state);
/* Begins to listen (after the first catch-up), and to serve what is adopted. Errors: ERR_IO. */
enum err http_listen(struct http *self);
/* Serves a connection that was accepted elsewhere, as if it had come by the listener. Takes fd, a
 * stream socket: the server closes it, on error at once. Between http_listen and http_destroy; not
 * from within a handler. Errors: ERR_FULL (no place is left), ERR_IO. */
enum err http_adopt(struct http *self, int fd, const struct now *now);
/* Answers what is parked with 503, and what still comes meanwhile, ends streams, closes. No
 * handler is called any more but gone(). */
void http_destroy(struct http **self);

/* The turn has begun: what is answered before http_turn is answered now. */
void http_time(struct http *self, const struct now *now);
int http_fd(const struct http *self); /* epoll descriptor for the loop; covers parked clients too */
uint16_t http_port(const struct http *self); /* the port really bound; 0 before http_listen */
/* Runs until nothing is left to do without waiting; answers given since (also to parked ones)
 * leave. Bounded: true: call again soon. */
bool http_turn(struct http *self, const struct now *now);
int64_t http_due_ms(const struct http *self, const struct now *now); /* at most 1 s ahead */

/* Frees what is kept for requests to come: memory is about to be given back to the system. Done by
 * itself when many connections have gone, unless the heap is shared. */
void http_forget(struct http *self);

struct http_counts {
    uint64_t memory_held; /* bytes, for clients */
    uint64_t memory_max;
    uint64_t connections;
    uint64_t connections_max;
    uint64_t parked;
    uint64_t streams;
    uint64_t requests_total;
    uint64_t refused_total;
    uint64_t slow_total;    /* of the refused: cut off with 408 */
    uint64_t emptied_total; /* ended since too much memory was held */
    uint64_t crowded_total; /* gave up their place to others */
    uint64_t trims_total;   /* memory was given back to the system */
};
void http_counts(const struct http *self, struct http_counts *counts);
/* How long requests took until they were answered; of streams: until they began. */
const struct http_tally *http_tally(const struct http *self);

#endif
