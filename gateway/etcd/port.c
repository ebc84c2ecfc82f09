#include "gateway/etcd/port.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/heap.h"
#include "gateway/http/listener.h"

enum {
    events_max = 256,
    accepts_max = 64,             /* a turn */
    read_bytes = 64 * 1024,       /* a connection and turn */
    unsent_max = 256 * 1024,      /* of a connection: more is made when it has taken some */
    greeting_ms = 10 * 1000,      /* to say the first four bytes, as etcd has it */
    taking_ms = 120 * 1000,       /* to take something of what waits */
    no_descriptor_pause_ms = 100, /* until connections are taken again */
    backlog = 1024,
};

static const char greeting[] = {'P', 'R', 'I', ' '};

struct connection {
    struct port *port;
    int fd;
    struct h2 *h2;     /* NULL: it has not said what it speaks */
    struct buf unsent; /* what the socket did not take */
    size_t sent;       /* of that */
    int64_t due_ms;    /* while h2 is NULL, or something waits for it */
    uint64_t taken;    /* bytes, when due_ms was set */
    uint64_t socket;   /* bytes that it took late */
    bool dirty;        /* in the list of those that may have something to send */
    bool over;         /* to be closed when all is sent */
    bool full;         /* the socket takes no more: it is waited for, nothing is read meanwhile */
    struct connection *next_dirty;
    struct list *in;           /* one of the port's */
    struct connection *before; /* in it; the oldest first */
    struct connection *next;
};

struct list {
    struct connection *first;
    struct connection *last;
};

struct port {
    struct port_options options;
    const struct port_app *app;
    void *state;
    int epoll;
    int listener;    /* -1: closed by port_drain */
    uint16_t number; /* the port really bound */
    struct buf at;   /* host:number */
    bool listens;
    int64_t accept_ms;    /* no descriptor was left: not before; INT64_MAX: it is listened to */
    struct list silent;   /* have not said what they speak */
    struct list speaking; /* HTTP/2 */
    struct list owed;     /* the same, and something waits for them */
    int64_t now_ms;       /* of the turn that runs */
    struct connection *dirty;
    struct buf scratch; /* of the connection that is being sent to */
    struct h2_spare spare;
    char *room; /* read_bytes */
    struct port_counts counts;
};

/* ── connections ── */

static void list_add(struct list *list, struct connection *it)
{
    it->before = list->last;
    it->next = NULL;
    *(list->last != NULL ? &list->last->next : &list->first) = it;
    list->last = it;
    it->in = list;
}

static void list_remove(struct connection *it)
{
    struct list *list = it->in;

    if (list->first == it) {
        list->first = it->next;
    } else {
        it->before->next = it->next;
    }
    if (list->last == it) {
        list->last = it->before;
    } else {
        it->next->before = it->before;
    }
}

static void watch(struct connection *it, int op, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = it};
    int rc = epoll_ctl(it->port->epoll, op, it->fd, &event);

    it->over =
        it->over || rc != 0; /* no memory, or fs.epoll.max_user_watches: it can't be served */
}

static void wake(void *owner)
{
    struct connection *it = owner;

    if (!it->dirty) {
        it->dirty = true;
        it->next_dirty = it->port->dirty;
        it->port->dirty = it;
    }
}

static void unlink_dirty(struct connection *it)
{
    struct connection **at = &it->port->dirty;

    if (it->dirty) {
        while (*at != it) {
            at = &(*at)->next_dirty;
        }
        *at = it->next_dirty;
        it->dirty = false;
    }
}

/* fd stays open if it was handed on: then it is -1 here. */
static void connection_free(struct port *self, struct connection *it)
{
    self->counts.waiting_bytes -= it->unsent.len - it->sent;
    list_remove(it);
    h2_destroy(&it->h2);
    unlink_dirty(it); /* gone may have woken it */
    if (it->fd >= 0) {
        (void)close(it->fd);
    }
    buf_fini(&it->unsent);
    self->counts.connections--;
    free(it);
}

static void free_all(struct port *self, struct list *list)
{
    struct connection *next;

    for (struct connection *it = list->first; it != NULL; it = next) {
        next = it->next;
        connection_free(self, it);
    }
}

/* How many: those whose time is over. */
static unsigned free_due(struct port *self, struct list *list, int64_t now_ms)
{
    struct connection *next;
    unsigned count = 0;

    for (struct connection *it = list->first; it != NULL && it->due_ms <= now_ms; it = next) {
        next = it->next;
        connection_free(self, it);
        count++;
    }
    return count;
}

