/* Clients that take their time. libmicrohttpd's own timeout starts anew with every byte:
 * one byte a minute would hold a connection for a week. Here the time for a whole request
 * line, and for the rest of the request, is bounded. Who waits for an answer or reads one
 * slowly is left alone: a poll has its own deadline, a body is shared or made as it is read. A
 * slice of the connections is looked at in each turn. */
#ifndef GATEWAY_HTTP_TIMEOUTS_H
#define GATEWAY_HTTP_TIMEOUTS_H

#include <stdint.h>

struct http;

struct timeouts {
    int64_t sweep_ms; /* when the next look at all of them begins */
};

void timeouts_turn(struct http *http);
int64_t timeouts_due_ms(const struct http *http); /* mono ms; INT64_MAX: nobody is there */

#endif
