/* LeaseKeepAlive, once leadership is confirmed. Of an unknown lease: TTL 0.
 *
 * One whose lease is ending (its revoke or expiry is on its way) waits for that, and then says that
 * there is none; if nothing comes of it, the lease lives on. One whose lease has a checkpointed
 * rest waits until the entry that takes the rest back is applied: else the next leader's clock
 * would begin with the rest, though the holder was told the whole TTL. Source: etcd's Renew
 * (lessor.go).
 */
#ifndef ACTORS_STORE_KEEP_ALIVE_H
#define ACTORS_STORE_KEEP_ALIVE_H

#include "actors/store/waiting.h"
#include "common/base/clock.h"

struct store;

enum { keep_alives_max = 4096 }; /* that wait; over it: TOO_MANY_REQUESTS */

struct keep_alive {
    uint64_t number; /* of its waiter */
    bool proposed;   /* that the rest is taken back */
};

struct keep_alives {
    struct keep_alive *items; /* owned */
    size_t count, cap;
};

void keep_alives_fini(struct keep_alives *self);

/* The waiter is answered and done, or it waits on. */
void keep_alive_serve(struct store *self, uint64_t number, struct waiter *waiter,
                      struct outbox *out);

/* At a turn's end: those that wait. True: something was proposed. */
bool keep_alives_turn(struct store *self, const struct now *now, struct outbox *out);

#endif
