/* Calls under way: sent to the store, not answered yet. Each is answered once, by what the store
 * says or by the end of its time; none is ever sent again, as nobody could say whether it was done
 * (spec: etcd's clients send reads again by themselves).
 *
 *   relay_send ──CALL──► store ──ANSWERED──► relay_answer ──► h2_send, h2_end
 *       └── deadline: DEADLINE_EXCEEDED (the client's own), UNAVAILABLE (ours) ──┘
 *
 * Bounded by count and by what the outbox takes; beyond: RESOURCE_EXHAUSTED, "too many requests".
 */
#ifndef GATEWAY_ETCD_RELAY_H
#define GATEWAY_ETCD_RELAY_H

#include "common/base/clock.h"
#include "common/runtime/outbox.h"
#include "gateway/etcd/h2.h"

struct relay_options {
    enum actor_name to; /* the store */
    uint32_t calls_max; /* under way */
    int64_t answer_ms;  /* without an answer a call has failed; etcd's: 5 s and two elections */
};

struct relay;

struct relay *relay_new(const struct relay_options *options);
void relay_destroy(struct relay **self); /* nobody is told */

/* boot: of the store, as known. request: the call's message; copied. The call is this table's until
 * it has ended it or relay_gone. */
void relay_send(struct relay *self, struct h2_call *call, uint64_t boot, struct str request,
                const struct now *now, struct outbox *out);
void relay_gone(struct relay *self, struct h2_call *call);
/* msg: an ANSWERED of the store. */
void relay_answer(struct relay *self, const struct msg *msg);
/* The store of that boot is no more: what it has not answered may have been done or not. */
void relay_lost(struct relay *self);
/* Ends those whose time is over. */
void relay_turn(struct relay *self, const struct now *now);
int64_t relay_due_ms(const struct relay *self); /* mono ms; INT64_MAX: none is under way */

struct relay_counts {
    uint64_t under_way;
    uint64_t sent_total;
    uint64_t refused_total; /* too many */
    uint64_t expired_total;
    uint64_t late_total; /* answers nobody waited for any more */
};
void relay_counts(const struct relay *self, struct relay_counts *counts);

#endif
