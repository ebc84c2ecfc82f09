/* Clients that take their time. libmicrohttpd's own timeout starts anew with every byte:
 * one byte a minute would hold a connection for a week. Here the time for a whole request
 * line, and for the rest of the request, is bounded. Who waits for an answer or reads one
 * slowly is left alone: a poll has its own deadline, a body is shared or made as it is read. */
#include <sys/socket.h>

#include "gateway/http/server.h"

enum { slice = 1024, sweep_every_ms = 1000 };

/* From its first line to the end of its body; a body has more, at 32 KB a second. */
static const int64_t request_ms = 30000;
static const int64_t bytes_per_ms = 32;

/* libmicrohttpd waits for ever, and busily, for the end of a chunk's first line that is
 * longer than its buffer: between two pieces of a chunked body a client has this long. */
static const int64_t chunk_silence_ms = 5000;

/* By then the end of a connection that libmicrohttpd sees has been seen. */
static const int64_t settle_ms = 1000;

void slow_add(struct http *http, struct connection *connection)
{
    connection->since_ms = http->now.mono_ms;
    connection->next = http->connections;
    if (http->connections != NULL) {
        http->connections->before = connection;
    }
    http->connections = connection;
}

void slow_remove(struct http *http, struct connection *connection)
{
    if (http->sweep == connection) {
        http->sweep = connection->next;
    }
    if (connection->before != NULL) {
        connection->before->next = connection->next;
    } else {
        http->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->before = connection->before;
    }
}

static bool is_too_slow(const struct http *http, const struct connection *connection)
{
    const struct request *request = connection->request;
    int64_t taken_ms = http->now.mono_ms - connection->since_ms;

    if (request == NULL) {
        return taken_ms > http->options.idle_ms;
    }
    if (request->state != REQUEST_READING) {
        return false;
    }
    return taken_ms > request_ms + (int64_t)request->body_seen / bytes_per_ms ||
           (request->chunked && http->now.mono_ms - request->piece_ms > chunk_silence_ms);
}

/* Whether its client has ended it unseen: libmicrohttpd takes a short read for all there is, and
 * is not told twice of an end that came right behind. */
static bool has_ended(const struct http *http, struct connection *connection)
{
    const struct request *request = connection->request;
    const union MHD_ConnectionInfo *info;
    char byte;

    if (http->now.mono_ms < connection->since_ms + settle_ms ||
        (request != NULL ? request->state != REQUEST_READING
                         : connection->looked_ms > connection->since_ms)) {
        return false;
    }
    connection->looked_ms = http->now.mono_ms;
    info = MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    return recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void connection_hang_up(struct connection *self)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(self->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

    places_leave(self);
    (void)shutdown(info->connect_fd, SHUT_RDWR);
}

void connection_cut_off(struct connection *self)
{
    if (self->request != NULL && self->request->state == REQUEST_READING) {
        connection_say(self, STR("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                                 "Content-Length: 0\r\n\r\n"));
        self->http->counts.refused_total++;
        self->http->counts.slow_total++;
    }
    connection_hang_up(self);
}

void slow_turn(struct http *http)
{
    if (http->sweep == NULL) {
        if (http->now.mono_ms < http->sweep_ms) {
            return;
        }
        http->sweep = http->connections;
        http->sweep_ms = http->now.mono_ms + sweep_every_ms;
    }
    for (int i = 0; i < slice && http->sweep != NULL; i++) {
        struct connection *connection = http->sweep;

        http->sweep = connection->next;
        if (connection->leaving) {
            continue;
        }
        if (is_too_slow(http, connection)) {
            connection_cut_off(connection);
        } else if (has_ended(http, connection)) {
            connection_hang_up(connection);
        }
    }
}

int64_t slow_due_ms(const struct http *http)
{
    if (http->connections == NULL) {
        return INT64_MAX;
    }
    return http->sweep != NULL ? http->now.mono_ms : http->sweep_ms;
}
