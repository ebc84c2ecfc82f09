#include "common/runtime/wait.h"

#include <assert.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/heap.h"

struct wait_place {
    const void *socket; /* whose descriptor this is; NULL: not known yet, or of none */
    int fd;             /* in the epoll; -1: none */
    bool ask;
};

static void note(struct used *self, const void *socket, bool empty)
{
    for (unsigned i = 0; i < self->count; i++) {
        if (self->socket[i] == socket) {
            self->empty[i] = empty;
            return;
        }
    }
    if (self->count == used_max) {
        self->all = true;
        return;
    }
    self->empty[self->count] = empty;
    self->socket[self->count++] = socket;
}

void used_add(struct used *self, const void *socket)
{
    if (socket != NULL) {
        note(self, socket, false);
    }
}

void used_empty(struct used *self, const void *socket)
{
    note(self, socket, true);
}

/* had: its last answer was that it has something. */
static bool is_to_be_asked(const struct used *self, const void *socket, bool had)
{
    for (unsigned i = 0; i < self->count && !self->all; i++) {
        if (self->socket[i] == socket) {
            return !self->empty[i];
        }
    }
    return self->all || had;
}

void wait_init(struct wait *self, size_t items_max)
{
    self->places = heap_array(items_max, sizeof(*self->places));
    self->events = heap_array(items_max, sizeof(*self->events));
    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    assert(self->epoll >= 0);
    for (size_t i = 0; i < items_max; i++) {
        self->places[i].fd = -1;
    }
}

void wait_fini(struct wait *self)
{
    free(self->places);
    free(self->events);
    close(self->epoll);
    *self = (struct wait){.epoll = -1};
}

/* What was there before may be closed, and its number be another's by now: then it has left the
 * epoll by itself. One that the kernel has no room for (fs.epoll.max_user_watches) is tried again,
 * and its socket asked, at each wait. */
static void watch(struct wait *self, size_t at, int fd)
{
    struct wait_place *place = &self->places[at];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = at};

    if (place->fd >= 0) {
        (void)epoll_ctl(self->epoll, EPOLL_CTL_DEL, place->fd, NULL);
    }
    place->fd = fd >= 0 && epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? fd : -1;
}

void wait_anew(struct wait *self, size_t from, size_t items_max)
{
    for (size_t i = from; i < items_max; i++) {
        self->places[i].socket = NULL;
        watch(self, i, -1);
    }
}

static short events_of(const zmq_pollitem_t *item)
{
    size_t size = sizeof(int);
    int events = 0;

    if (zmq_getsockopt(item->socket, ZMQ_EVENTS, &events, &size) != 0) {
        return 0;
    }
    return (short)(events & item->events);
}

/* Finds out which sockets are to be asked before the descriptors may be trusted. */
static void look_at(struct wait *self, const zmq_pollitem_t *items, size_t count,
                    const struct used *used)
{
    for (size_t i = 0; i < count; i++) {
        struct wait_place *place = &self->places[i];
        const zmq_pollitem_t *item = &items[i];

        if (item->socket == NULL) {
            assert(item->events == ZMQ_POLLIN);
            if (place->socket != NULL || place->fd != item->fd) {
                watch(self, i, item->fd);
            }
            place->socket = NULL;
            place->ask = false;
        } else if (place->socket != item->socket) {
            int fd = -1;
            size_t size = sizeof(fd);
            int rc = zmq_getsockopt(item->socket, ZMQ_FD, &fd, &size);

            assert(rc == 0);
            (void)rc;
            watch(self, i, fd);
            place->socket = place->fd >= 0 ? item->socket : NULL;
            place->ask = true;
        } else {
            place->ask = is_to_be_asked(used, item->socket, item->revents != 0);
        }
    }
}

static bool ask_all(struct wait *self, zmq_pollitem_t *items, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        items[i].revents = self->places[i].ask ? events_of(&items[i]) : 0;
        any = any || items[i].revents != 0;
    }
    return any;
}

/* Of the items whose descriptors have an event; those that were asked before keep their answer. */
static bool take_events(const struct wait *self, zmq_pollitem_t *items, int count)
{
    bool any = false;

    for (int i = 0; i < count; i++) {
        zmq_pollitem_t *item = &items[self->events[i].data.u64];

        item->revents = item->socket == NULL ? ZMQ_POLLIN : events_of(item);
        any = any || item->revents != 0;
    }
    return any;
}

static int timeout_of(int64_t left_ms)
{
    return left_ms < 0 ? -1 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

void wait_for(struct wait *self, zmq_pollitem_t *items, size_t count, int64_t wait_ms,
              struct used *used, const struct clock *clock)
{
    int64_t end_ms = wait_ms > 0 ? clock->now(clock).mono_ms + wait_ms : 0;
    int64_t left_ms;
    int ready;

    look_at(self, items, count, used);
    *used = (struct used){0};
    left_ms = ask_all(self, items, count) ? 0 : wait_ms;
    /* Most of what libzmq's own thread tells a socket is not for us: then sleep on. */
    while ((ready = epoll_wait(self->epoll, self->events, (int)count, timeout_of(left_ms))) > 0 &&
           !take_events(self, items, ready) && left_ms != 0) {
        if (wait_ms > 0) {
            left_ms = end_ms - clock->now(clock).mono_ms;
            left_ms = left_ms > 0 ? left_ms : 0;
        }
    }
}

void wait_pause(long us)
{
    assert(us >= 0 && us < 1000000);
    (void)ppoll(NULL, 0, &(struct timespec){.tv_nsec = us * 1000}, NULL);
}
