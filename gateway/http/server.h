/* What the files of this folder know of each other: server.c runs the daemon and
 * watches sockets, request.c takes a request from its first byte to its answer.
 *
 *   READING ──body complete──► SERVING ──request_answer──► ANSWERED ──► queued
 *                                 │ request_park              ▲
 *                                 ├──────────► PARKED ────────┤ request_answer, hang-up
 *                                 │ request_stream            │
 *                                 └──────────► STREAMING      └ (its end is the response's)
 */
#ifndef GATEWAY_HTTP_SERVER_H
#define GATEWAY_HTTP_SERVER_H

#include <microhttpd.h>
#include <stdalign.h>
#include <stddef.h>

#include "gateway/http/chunks.h"
#include "gateway/http/http.h"

enum request_state {
    REQUEST_READING,
    REQUEST_SERVING,
    REQUEST_PARKED,
    REQUEST_ANSWERED,
    REQUEST_STREAMING,
};

/* Who might give up his place (places.c). */
enum place {
    PLACE_NONE, /* parked or streaming: the handlers know; or leaving */
    PLACE_IDLE, /* between two requests */
    PLACE_BUSY, /* its request or its answer is on the way */
    PLACE_COUNT,
};

struct connection {
    struct http *http;
    struct MHD_Connection *mhd;
    struct request *request;   /* of the one under way; NULL between two */
    struct connection *before; /* in http->connections */
    struct connection *next;
    int64_t since_ms;  /* when it was opened or answered last; or its request began */
    int64_t looked_ms; /* when it was asked for an end that libmicrohttpd has missed */
    bool watched;      /* its socket is in the epoll set */
    bool hung_up;      /* its client sends nothing any more */
    bool leaving;      /* by our doing */
    enum place place;
    int64_t placed_ms; /* since when it is there */
    struct connection *placed_before;
    struct connection *placed_next;
};

struct place_list {
    struct connection *first; /* the longest there */
    struct connection *last;
};

struct places {
    uint64_t max;  /* connections there may be */
    uint64_t kept; /* of them, for who comes next */
    uint64_t leaving;
    bool sparing; /* what is answered gives up its place */
    bool said;
    struct place_list list[PLACE_COUNT];
};

/* A body in the making. Lives as long as its MHD_Response, which may be longer
 * than its request. */
struct stream {
    struct http *http;
    struct request *request; /* NULL: it is over */
    request_next_fn *next;
    request_end_fn *end;
    void *context;
    struct response *response; /* freed with it */
    bool waiting;              /* suspended until request_stream_more */
};

struct request {
    struct http *http;
    struct connection *connection;
    struct request *before; /* in http->parked while PARKED or STREAMING; next alone: free list */
    struct request *next;
    enum request_state state;
    enum http_method method;
    bool begun; /* the header block was looked at */
    bool chunked;
    bool tapped; /* tap.c knows of it, by this descriptor */
    int fd;
    struct chunks chunks; /* how far its framing was seen to come; of a tapped one */
    int64_t piece_ms;     /* when a piece of its chunked body came last */
    bool suspended;
    bool held;   /* PARKED, and a client that sends nothing any more is not a gone one */
    bool awaits; /* PARKED and not suspended … */
    int64_t awaits_until_ms; /* … until then */
    const char *line;        /* where libmicrohttpd has the URI: to be compared only */
    struct buf uri;          /* as it came */
    struct str query;
    struct str headers[HTTP_HEADER_COUNT + http_app_headers_max]; /* where libmicrohttpd has them */
    struct buf path;
    struct buf body; /* at most body_max_bytes */
    size_t body_seen;
    struct response *response;
    struct response *answer; /* while its client may be reading it */
    size_t weight;           /* counted in http->memory */
    size_t kept;             /* of that: by the handlers */
    struct stream *stream;
    void *user;
    alignas(max_align_t) unsigned char own[]; /* the app's: http_app.own */
};

/* Bodies that were sent. The allocator keeps few of this size at hand, and takes as long to find
 * others, and to join them with their neighbours again, as it takes to write what stands in one. */
enum { room_bytes = 1024, rooms_max = 256 };

struct rooms {
    void *spare[rooms_max]; /* owns */
    size_t count;
    size_t out; /* responses whose bodies come back here */
};

void rooms_fini(struct rooms *self);
void rooms_take(struct rooms *self, struct buf *body);

/* Lives as long as its MHD_Response, which may be longer than its refs. */
struct response {
    struct MHD_Response *mhd;
    struct rooms *rooms; /* NULL: of none */
    struct str body;
    uint32_t refs;
    uint32_t holders; /* who are counted for its body */
    int status;
    int64_t dated_s; /* what its Date says; 0: it has none */
};

struct response *response_new_in(struct rooms *rooms, int status, const char *content_type,
                                 struct buf *body);

/* In every answer: what is no page is never taken for one. */
#define nosniff_name "X-Content-Type-Options"
#define nosniff_value "nosniff"

/* Dates it, if it is shared. Else libmicrohttpd makes a Date for every answer, which is a tenth
 * of what a whole answer costs; this is once a second. */
