/* A request, from its first byte to the end of its answer.
 *
 *   READING ──body complete──► SERVING ──request_answer──► ANSWERED ──► queued
 *                                 │ request_park              ▲
 *                                 ├──────────► PARKED ────────┤ request_answer, hang-up
 *                                 │ request_stream            │
 *                                 └──────────► STREAMING      └ (its end is the response's)
 *
 * receive.c brings it to its handler, request.c to its answer, stream.c through a stream.
 */
#ifndef GATEWAY_HTTP_REQUEST_H
#define GATEWAY_HTTP_REQUEST_H

#include <microhttpd.h>
#include <stdalign.h>
#include <stddef.h>

#include "gateway/http/chunks.h"
#include "gateway/http/connection.h"
#include "gateway/http/response.h"

struct stream;

enum request_state {
    REQUEST_READING,
    REQUEST_SERVING,
    REQUEST_PARKED,
    REQUEST_ANSWERED,
    REQUEST_STREAMING,
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
    const char *verb;        /* where libmicrohttpd has the method */
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
    const char *route;       /* static; NULL: none of the app's */
    int64_t opened_ms;
    struct stream *stream;
    void *user;
    alignas(max_align_t) unsigned char own[]; /* the app's: http_app.own */
};

/* Callbacks of the daemon. */
void *request_open(void *http, const char *uri, struct MHD_Connection *mhd);
void request_close(void *http, struct MHD_Connection *mhd, void **context,
                   enum MHD_RequestTerminationCode how);

/* The client of a parked or streaming request is gone, or the server ends: tells
 * the handler, then lets libmicrohttpd have the connection back. */
void request_hang_up(struct request *self);

/* Counts it, as it is answered. */
void request_tally(struct request *self, const struct response *response);

/* Hands what request_answer or request_stream has given to libmicrohttpd. */
enum MHD_Result request_queue(struct request *self);

/* Those kept for reuse. */
void request_free_all(struct http *http);

#endif
