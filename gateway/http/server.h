/* What a server is made of. Its parts know each other in one direction only, downwards:
 *
 *   http       listens (listener), runs turns
 *   timeouts, crowd, relief, heap_trim
 *              what a turn does for all connections
 *   receive    a request's first byte … its handler
 *   request    … its answer
 *   stream     an answer that is made as it is read
 *   wait       what is answered later
 *   tap, header, chunks, uri
 *              read strictly what libmicrohttpd reads leniently
 *   connection, places, memory, response, tally
 */
#ifndef GATEWAY_HTTP_SERVER_H
#define GATEWAY_HTTP_SERVER_H

#include <microhttpd.h>

#include "gateway/http/connection.h"
#include "gateway/http/crowd.h"
#include "gateway/http/header.h"
#include "gateway/http/heap_trim.h"
#include "gateway/http/http.h"
#include "gateway/http/memory.h"
#include "gateway/http/places.h"
#include "gateway/http/relief.h"
#include "gateway/http/request.h"
#include "gateway/http/response.h"
#include "gateway/http/tally.h"
#include "gateway/http/tap.h"
#include "gateway/http/timeouts.h"

/* Looked at in one turn: a few ms. A short request, which most are and every probe is, may be
 * served beyond, up to twice. */
enum { turn_work_max = 8192 };

/* Why it is 503: on the connection of who waits, and of who still comes. */
#define ending_text "this gateway is ending: ask again, or another node"

/* Answers of the server's that name a key of the configuration. */
struct http_texts {
    char body[64];  /* is too large */
    char chunk[64]; /* is */
};

struct http {
    struct http_options options;
    struct http_texts texts;
    bool told_too_long; /* the log: that a request was */
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
    struct connections connections;
    struct request *parked;
    struct request *free;
    size_t free_count;
    struct heap_trim heap_trim;
    struct places places;
    struct tap tap;
    struct memory memory;
    struct crowd crowd;
    struct relief relief;
    struct timeouts timeouts;
    struct rooms rooms;
    struct http_counts counts;
    struct http_tally tally;
};

#endif
