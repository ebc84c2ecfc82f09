/* A client's connection, as it is known from the first byte to its end. */
#ifndef GATEWAY_HTTP_CONNECTION_H
#define GATEWAY_HTTP_CONNECTION_H

#include <microhttpd.h>

#include "common/base/str.h"
#include "gateway/http/places.h"

struct http;
struct request;

struct connection {
    struct placed placed; /* first: found by it */
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
};

/* All of a server, and a place among them from where a walk goes on. */
struct connections {
    struct connection *first;
    struct connection *cursor; /* NULL: no walk is under way */
};

struct connection *connection_new(struct http *http, struct MHD_Connection *mhd);
/* libmicrohttpd has closed it. */
void connection_destroy(struct connection **self);
/* Of one that libmicrohttpd names. */
struct connection *connection_of(struct MHD_Connection *mhd);
int connection_fd(const struct connection *self);

void connection_move(struct connection *self, enum place to);
/* It is about to be closed, whatever libmicrohttpd makes of it. */
void connection_leave(struct connection *self);

/* Writes bytes past libmicrohttpd, which has nothing to say on this connection. */
void connection_say(const struct connection *self, struct str bytes);
void connection_hang_up(struct connection *self); /* the daemon sees its end, and closes it */
void connection_cut_off(struct connection *self); /* the same; 408 if its request is under way */

#endif
