#include "common/runtime/wait.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

struct wait_place {
    const void *socket; /* whose descriptor this is; NULL: not known yet */
    int fd;
    bool ask;
};

void used_add(struct used *self, const void *socket)
{
    if (socket == NULL) {
        return;
    }
    for (unsigned i = 0; i < self->count; i++) {
        if (self->socket[i] == socket) {
            return;
        }
    }
    if (self->count == used_max) {
        self->all = true;
        return;
    }
    self->socket[self->count++] = socket;
}

static bool is_used(const struct used *self, const void *socket)
{
    for (unsigned i = 0; i < self->count; i++) {
        if (self->socket[i] == socket) {
            return true;
        }
    }
    return self->all;
}

void wait_init(struct wait *self, size_t items_max)
{
    self->places = calloc(items_max, sizeof(*self->places));
    self->fds = calloc(items_max, sizeof(*self->fds));
    assert(self->places != NULL && self->fds != NULL);
}

void wait_fini(struct wait *self)
{
    free(self->places);
    free(self->fds);
    *self = (struct wait){0};
}

void wait_anew(struct wait *self, size_t from, size_t items_max)
{
    for (size_t i = from; i < items_max; i++) {
        self->places[i].socket = NULL;
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
            place->socket = NULL;
            place->fd = item->fd;
            place->ask = false;
            assert(item->events == ZMQ_POLLIN);
        } else if (place->socket != item->socket) {
            size_t size = sizeof(place->fd);
            int rc = zmq_getsockopt(item->socket, ZMQ_FD, &place->fd, &size);

            assert(rc == 0);
            (void)rc;
            place->socket = item->socket;
            place->ask = true;
        } else {
            place->ask = item->revents != 0 || is_used(used, item->socket);
        }
        self->fds[i] = (struct pollfd){.fd = place->fd, .events = POLLIN};
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
static bool take_events(struct wait *self, zmq_pollitem_t *items, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        if (self->fds[i].revents != 0) {
            items[i].revents = items[i].socket == NULL ? ZMQ_POLLIN : events_of(&items[i]);
        }
        any = any || items[i].revents != 0;
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

    look_at(self, items, count, used);
    *used = (struct used){0};
    left_ms = ask_all(self, items, count) ? 0 : wait_ms;
    /* Most of what libzmq's own thread tells a socket is not for us: then sleep on. */
    while (poll(self->fds, count, timeout_of(left_ms)) > 0 && !take_events(self, items, count) &&
           left_ms != 0) {
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
