/* Calls that wait for the member, by the numbers they were given, which rise one by one: whom to
 * answer, and what a read will look for. */
#ifndef ACTORS_STORE_WAITING_H
#define ACTORS_STORE_WAITING_H

#include "common/etcdapi/methods.h"
#include "common/runtime/outbox.h"

struct waiter {
    bool open; /* not answered yet */
    struct address from;
    uint64_t id; /* as who asks has named it */
    enum etcd_method method;
    int64_t deadline_ms;
    int64_t lease;      /* of LeaseKeepAlive and LeaseRevoke */
    struct buf request; /* of a read; else empty */
};

struct waiting {
    struct waiter *ring; /* owned */
    size_t cap;          /* a power of two */
    uint64_t first;      /* number of the oldest that may be open */
    uint64_t next;       /* number of the next */
};

void waiting_init(struct waiting *self); /* numbers begin at 1 */
void waiting_fini(struct waiting *self);

/* The next one's place: filled by the caller, and numbered self->next - 1 from then on. Until the
 * next waiting_add. */
struct waiter *waiting_add(struct waiting *self);
/* NULL: answered already, or never given. */
struct waiter *waiting_find(struct waiting *self, uint64_t number);
void waiting_done(struct waiting *self, struct waiter *waiter);

#endif
