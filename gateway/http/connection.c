#include "gateway/http/connection.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/heap.h"
#include "gateway/http/server.h"

/* ── among all ──────────────────────────────────────────────────────────────*/

static void link_all(struct connections *self, struct connection *connection)
{
    connection->next = self->first;
    if (self->first != NULL) {
        self->first->before = connection;
    }
    self->first = connection;
}

static void unlink_all(struct connections *self, struct connection *connection)
{
    if (self->cursor == connection) {
        self->cursor = connection->next;
    }
    if (connection->before != NULL) {
        connection->before->next = connection->next;
    } else {
        self->first = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->before = connection->before;
    }
}

struct connection *connection_new(struct http *http, struct MHD_Connection *mhd)
{
    struct connection *self = heap_new(sizeof(*self));

    *self = (struct connection){.http = http, .mhd = mhd, .since_ms = http->now.mono_ms};
    link_all(&http->connections, self);
    connection_move(self, PLACE_IDLE);
    http->counts.connections++;
    return self;
}

void connection_destroy(struct connection **self)
{
    struct connection *it = *self;
    struct http *http = it->http;

    *self = NULL;
    assert(it->request == NULL);
    unlink_all(&http->connections, it);
    places_remove(&http->places, &it->placed);
    http->places.leaving -= it->leaving ? 1 : 0;
    http->counts.connections--;
    free(it);
}

struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    assert(info != NULL && info->socket_context != NULL);
    return info->socket_context;
}

int connection_fd(const struct connection *self)
{
    return MHD_get_connection_info(self->mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* ── its place ──────────────────────────────────────────────────────────────*/

void connection_move(struct connection *self, enum place to)
{
    places_move(&self->http->places, &self->placed, to, self->http->now.mono_ms);
}

void connection_leave(struct connection *self)
{
    if (self->leaving) {
        return;
    }
    self->leaving = true;
    self->http->places.leaving++;
    places_remove(&self->http->places, &self->placed);
    /* Where libmicrohttpd does not read on (a buffer full of what it can't use) it does not see the
     * end of the socket either: its own clock ends the connection then. */
    (void)MHD_set_connection_option(self->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 1U);
}

/* ── its end, by our doing ──────────────────────────────────────────────────*/

void connection_say(const struct connection *self, struct str bytes)
{
    (void)send(connection_fd(self), bytes.data, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void connection_hang_up(struct connection *self)
{
    connection_leave(self);
    (void)shutdown(connection_fd(self), SHUT_RDWR);
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
