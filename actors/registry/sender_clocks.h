/* When a write comes too late, by the clock of whoever sent it.
 *
 * A write says until when it may be done, as an instant of its sender's wall clock. On the
 * registry's own host that clock is the registry's. On another it may be behind, by more than
 * writes may take: then every write of that sender would be late, heartbeats too. So it is noticed
 * when, for learn_ms, in several seconds, a sender's writes were late every one; the least late of
 * them was a fresh one, and from then on its writes are judged beside it. What stands in a queue
 * while this process does not run comes all within one second, and is late.
 *
 * A clock that is ahead only lets writes be done later than their sender waits.
 */
#ifndef ACTORS_REGISTRY_SENDER_CLOCKS_H
#define ACTORS_REGISTRY_SENDER_CLOCKS_H

#include <stdbool.h>

#include "common/base/clock.h"

enum {
    sender_clocks_max = 64,
    sender_learn_ms = 10000,
    sender_learn_seconds = 5, /* in so many of them a write was late */
};

struct sender_clock {
    uint64_t sender;   /* 0: free */
    int64_t behind_ns; /* so much its clock is, as far as is known; 0: it is not */
    int64_t least_ns;  /* the least that a write was late since began_ms, in the run of late ones */
    int64_t began_ms;  /* when it was first late, of the run of late ones; INT64_MAX: none is */
    int64_t second;    /* the last in which one was */
    uint32_t seconds;  /* how many */
    int64_t heard_ms;
};

struct sender_clocks {
    struct sender_clock senders[sender_clocks_max]; /* {0} at first */
    int64_t deadline_ns;                            /* what a fresh write has */
    uint32_t late;                                  /* of them whose writes are late just now */
};

void sender_clocks_init(struct sender_clocks *self, int64_t deadline_ms);
/* A write of sender that says expires_ns has come. Whether it is too late; learnt_ns: it was just
 * learnt that the sender's clock is behind, and by how much (else 0). */
bool sender_clocks_is_late(struct sender_clocks *self, uint64_t sender, int64_t expires_ns,
                           const struct now *now, int64_t *learnt_ns);

#endif
