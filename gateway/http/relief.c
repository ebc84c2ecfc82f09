#include "gateway/http/relief.h"

#include <string.h>

#include "gateway/http/server.h"

enum {
    enders_max = 16,   /* ended in one turn */
    light_bytes = 4096 /* whoever holds no more is not worth ending */
};

static const int64_t settled_ms = 1000;

static size_t weight_of(const struct connection *connection)
{
    const struct request *request = connection->request;
    size_t weight;

    if (request == NULL || connection->leaving) {
        return 0;
    }
    weight = request->weight;
    if (request->answer != NULL) {
        weight += request->answer->body.len / request->answer->holders;
    }
    if (request->state == REQUEST_ANSWERED && /* it is on its way as fast as it is read */
        request->http->now.mono_ms - connection->placed.since_ms < settled_ms) {
        return 0;
    }
    return weight > light_bytes ? weight : 0;
}

/* In order, the heaviest first. */
static void note(struct connection **heaviest, struct connection *connection)
{
    size_t weight = weight_of(connection);
    size_t at = enders_max;

    if (weight == 0) {
        return;
    }
    while (at > 0 && (heaviest[at - 1] == NULL || weight_of(heaviest[at - 1]) < weight)) {
        at--;
    }
    if (at < enders_max) {
        memmove(&heaviest[at + 1], &heaviest[at],
                (enders_max - 1 - at) * sizeof(struct connection *));
        heaviest[at] = connection;
    }
}

static void end(struct connection *connection)
{
    struct request *request = connection->request;

    switch (request->state) {
    case REQUEST_PARKED:
        request_hang_up(request);
        break;
    case REQUEST_STREAMING:
        request_cut(request);
        break;
    case REQUEST_READING:
        connection_say(connection, STR("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                                       "Retry-After: 1\r\nContent-Length: 0\r\n\r\n"));
        connection_hang_up(connection);
        break;
    default:
        connection_hang_up(connection);
        break;
    }
    connection->http->counts.emptied_total++;
}

static void say(struct http *http)
{
    if (!http->relief.said) {
        http->relief.said = true;
        log_event(http->options.log, LOG_WARN, "memory_full",
                  "what is held for clients is over the limit: from now on those that hold "
                  "most are ended (counted in http_emptied) and reads answered 503; raise "
                  "memory_max of this section if the machine has more",
                  log_text("section", http->options.section),
                  log_uint("held_bytes", http->memory.held),
                  log_uint("max_bytes", http->memory.max));
    }
}

void relief_turn(struct http *http)
{
    struct connection *heaviest[enders_max] = {NULL};
    uint64_t over;
    uint64_t freed = 0; /* an answer's memory only when libmicrohttpd has closed */

    if (!memory_is_full(&http->memory)) {
        return;
    }
    say(http);
    for (struct connection *it = http->connections.first; it != NULL; it = it->next) {
        note(heaviest, it);
    }
    over = http->memory.held - http->memory.max;
    for (int i = 0; i < enders_max && heaviest[i] != NULL && freed < over; i++) {
        freed += weight_of(heaviest[i]);
        end(heaviest[i]);
    }
}
