/* What actors have answered to STATS, as Prometheus' text form:
 *
 *   # HELP muster_registry_instances Instances that are registered.
 *   # TYPE muster_registry_instances gauge
 *   muster_registry_instances 12
 *
 * Only rows of the table (common/metrics) are shown.
 */
#ifndef GATEWAY_BUS_METRICS_H
#define GATEWAY_BUS_METRICS_H

#include "common/runtime/names.h"
#include "common/wire/codec.h"

struct metrics;

/* commit: that this program was built from. */
struct metrics *metrics_new(const char *commit);
void metrics_destroy(struct metrics **self);
/* Copies. counters: NULL: it did not answer. Bounded: what is too much is left out. */
void metrics_add(struct metrics *self, enum actor_name from, uint32_t index,
                 const struct msg_counters *counters);
/* Appends what stands from *cursor on, which begins at 0, until to holds at least max_bytes: all of
 * a metric in one place, in the order of the table. False: that was the last. Nothing is added
 * any more. */
bool metrics_print(struct metrics *self, size_t *cursor, size_t max_bytes, struct buf *to);

#endif
