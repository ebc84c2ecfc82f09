#include "gateway/etcd/clients.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/heap.h"

enum {
    read_bytes = 64 * 1024,  /* a connection and turn */
    unsent_max = 256 * 1024, /* of a connection: more is made when it has taken some */
    greeting_ms = 10 * 1000, /* to say the first four bytes, as etcd has it */
    taking_ms = 120 * 1000,  /* to take something of what waits */
};

static const char greeting[] = {'P', 'R', 'I', ' '};

struct client {
    struct clients *all;
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
    struct client *next_dirty;
    struct list *in;       /* one of those of all */
    struct client *before; /* in it; the oldest first */
    struct client *next;
};

struct list {
    struct client *first;
    struct client *last;
};

struct clients {
    struct port_options options;
    struct port_app app;
    int epoll;
    struct list silent;   /* have not said what they speak */
    struct list speaking; /* HTTP/2 */
    struct list owed;     /* the same, and something waits for them */
    int64_t now_ms;       /* of the turn that runs */
    struct client *dirty;
    struct buf scratch; /* of the one that is being sent to */
    struct h2_spare spare;
    char *room; /* read_bytes */
    struct port_counts counts;
};

/* ── whom there is ── */

static void list_add(struct list *list, struct client *it)
{
    it->before = list->last;
    it->next = NULL;
    *(list->last != NULL ? &list->last->next : &list->first) = it;
    list->last = it;
    it->in = list;
}

static void list_remove(struct client *it)
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

static void watch(struct client *it, int op, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = it};
    int rc = epoll_ctl(it->all->epoll, op, it->fd, &event);

    it->over =
        it->over || rc != 0; /* no memory, or fs.epoll.max_user_watches: it can't be served */
}

static void wake(void *owner)
{
    struct client *it = owner;

    if (!it->dirty) {
        it->dirty = true;
        it->next_dirty = it->all->dirty;
        it->all->dirty = it;
    }
}

static void unlink_dirty(struct client *it)
{
    struct client **at = &it->all->dirty;

    if (it->dirty) {
        while (*at != it) {
            at = &(*at)->next_dirty;
        }
        *at = it->next_dirty;
        it->dirty = false;
    }
}

/* fd stays open if it was handed on: then it is -1 here. */
static void client_free(struct clients *self, struct client *it)
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

static void free_all(struct clients *self, struct list *list)
{
    struct client *next;

    for (struct client *it = list->first; it != NULL; it = next) {
        next = it->next;
        client_free(self, it);
    }
}

/* How many: those whose time is over. */
static unsigned free_due(struct clients *self, struct list *list, int64_t now_ms)
{
    struct client *next;
    unsigned count = 0;

    for (struct client *it = list->first; it != NULL && it->due_ms <= now_ms; it = next) {
        next = it->next;
        client_free(self, it);
        count++;
    }
    return count;
}

/* Fewer are not told of: a first byte alone would be told again and again. */
static void wait_for_bytes(int fd, int count)
{
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &count, sizeof(count));
}

