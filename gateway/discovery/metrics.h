/* /metrics: every actor of this node, in Prometheus' text form. A request asks all
 * for their STATS and waits for the answers, 500 ms at most; requests that come
 * meanwhile share the answer. An actor that does not answer shows as up 0.
 *
 *   muster_registry_writes_total{actor="registry"} 12
 */
#ifndef GATEWAY_DISCOVERY_METRICS_H
#define GATEWAY_DISCOVERY_METRICS_H

#include "gateway/discovery/gateway.h"

/* targets: whom to ask; borrowed. */
struct scrape *scrape_new(const struct actor_link *targets, size_t count);
void scrape_destroy(struct scrape **self);

void scrape_counters(struct gateway *self, enum actor_name from, uint32_t index,
                     const struct msg_counters *counters);
/* Answers those who wait, once all have answered or time is up. */
void scrape_turn(struct gateway *self, const struct now *now);
int64_t scrape_due_ms(const struct scrape *self); /* INT64_MAX: nobody waits */

/* The text of what was heard; for tests. */
struct metrics;
struct metrics *metrics_new(void);
void metrics_destroy(struct metrics **self);
void metrics_add(struct metrics *self, enum actor_name from, uint32_t index,
                 const struct msg_counters *counters); /* NULL: it did not answer */
void metrics_print(struct metrics *self, struct buf *to);

/* This gateway's own, for actor_spec. */
void gateway_count(void *state, struct msg_counts *counters, struct buf *counter_store,
                   struct msg_counts *sizes, struct buf *size_store);

#endif
