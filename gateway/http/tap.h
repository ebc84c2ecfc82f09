/* Looks at the bytes libmicrohttpd takes off its sockets (tap.c says why). */
#ifndef GATEWAY_HTTP_TAP_H
#define GATEWAY_HTTP_TAP_H

#include <stddef.h>

struct http;
struct request;

/* What libmicrohttpd has taken off its sockets. */
struct tap {
    int fd;                 /* the last it read from; -1: its bytes are not where they were */
    const char *end;        /* of what it read then */
    struct request **by_fd; /* owns; those with a chunked body that is being read */
    size_t cap;
};

/* Runs the daemon, and looks at what it reads. */
void tap_run(struct http *http);
void tap_fini(struct tap *self);
/* A request with a chunked body begins; body: where that does, in libmicrohttpd's memory. 0, or the
 * status to refuse it with: its framing is malformed or can't be seen. What is malformed later is
 * refused by the tap itself, and the connection ends. */
int tap_begin(struct request *self, const char *body, const char **why);
void tap_end(struct request *self); /* of every request, while its connection is open */

#endif