/* A client whose host is gone is let go within five minutes, as etcd does. */
static void keep_alive(int fd)
{
    const int on = 1;
    const int every_s = 30;
    const int times = 9;

    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &every_s, sizeof(every_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof(every_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
}

void clients_take(struct clients *self, int fd, const struct now *now)
{
    struct client *it = calloc(1, sizeof(*it));
    const int on = 1;

    if (it == NULL || self->counts.connections >= self->options.connections_max) {
        self->counts.refused_total++;
        (void)close(fd);
        free(it);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    keep_alive(fd);
    wait_for_bytes(fd, sizeof(greeting));
    it->all = self;
    it->fd = fd;
    it->due_ms = now->mono_ms + greeting_ms;
    list_add(&self->silent, it);
    self->counts.connections++;
    self->counts.accepted_total++;
    watch(it, EPOLL_CTL_ADD, EPOLLIN);
    if (it->over) {
        client_free(self, it);
    }
}

/* ── sending ── */

/* Whether all of bytes was taken; what was not is kept. False also when the connection is broken.
 */
static bool send_bytes(struct client *it, struct str bytes)
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
        it->all->counts.bytes_out_total += (uint64_t)sent;
        bytes.data += sent;
        bytes.len -= (size_t)sent;
    }
    if (bytes.len > 0 && errno == EAGAIN) {
        buf_add_str(&it->unsent, bytes);
        it->all->counts.waiting_bytes += bytes.len;
        it->full = true;
        watch(it, EPOLL_CTL_MOD, EPOLLOUT);
    }
    return bytes.len == 0;
}

static bool send_unsent(struct client *it)
{
    struct clients *self = it->all;

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
static void note_owed(struct client *it)
{
    struct clients *self = it->all;
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
static bool flush(struct client *it)
{
    struct buf *scratch = &it->all->scratch;
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

void clients_flush(struct clients *self)
{
    while (self->dirty != NULL) {
        struct client *it = self->dirty;

        self->dirty = it->next_dirty;
        it->dirty = false;
        if (!it->full && !flush(it)) {
            client_free(self, it);
        } else {
            note_owed(it);
        }
    }
}

/* ── receiving ── */

/* Looks at the first bytes without taking them. False: it is not a connection of this port any
 * more. */
static bool peek(struct client *it, const struct now *now)
{
    struct clients *self = it->all;
    char seen[sizeof(greeting)] = {0};
    ssize_t len = recv(it->fd, seen, sizeof(seen), MSG_PEEK | MSG_DONTWAIT);
    int fd = it->fd;

    if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    if (len <= 0) {
        client_free(self, it);
        return false;
    }
    wait_for_bytes(fd, 1);
    if (memcmp(seen, greeting, sizeof(greeting)) != 0) {
        (void)epoll_ctl(self->epoll, EPOLL_CTL_DEL, fd, NULL);
        it->fd = -1;
        client_free(self, it);
        self->app.http1(self->app.state, fd, now);
        return false;
    }
    list_remove(it);
    it->h2 = h2_new(&self->options.h2, self->app.calls.app, self->app.calls.state,
                    (struct h2_wake){.wake = wake, .owner = it});
    list_add(&self->speaking, it);
    return true;
}

static void receive(struct client *it)
{
    struct clients *self = it->all;
    ssize_t len = recv(it->fd, self->room, read_bytes, MSG_DONTWAIT);

    if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (len <= 0) {
        client_free(self, it);
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

void clients_serve(struct clients *self, struct client *it, uint32_t events, const struct now *now)
{
    if (it->h2 == NULL && (!peek(it, now) || it->h2 == NULL)) {
        return;
    }
    if (it->full) {
        if ((events & (EPOLLERR | EPOLLHUP)) != 0 || !send_unsent(it)) {
            client_free(self, it);
        } else {
            wake(it);
        }
        return;
    }
    receive(it);
}

void clients_turn(struct clients *self, const struct now *now)
{
    self->now_ms = now->mono_ms;
    self->counts.refused_total += free_due(self, &self->silent, now->mono_ms);
    self->counts.stuck_total += free_due(self, &self->owed, now->mono_ms);
}

int64_t clients_due_ms(const struct clients *self)
{
    int64_t due_ms = INT64_MAX;

    if (self->silent.first != NULL) {
        due_ms = self->silent.first->due_ms;
    }
    if (self->owed.first != NULL && self->owed.first->due_ms < due_ms) {
        due_ms = self->owed.first->due_ms;
    }
    return due_ms;
}

/* ── their life ── */

struct clients *clients_new(int epoll, const struct port_options *options,
                            const struct port_app *app)
{
    struct clients *self = heap_new(sizeof(*self));

    self->options = *options;
    self->options.h2.spare = &self->spare;
    self->app = *app;
    self->epoll = epoll;
    self->counts.connections_max = options->connections_max;
    self->room = heap_get(read_bytes);
    return self;
}

void clients_drain(struct clients *self)
{
    for (struct client *it = self->speaking.first; it != NULL; it = it->next) {
        h2_drain(it->h2);
    }
    for (struct client *it = self->owed.first; it != NULL; it = it->next) {
        h2_drain(it->h2);
    }
}

void clients_destroy(struct clients **self)
{
    struct clients *clients = *self;

    if (clients == NULL) {
        return;
    }
    free_all(clients, &clients->silent);
    free_all(clients, &clients->speaking);
    free_all(clients, &clients->owed);
    h2_spare_fini(&clients->spare);
    buf_fini(&clients->scratch);
    free(clients->room);
    free(clients);
    *self = NULL;
}

void clients_forget(struct clients *self)
{
    h2_spare_fini(&self->spare);
}

void clients_refused(struct clients *self)
{
    self->counts.refused_total++;
}

const struct port_counts *clients_counts(const struct clients *self)
{
    return &self->counts;
}
