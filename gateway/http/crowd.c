#include "gateway/http/crowd.h"

#include <sys/socket.h>

#include "gateway/http/server.h"

enum { tries_max = 8 }; /* idle ones looked at that turn out to have sent something */

static const int64_t settled_ms = 1000;

/* The one that has been there for longest, if that is long. */
static struct connection *settled(const struct http *http, enum place at)
{
    struct placed *first = http->places.list[at].first;

    return first != NULL && http->now.mono_ms - first->since_ms >= settled_ms
               ? (struct connection *)(void *)first
               : NULL;
}

static bool has_sent(const struct connection *connection)
{
    char byte;

    return recv(connection_fd(connection), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static bool close_idle(struct http *http)
{
    struct connection *connection;

    for (int i = 0; i < tries_max && (connection = settled(http, PLACE_IDLE)) != NULL; i++) {
        if (has_sent(connection)) { /* its request is on the way into libmicrohttpd */
            connection_move(connection, PLACE_IDLE);
            continue;
        }
        connection_hang_up(connection);
        return true;
    }
    return false;
}

static bool cut_busy(struct http *http)
{
    struct connection *connection;

    for (int i = 0; i < tries_max && (connection = settled(http, PLACE_BUSY)) != NULL; i++) {
        if (connection->request != NULL && connection->request->state == REQUEST_PARKED) {
            connection_move(connection, PLACE_BUSY); /* a write: it has a deadline */
            continue;
        }
        connection_cut_off(connection);
        return true;
    }
    return false;
}

static bool spare(struct http *http)
{
    bool spared;

    if (http->app->spare == NULL) {
        return false;
    }
    http->crowd.sparing = true;
    spared = http->app->spare(http->state, &http->now);
    http->crowd.sparing = false;
    return spared;
}

static void say(struct http *http)
{
    struct places *self = &http->places;

    if (!http->crowd.said) {
        http->crowd.said = true;
        log_event(http->options.log, LOG_WARN, "connections_full",
                  "from now on idle ones are closed and waiting requests end early to keep "
                  "places for others (counted in http_crowded); for more raise the limit of "
                  "descriptors (ulimit -n, LimitNOFILE), connections_max or processes of "
                  "this section",
                  log_text("section", http->options.section),
                  log_uint("connections", http->counts.connections),
                  log_uint("connections_max", self->max), log_uint("places_kept", self->kept));
    }
}

void crowd_turn(struct http *http)
{
    struct places *self = &http->places;

    while (http->counts.connections - self->leaving + self->kept > self->max) {
        say(http);
        if (!close_idle(http) && !spare(http) && !cut_busy(http)) {
            return; /* all are new: libmicrohttpd accepts up to the limit, then no more */
        }
        http->counts.crowded_total++;
    }
}
