/* Places for connections, and who gives up his when they run short. A new client may be a probe or
 * a heartbeat that would be answered within a millisecond, so some places are always kept free for
 * it: beyond that somebody who holds one and is served nothing by it makes room.
 *
 *   idle     between two requests, the longest silent first: closed
 *   parked   what the handlers say can be ended early (http_app.spare)
 *   busy     sends its request or reads its answer, the slowest first: cut off
 *
 * Nobody gives up a place he has had for less than a second: it may be the probe. */
#include <sys/resource.h>
#include <sys/socket.h>

#include "gateway/http/server.h"

enum {
    other_fds = 256, /* sockets of the bus, files, the log */
    kept_max = 64,   /* more than one turn accepts */
    kept_share = 8,
    tries_max = 8, /* idle ones looked at that turn out to have sent something */
};

static const int64_t settled_ms = 1000;

/* ── the lists ──────────────────────────────────────────────────────────────*/

static void unlink_placed(struct connection *connection)
{
    struct places *places = &connection->http->places;
    struct place_list *list = &places->list[connection->place];

    if (connection->place == PLACE_NONE) {
        return;
    }
    *(connection->placed_before != NULL ? &connection->placed_before->placed_next : &list->first) =
        connection->placed_next;
    *(connection->placed_next != NULL ? &connection->placed_next->placed_before : &list->last) =
        connection->placed_before;
    connection->place = PLACE_NONE;
}

void places_move(struct connection *connection, enum place to)
{
    struct place_list *list = &connection->http->places.list[to];

    unlink_placed(connection);
    if (to == PLACE_NONE) {
        return;
    }
    connection->place = to;
    connection->placed_ms = connection->http->now.mono_ms;
    connection->placed_next = NULL;
    connection->placed_before = list->last;
    *(list->last != NULL ? &list->last->placed_next : &list->first) = connection;
    list->last = connection;
}

void places_remove(struct connection *connection)
{
    unlink_placed(connection);
    connection->http->places.leaving -= connection->leaving ? 1 : 0;
}

void places_leave(struct connection *connection)
{
    if (connection->leaving) {
        return;
    }
    connection->leaving = true;
    connection->http->places.leaving++;
    unlink_placed(connection);
    /* Where libmicrohttpd does not read on (a buffer full of what it can't use) it does not see the
     * end of the socket either: its own clock ends the connection then. */
    (void)MHD_set_connection_option(connection->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 1U);
}

/* ── how many ───────────────────────────────────────────────────────────────*/

static uint64_t descriptors(void)
{
    struct rlimit limit = {0};

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 1u << 20) {
        limit.rlim_cur = 1u << 20;
    }
    return limit.rlim_cur;
}

void places_init(struct http *http)
{
    struct places *self = &http->places;
    uint64_t limit = descriptors();
    uint64_t possible = limit / 2 > other_fds ? limit - other_fds : limit / 2;
    uint64_t asked = http->options.connections_max;

    self->max = asked == 0 || asked > possible ? possible : asked;
    self->kept = self->max / kept_share < kept_max ? self->max / kept_share : kept_max;
    if (asked > possible) {
        log_event(http->options.log, LOG_WARN, "connections_bounded",
                  "%s.connections_max=%llu, but only %llu fit the limit of %llu descriptors: "
                  "raise it (ulimit -n, LimitNOFILE)",
                  http->options.section, (unsigned long long)asked, (unsigned long long)possible,
                  (unsigned long long)limit);
    }
}

/* ── making room ────────────────────────────────────────────────────────────*/

static bool is_settled(const struct connection *connection)
{
    return connection != NULL &&
           connection->http->now.mono_ms - connection->placed_ms >= settled_ms;
}

static bool has_sent(const struct connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    char byte;

    return recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static bool close_idle(struct http *http)
{
    struct place_list *idle = &http->places.list[PLACE_IDLE];

    for (int i = 0; i < tries_max && is_settled(idle->first); i++) {
        struct connection *connection = idle->first;

        if (has_sent(connection)) { /* its request is on the way into libmicrohttpd */
            places_move(connection, PLACE_IDLE);
            continue;
        }
        connection_hang_up(connection);
        return true;
    }
    return false;
}

static bool cut_busy(struct http *http)
{
    struct place_list *busy = &http->places.list[PLACE_BUSY];

    for (int i = 0; i < tries_max && is_settled(busy->first); i++) {
        struct connection *connection = busy->first;

        if (connection->request != NULL && connection->request->state == REQUEST_PARKED) {
            places_move(connection, PLACE_BUSY); /* a write: it has a deadline */
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
    http->places.sparing = true;
    spared = http->app->spare(http->state, &http->now);
    http->places.sparing = false;
    return spared;
}

static void say(struct http *http)
{
    struct places *self = &http->places;

    if (!self->said) {
        self->said = true;
        log_event(http->options.log, LOG_WARN, "connections_full",
                  "%llu connections, all but %llu of the %llu there may be: from now on idle ones "
                  "are closed and waiting polls end early to keep places for others (counted in "
                  "http_crowded); for more raise the limit of descriptors (ulimit -n, "
                  "LimitNOFILE), %s.connections_max or %s.processes",
                  (unsigned long long)http->counts.connections, (unsigned long long)self->kept,
                  (unsigned long long)self->max, http->options.section, http->options.section);
    }
}

void places_turn(struct http *http)
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