void response_date(struct response *self, int64_t wall_s);

/* When memory was, and may be, given back. */
struct trim {
    uint64_t highest; /* most connections there were since */
    int64_t closed_ms;
    int64_t last_ms;
};

struct memory {
    uint64_t max;
    uint64_t held;
    bool said;
};

/* What libmicrohttpd has taken off its sockets. */
struct tap {
    int fd;                 /* the last it read from; -1: its bytes are not where they were */
    const char *end;        /* of what it read then */
    struct request **by_fd; /* owns; those with a chunked body that is being read */
    size_t cap;
};

/* Which headers are noted, and under which number. */
struct header_names {
    struct str at[HTTP_HEADER_COUNT + http_app_headers_max];
    unsigned count;
};

/* Answers of the server's that name a key of the configuration. */
struct http_texts {
    char body[64];  /* is too large */
    char chunk[64]; /* is */
};

struct http {
    struct http_options options;
    struct http_texts texts;
    struct header_names header_names;
    const struct http_app *app;
    void *state;
    struct MHD_Daemon *daemon; /* NULL until it listens */
    int listener;              /* bound; the daemon's from http_listen on */
    int epoll;                 /* the daemon's descriptor and the parked clients' sockets */
    uint16_t port;
    bool resumed;      /* something was answered or resumed since the daemon last ran */
    bool ending;       /* http_destroy has begun: no handler runs any more */
    bool stuck;        /* the daemon wants to run but had nothing new to say when it did */
    uint64_t calls;    /* of the daemon's to us, but for those that only ask again */
    uint32_t awaiting; /* requests that await their answer unsuspended */
    size_t work;       /* looked at for requests in the turn that runs */
    size_t streamed;   /* bytes of streams made in the turn that runs */
    struct now now;    /* of the turn that runs */
    struct connection *connections; /* all */
    struct connection *sweep;       /* where the look at them goes on; NULL: it is done */
    int64_t sweep_ms;               /* when the next begins */
    struct request *parked;
    struct request *free;
    size_t free_count;
    struct trim trim;
    struct places places;
    struct tap tap;
    struct memory memory;
    struct rooms rooms;
    struct http_counts counts;
};

/* Writes bytes past libmicrohttpd, which has nothing to say on this connection. */
void connection_say(const struct connection *self, struct str bytes);

/* places.c: keeps some for who comes next. Between places_init and the start of the daemon nobody
 * may change the limit of descriptors. */
void places_init(struct http *http);
void places_turn(struct http *http);
void places_move(struct connection *connection, enum place to);
void places_remove(struct connection *connection); /* it is closed */
/* It is about to be closed, whatever libmicrohttpd makes of it. */
void places_leave(struct connection *connection);

/* A few ms. A short request, which most are and every probe is, may be served beyond, up to twice.
 */
enum { turn_work_max = 8192, short_bytes = 1024 };

/* slow.c: ends connections whose next request does not come, or comes too slowly. A slice of them
 * in each turn. */
void connection_hang_up(struct connection *self); /* the daemon sees its end, and closes it */
void connection_cut_off(struct connection *self); /* the same; 408 if its request is under way */
void slow_turn(struct http *http);
int64_t slow_due_ms(const struct http *http);
void slow_add(struct http *http, struct connection *connection);
void slow_remove(struct http *http, struct connection *connection);

/* memory.c */
void memory_init(struct http *http);
void memory_turn(struct http *http);        /* over the limit: ends who holds most */
void memory_weigh(struct request *self);    /* what it holds may have changed */
void memory_answered(struct request *self); /* its response is on the way */
void memory_close(struct request *self);    /* it holds nothing any more */

/* tap.c: runs the daemon, and looks at what it reads. */
void tap_run(struct http *http);
void tap_fini(struct tap *self);
/* A request with a chunked body begins; body: where that does, in libmicrohttpd's memory. 0, or the
 * status to refuse it with: its framing is malformed or can't be seen. What is malformed later is
 * refused by the tap itself, and the connection ends. */
int tap_begin(struct request *self, const char *body, const char **why);
void tap_end(struct request *self); /* of every request, while its connection is open */

/* trim.c */
void trim_opened(struct http *http);
void trim_closed(struct http *http);
void trim_turn(struct http *http);

/* Callbacks of the daemon (request.c). */
void *request_open(void *http, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result request_access(void *http, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_size, void **context);
void request_close(void *http, struct MHD_Connection *mhd, void **context,
                   enum MHD_RequestTerminationCode how);

/* The client of a parked or streaming request is gone, or the server ends: tells
 * the handler, then lets libmicrohttpd have the connection back. */
void request_hang_up(struct request *self);
void request_free_all(struct http *http);

/* header.c */
void header_names_init(struct header_names *self, const struct http_app *app);
/* 0, or the status to refuse the request with and why (static). 431: there is no
 * memory left to answer with. */
int header_check(struct request *self, const char *method, const char *version, const char **why);
/* Where the body begins, behind the header. */
const char *header_end(const struct request *self, const char *method);

#endif