/* Fewer are not told of: a first byte alone would be told again and again. */
static void wait_for_bytes(int fd, int count)
{
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &count, sizeof(count));
}

static void take_connection(struct port *self, int fd, const struct now *now)
{
    struct connection *it = calloc(1, sizeof(*it));
    const int on = 1;

    if (it == NULL || self->counts.connections >= self->options.connections_max) {
        self->counts.refused_total++;
        (void)close(fd);
        free(it);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    wait_for_bytes(fd, sizeof(greeting));
    it->port = self;
    it->fd = fd;
    it->due_ms = now->mono_ms + greeting_ms;
    list_add(&self->silent, it);
    self->counts.connections++;
    self->counts.accepted_total++;
    watch(it, EPOLL_CTL_ADD, EPOLLIN);
    if (it->over) {
        connection_free(self, it);
    }
}

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
            take_connection(self, fd, now);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            self->accept_ms = now->mono_ms + no_descriptor_pause_ms;
            listen_on(self, 0);
            self->counts.refused_total++;
            return false;
        } else if (errno == EAGAIN) {
            return false;
        } /* else one that went before it was taken */
    }
    return true;
}

/* ── sending ── */

/* Whether all of bytes was taken; what was not is kept. False also when the connection is broken.
 */
static bool send_bytes(struct connection *it, struct str bytes)
{
    ssize_t sent = 0;

    while (bytes.len > 0) {
        sent = send(it->fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            break;
        }
        it->port->counts.bytes_out_total += (uint64_t)sent;
        bytes.data += sent;
        bytes.len -= (size_t)sent;
    }
    if (bytes.len > 0 && errno == EAGAIN) {
        buf_add_str(&it->unsent, bytes);
        it->port->counts.waiting_bytes += bytes.len;
        it->full = true;
        watch(it, EPOLL_CTL_MOD, EPOLLOUT);
    }
    return bytes.len == 0;
}

static bool send_unsent(struct connection *it)
{
    struct port *self = it->port;

    while (it->sent < it->unsent.len) {
        ssize_t sent = send(it->fd, it->unsent.data + it->sent, it->unsent.len - it->sent,
                            MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return errno == EAGAIN;
        }
        it->sent += (size_t)sent;
        self->counts.bytes_out_total += (uint64_t)sent;
        self->counts.waiting_bytes -= (uint64_t)sent;
    }
    buf_fini(&it->unsent);
    it->socket += it->sent;
    it->sent = 0;
    it->full = false;
    watch(it, EPOLL_CTL_MOD, EPOLLIN);
    return true;
}

/* Its time runs while something waits for it, and begins anew when it takes some. */
static void note_owed(struct connection *it)
{
    struct port *self = it->port;
    uint64_t taken = h2_taken(it->h2) + it->socket + it->sent;
    bool owed = it->full || h2_owed(it->h2) > 0;

    if (!owed && it->in == &self->owed) {
        list_remove(it);
        list_add(&self->speaking, it);
    } else if (owed && (it->in != &self->owed || taken != it->taken)) {
        list_remove(it);
        list_add(&self->owed, it);
        it->taken = taken;
        it->due_ms = self->now_ms + taking_ms;
    }
}

/* False: it is to be closed. */
static bool flush(struct connection *it)
{
    struct buf *scratch = &it->port->scratch;
    bool goes_on = true;

    do {
        scratch->len = 0;
        goes_on = h2_produce(it->h2, scratch, unsent_max);
        if (!send_bytes(it, buf_str(scratch)) && !it->full) {
            return false;
        }
    } while (!it->full && scratch->len >= unsent_max);
    it->over = it->over || !goes_on;
    return it->full || !it->over;
}

void port_flush(struct port *self)
{
    while (self->dirty != NULL) {
        struct connection *it = self->dirty;

        self->dirty = it->next_dirty;
        it->dirty = false;
        if (!it->full && !flush(it)) {
            connection_free(self, it);
        } else {
            note_owed(it);
        }
    }
}

/* ── receiving ── */

/* Looks at the first bytes without taking them. False: it is not a connection of this port any
 * more. */
