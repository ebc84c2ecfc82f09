/* What actors have answered to STATS, as Prometheus' text form:
 *
 *   muster_registry_writes_total{actor="registry"} 12
 */
#ifndef GATEWAY_BUS_METRICS_H
#define GATEWAY_BUS_METRICS_H

#include "common/runtime/names.h"
#include "common/wire/codec.h"

struct metrics;

struct metrics *metrics_new(void);
void metrics_destroy(struct metrics **self);
/* Copies. counters: NULL: it did not answer. Bounded: what is too much is left out. */
void metrics_add(struct metrics *self, enum actor_name from, uint32_t index,
                 const struct msg_counters *counters);
/* Appends all, sorted. */
void metrics_print(struct metrics *self, struct buf *to);

#endif
