/* How an actor's loop sleeps. zmq_poll would do, but it asks every socket for its events, before it
 * sleeps and after, and each of those questions is a system call: with ten sockets most of what a
 * lone request costs. libzmq says with a descriptor (ZMQ_FD) that a socket has something to be
 * asked for; it says so once, and the question, or any send and receive on the way, may take it
 * back. So a socket is asked when its descriptor is readable, when it was used since it was asked
 * last, and as long as its last answer was that it has something; a receive in vain is such a
 * question. The descriptors stay in an epoll: to name ten of them to the kernel each time costs as
 * much as the questions.
 */
#ifndef COMMON_RUNTIME_WAIT_H
#define COMMON_RUNTIME_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <zmq.h>

#include "common/base/clock.h"

/* The sockets that were used since the last wait; more than fit: any may have been. */
enum { used_max = 16 };
struct used {
    const void *socket[used_max];
    bool empty[used_max]; /* the last use was a receive in vain */
    unsigned count;
    bool all;
};
void used_add(struct used *self, const void *socket); /* NULL: none */
void used_empty(struct used *self, const void *socket);

struct wait_place;

struct wait {
    struct wait_place *places; /* owns, as the next: one for each item */
    struct epoll_event *events;
    int epoll; /* owned */
};

void wait_init(struct wait *self, size_t items_max);
void wait_fini(struct wait *self);
/* Another socket may be at items from this one on, even if it looks like the one before. */
void wait_anew(struct wait *self, size_t from, size_t items_max);

/* Sleeps until an item has one of its events, at most for wait_ms (below 0: not bounded), and fills
 * in revents; used is empty then. Of a descriptor that is no socket's only ZMQ_POLLIN may be asked,
 * which is true of its end and errors too; -1 has no events. */
void wait_for(struct wait *self, zmq_pollitem_t *items, size_t count, int64_t wait_ms,
              struct used *used, const struct clock *clock);
/* Sleeps for so long, whatever comes meanwhile. Below a second. */
void wait_pause(long us);

#endif
