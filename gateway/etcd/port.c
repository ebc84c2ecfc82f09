#include "gateway/etcd/port.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/heap.h"
#include "gateway/etcd/clients.h"
#include "gateway/http/listener.h"

enum {
    events_max = 256,
    accepts_max = 64,             /* a turn */
    no_descriptor_pause_ms = 100, /* until connections are taken again */
    backlog = 1024,
};

struct port {
    struct port_options options;
    struct clients *clients;
    int epoll;       /* tells of clients, and by the port itself of its listener */
    int listener;    /* -1: closed by port_drain */
    uint16_t number; /* the port really bound */
    struct buf at;   /* host:number */
    bool listens;
    int64_t accept_ms; /* no descriptor was left: not before; INT64_MAX: it is listened to */
};

static void listen_on(struct port *self, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = self};

    (void)epoll_ctl(self->epoll, EPOLL_CTL_MOD, self->listener, &event);
}

/* True: more may be waiting. */
static bool accept_some(struct port *self, const struct now *now)
{
    for (unsigned i = 0; i < accepts_max; i++) {
        int fd = accept4(self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            clients_take(self->clients, fd, now);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            self->accept_ms = now->mono_ms + no_descriptor_pause_ms;
            listen_on(self, 0);
            clients_refused(self->clients);
            return false;
        } else if (errno == EAGAIN) {
            return false;
        } /* else one that went before it was taken */
    }
    return true;
}

bool port_turn(struct port *self, const struct now *now)
{
    struct epoll_event events[events_max];
    int count;
    bool more;

    clients_turn(self->clients, now);
    if (self->accept_ms <= now->mono_ms) {
        listen_on(self, EPOLLIN);
        self->accept_ms = INT64_MAX;
    }
    count = epoll_wait(self->epoll, events, events_max, 0);
    more = count == events_max;
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr != self) {
            clients_serve(self->clients, events[i].data.ptr, events[i].events, now);
        } else {
            more = accept_some(self, now) || more;
        }
    }
    return more;
}

void port_flush(struct port *self)
{
    clients_flush(self->clients);
}

int64_t port_due_ms(const struct port *self)
{
    int64_t due_ms = clients_due_ms(self->clients);

    return self->accept_ms < due_ms ? self->accept_ms : due_ms;
}

/* ── its life ── */

/* What was any free port stays the same one. */
static void remember_port(struct port *self)
{
    struct str host = str_from(self->options.listen);

    while (host.len > 0 && host.data[host.len - 1] != ':') {
        host.len--;
    }
    self->number = listener_port(self->listener);
    buf_printf(&self->at, "%.*s%u%c", STR_ARG(host), (unsigned)self->number, 0);
}

static enum err bind_listener(struct port *self)
{
    const struct listener_options at = {.listen =
                                            self->at.len > 0 ? self->at.data : self->options.listen,
                                        .section = self->options.section,
                                        .reuse_port = self->options.reuse_port,
                                        .log = self->options.log};
    enum err err = listener_bind(&at, &self->listener);

    if (err == ERR_OK && self->at.len == 0) {
        remember_port(self);
    }
    return err;
}

enum err port_new(struct port **self, const struct port_options *options,
                  const struct port_app *app)
{
    struct port *port = heap_new(sizeof(*port));
    enum err err;

    port->options = *options;
    port->listener = -1;
    port->accept_ms = INT64_MAX;
    port->epoll = epoll_create1(EPOLL_CLOEXEC);
    port->clients = clients_new(port->epoll, options, app);
    err = port->epoll < 0 ? ERR_IO : bind_listener(port);
    if (err != ERR_OK) {
        port_destroy(&port);
        return err;
    }
    *self = port;
    return ERR_OK;
}

enum err port_listen(struct port *self)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = self};

    if (self->listener < 0 && bind_listener(self) != ERR_OK) {
        return ERR_IO;
    }
    if (listen(self->listener, backlog) != 0 ||
        epoll_ctl(self->epoll, EPOLL_CTL_ADD, self->listener, &event) != 0) {
        return ERR_IO;
    }
    self->listens = true;
    self->accept_ms = INT64_MAX;
    return ERR_OK;
}

void port_drain(struct port *self)
{
    if (self->listener >= 0) {
        (void)close(self->listener);
        self->listener = -1;
        self->listens = false;
        self->accept_ms = INT64_MAX;
    }
    clients_drain(self->clients);
}

void port_destroy(struct port **self)
{
    struct port *port = *self;

    if (port == NULL) {
        return;
    }
    clients_destroy(&port->clients);
    if (port->listener >= 0) {
        (void)close(port->listener);
    }
    if (port->epoll >= 0) {
        (void)close(port->epoll);
    }
    buf_fini(&port->at);
    free(port);
    *self = NULL;
}

int port_fd(const struct port *self)
{
    return self->epoll;
}

uint16_t port_number(const struct port *self)
{
    return self->number;
}

void port_forget(struct port *self)
{
    clients_forget(self->clients);
}

void port_counts(const struct port *self, struct port_counts *counts)
{
    *counts = *clients_counts(self->clients);
}
