#include "gateway/http/timeouts.h"

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
    char byte;

    if (http->now.mono_ms < connection->since_ms + settle_ms ||
        (request != NULL ? request->state != REQUEST_READING
                         : connection->looked_ms > connection->since_ms)) {
        return false;
    }
    connection->looked_ms = http->now.mono_ms;
    return recv(connection_fd(connection), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void timeouts_turn(struct http *http)
{
    if (http->connections.cursor == NULL) {
        if (http->now.mono_ms < http->timeouts.sweep_ms) {
            return;
        }
        http->connections.cursor = http->connections.first;
        http->timeouts.sweep_ms = http->now.mono_ms + sweep_every_ms;
    }
    for (int i = 0; i < slice && http->connections.cursor != NULL; i++) {
        struct connection *connection = http->connections.cursor;

        http->connections.cursor = connection->next;
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

int64_t timeouts_due_ms(const struct http *http)
{
    if (http->connections.first == NULL) {
        return INT64_MAX;
    }
    return http->connections.cursor != NULL ? http->now.mono_ms : http->timeouts.sweep_ms;
}
