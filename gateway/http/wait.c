#include "gateway/http/wait.h"

#include <sys/epoll.h>

#include "gateway/http/server.h"

/* To suspend a connection and to resume it costs three system calls, as much as all else of a
 * short request: one that is answered soon stays with libmicrohttpd, which asks for its answer
 * whenever it runs. Beyond this it does not stay. */
static const int64_t await_ms = 20;

void wait_link(struct request *self)
{
    struct http *http = self->http;

    self->next = http->parked;
    if (http->parked != NULL) {
        http->parked->before = self;
    }
    http->parked = self;
}

void wait_unlink(struct request *self)
{
    struct http *http = self->http;

    if (self->before != NULL) {
        self->before->next = self->next;
    } else {
        http->parked = self->next;
    }
    if (self->next != NULL) {
        self->next->before = self->before;
    }
    self->before = NULL;
    self->next = NULL;
}

void wait_stop_awaiting(struct request *self)
{
    self->http->awaiting -= self->awaits ? 1 : 0;
    self->awaits = false;
}

/* The socket stays watched until it is closed: one call a connection, and
 * edge-triggered, so that a hung-up one that is not parked costs one event. */
void wait_suspend(struct request *self)
{
    struct connection *connection = self->connection;

    if (!connection->watched) {
        struct epoll_event event = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = connection};

        connection->watched =
            epoll_ctl(self->http->epoll, EPOLL_CTL_ADD, connection_fd(connection), &event) == 0;
    }
    wait_stop_awaiting(self);
    self->suspended = true;
    MHD_suspend_connection(connection->mhd);
}

void wait_resume(struct request *self)
{
    if (self->suspended) {
        self->suspended = false;
        self->http->resumed = true;
        MHD_resume_connection(self->connection->mhd);
    }
}

void wait_await(struct request *self)
{
    self->held = true;
    self->awaits = true;
    self->awaits_until_ms = self->http->now.mono_ms + await_ms;
    self->http->awaiting++;
}