static bool peek(struct connection *it, const struct now *now)
{
    struct port *self = it->port;
    char seen[sizeof(greeting)] = {0};
    ssize_t len = recv(it->fd, seen, sizeof(seen), MSG_PEEK | MSG_DONTWAIT);
    int fd = it->fd;

    if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    if (len <= 0) {
        connection_free(self, it);
        return false;
    }
    wait_for_bytes(fd, 1);
    if (memcmp(seen, greeting, sizeof(greeting)) != 0) {
        (void)epoll_ctl(self->epoll, EPOLL_CTL_DEL, fd, NULL);
        it->fd = -1;
        connection_free(self, it);
        self->app->http1(self->state, fd, now);
        return false;
    }
    list_remove(it);
    it->h2 = h2_new(&self->options.h2, &self->app->h2, self->state,
                    (struct h2_wake){.wake = wake, .owner = it});
    list_add(&self->speaking, it);
    return true;
}

static void receive(struct connection *it)
{
    struct port *self = it->port;
    ssize_t len = recv(it->fd, self->room, read_bytes, MSG_DONTWAIT);

    if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (len <= 0) {
        connection_free(self, it);
        return;
    }
    self->counts.bytes_in_total += (uint64_t)len;
    it->over = h2_receive(it->h2, (struct str){self->room, (size_t)len}) != ERR_OK || it->over;
    if (it->over || h2_has_work(it->h2)) {
        wake(it);
    } else {
        note_owed(it); /* a call that something waited for may have been cancelled */
    }
}

static void serve(struct port *self, struct connection *it, uint32_t events, const struct now *now)
{
    if (it->h2 == NULL && (!peek(it, now) || it->h2 == NULL)) {
        return;
    }
    if (it->full) {
        if ((events & (EPOLLERR | EPOLLHUP)) != 0 || !send_unsent(it)) {
            connection_free(self, it);
        } else {
            wake(it);
        }
        return;
    }
    receive(it);
}

bool port_turn(struct port *self, const struct now *now)
{
    struct epoll_event events[events_max];
    int count;
    bool more;

    self->now_ms = now->mono_ms;
    self->counts.refused_total += free_due(self, &self->silent, now->mono_ms);
    self->counts.stuck_total += free_due(self, &self->owed, now->mono_ms);
    if (self->accept_ms <= now->mono_ms) {
        listen_on(self, EPOLLIN);
        self->accept_ms = INT64_MAX;
    }
    count = epoll_wait(self->epoll, events, events_max, 0);
    more = count == events_max;
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr != self) {
            serve(self, events[i].data.ptr, events[i].events, now);
        } else {
            more = accept_some(self, now) || more;
        }
    }
    return more;
}

int64_t port_due_ms(const struct port *self)
{
    int64_t due_ms = self->accept_ms;

    if (self->silent.first != NULL && self->silent.first->due_ms < due_ms) {
        due_ms = self->silent.first->due_ms;
    }
    if (self->owed.first != NULL && self->owed.first->due_ms < due_ms) {
        due_ms = self->owed.first->due_ms;
    }
    return due_ms;
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
                  const struct port_app *app, void *state)
{
    struct port *port = heap_new(sizeof(*port));
    enum err err;

    port->options = *options;
    port->options.h2.spare = &port->spare;
    port->app = app;
    port->state = state;
    port->counts.connections_max = options->connections_max;
    port->listener = -1;
    port->accept_ms = INT64_MAX;
    port->room = heap_get(read_bytes);
    port->epoll = epoll_create1(EPOLL_CLOEXEC);
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
    for (struct connection *it = self->speaking.first; it != NULL; it = it->next) {
        h2_drain(it->h2);
    }
    for (struct connection *it = self->owed.first; it != NULL; it = it->next) {
        h2_drain(it->h2);
    }
}

void port_destroy(struct port **self)
{
    struct port *port = *self;

    if (port == NULL) {
        return;
    }
    free_all(port, &port->silent);
    free_all(port, &port->speaking);
    free_all(port, &port->owed);
    h2_spare_fini(&port->spare);
    if (port->listener >= 0) {
        (void)close(port->listener);
    }
    if (port->epoll >= 0) {
        (void)close(port->epoll);
    }
    buf_fini(&port->scratch);
    buf_fini(&port->at);
    free(port->room);
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
    h2_spare_fini(&self->spare);
}

void port_counts(const struct port *self, struct port_counts *counts)
{
    *counts = self->counts;
}
