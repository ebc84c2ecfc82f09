/* Calls under way to the store: those that wait for it, and those that are sent and not answered
 * yet. Each is answered once, by what the store says or by the end of its time; none is ever sent
 * twice, as nobody could say whether it was done (etcd's clients send reads again by themselves).
 *
 *   relay_send ──CALL──► store ──ANSWERED──► relay_answer ──► rpc_send, rpc_end
 *       │ └── deadline: DEADLINE_EXCEEDED (the client's own), UNAVAILABLE (ours) ──┘
 *       └── the store is not there: kept for wait_ms; sent by relay_up, or UNAVAILABLE
 *
 * A large response comes in parts: they are kept, and each puts off the end that is ours. The store
 * is told of each, so that it sends on (messages_store.h).
 *
 * Bounded by count, by the bytes that are kept and by what the outbox takes; beyond:
 * RESOURCE_EXHAUSTED, "too many requests".
 */
#ifndef GATEWAY_ETCD_RELAY_H
#define GATEWAY_ETCD_RELAY_H

#include "common/base/clock.h"
#include "common/runtime/outbox.h"
#include "gateway/etcd/rpc.h"

struct relay_options {
    enum actor_name to; /* the store */
    uint32_t calls_max; /* under way */
    size_t kept_max;    /* bytes of requests that wait for the store */
    size_t parts_max;   /* bytes of responses that are here in part */
    int64_t answer_ms;  /* without an answer a call has failed; etcd's: 5 s and two elections */
    int64_t wait_ms;    /* for a store that is not there */
};

struct relay;

struct relay *relay_new(const struct relay_options *options);
void relay_destroy(struct relay **self); /* nobody is told */

/* The store is there, as run boot, which is not 0: what waits is sent. What another run has not
 * answered may have been done or not, and ends so. */
void relay_up(struct relay *self, uint64_t boot, const struct now *now, struct outbox *out);
/* It is silent: what comes from now on waits. Nothing is up at the beginning. */
void relay_down(struct relay *self);
bool relay_is_up(const struct relay *self);
uint64_t relay_boot(const struct relay *self); /* 0: none was ever up */

/* request: the call's message; copied. The call is this table's (its user) until it has ended it or
 * relay_gone. */
void relay_send(struct relay *self, struct rpc *call, struct str request, const struct now *now,
                struct outbox *out);
void relay_gone(struct relay *self, struct rpc *call);
/* msg: an ANSWERED of the store. */
void relay_answer(struct relay *self, const struct msg *msg, const struct now *now,
                  struct outbox *out);
/* Ends those whose time is over. */
void relay_turn(struct relay *self, const struct now *now);
int64_t relay_due_ms(const struct relay *self); /* mono ms; INT64_MAX: none is under way */

struct relay_counts {
    uint64_t under_way;
    uint64_t waiting; /* of these, for the store */
    uint64_t kept_bytes;
    uint64_t parts_bytes;
    uint64_t sent_total;
    uint64_t refused_total; /* too many */
    uint64_t expired_total;
    uint64_t late_total; /* answers nobody waited for any more */
};
void relay_counts(const struct relay *self, struct relay_counts *counts);

#endif
