/* Long polls: answered at once when there is news, else parked until a change of
 * an asked app, their own deadline, or their client's end. Each request waits for
 * itself, with its own zone filter. Pollers are found by app name, so that an app
 * that is not known yet can be waited for too.
 */
#ifndef GATEWAY_DISCOVERY_POLL_H
#define GATEWAY_DISCOVERY_POLL_H

#include "gateway/discovery/gateway.h"
#include "gateway/operate/view.h"

/* Observes replica, which must outlive it. seed: random. */
struct polls *polls_new(struct replica *replica, uint64_t seed);
/* After http_destroy: touches no request. */
void polls_destroy(struct polls **self);

/* Once a turn, after facts were applied: answers who has news and who has waited
 * long enough; bounded, asks for another turn (gateway->out) when more is left. */
void polls_turn(struct gateway *self, const struct now *now);
/* Places for connections run short: ends the poll that would end first, and its connection. False:
 * none waits. */
bool polls_spare(struct gateway *self, const struct now *now);
int64_t polls_due_ms(const struct polls *self); /* mono ms; INT64_MAX: nothing due */

/* Polls that wait for news of an app; of any app where appid is empty. */
uint32_t polls_waiting(const struct polls *self, struct str env, struct str appid);
/* Calls each for them, in no order, polls_each_max at most. */
enum { polls_each_max = 10000 };
void polls_each(const struct polls *self, struct str env, struct str appid, const struct now *now,
                operate_poller_fn *each, void *context);

struct polls_counts {
    uint64_t parked;       /* now */
    uint64_t apps;         /* names waited for */
    uint64_t parked_total; /* ever */
    uint64_t woken_total;  /* answered with news after waiting */
    uint64_t expired_total;
    uint64_t spared_total;   /* ended early, for others' sake */
    uint64_t gone_total;     /* client went first */
    struct durations pushes; /* from a change until the last who waited for it was answered */
};
void polls_counts(const struct polls *self, struct polls_counts *counts);

#endif
