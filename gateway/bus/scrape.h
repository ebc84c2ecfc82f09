/* /metrics: every actor of this node, in Prometheus' text form. A request asks all
 * for their STATS and waits for the answers, 500 ms at most; requests that come
 * meanwhile share the answer. An actor that does not answer shows as up 0.
 */
#ifndef GATEWAY_BUS_SCRAPE_H
#define GATEWAY_BUS_SCRAPE_H

#include "common/runtime/actor.h"
#include "gateway/http/http.h"

struct scrape;

/* targets: whom to ask; borrowed. */
struct scrape *scrape_new(const struct actor_link *targets, size_t count);
/* Who waits is not told: the server ends first. */
void scrape_destroy(struct scrape **self);

/* Parks the request until it is answered. Sets its user, which begins with a struct parked. */
void scrape_ask(struct scrape *self, struct request *request, const struct now *now,
                struct outbox *out);
/* What an actor has answered; of no round that runs: ignored. */
void scrape_counters(struct scrape *self, enum actor_name from, uint32_t index,
                     const struct msg_counters *counters);
/* Answers those who wait, once all have answered or time is up. */
void scrape_turn(struct scrape *self, const struct now *now);
int64_t scrape_due_ms(const struct scrape *self); /* mono ms; INT64_MAX: nobody waits */

#endif
