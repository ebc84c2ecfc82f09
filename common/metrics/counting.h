/* What an actor says to STATS, by rows of the table (actor_spec.count): counters and histograms
 * are COUNTERS' counters, gauges its sizes.
 *
 *   actor_commands_total                    12
 *   actor_catch_ups_total{registry}         1
 *   http_request_us{/discovery/fetch,0}     3500    the sum of a histogram, in µs …
 *   http_request_le_3{/discovery/fetch,0}   2       … and its buckets that are not empty
 */
#ifndef COMMON_METRICS_COUNTING_H
#define COMMON_METRICS_COUNTING_H

#include "common/base/durations.h"
#include "common/metrics/metrics.h"
#include "common/wire/codec.h"

/* Where it goes; all borrowed. The stores keep the bytes. */
struct counting {
    struct msg_counts *counters;
    struct buf *counter_store;
    struct msg_counts *sizes;
    struct buf *size_store;
};

/* Of a row without labels of its own. */
void counting_put(const struct counting *self, enum metric metric, uint64_t value);
/* labels: as many values as the row has labels. Of what would end a value in STATS or in
 * Prometheus' text each byte is told as "_". */
void counting_put_of(const struct counting *self, enum metric metric, const struct str labels[],
                     uint64_t value);
/* labels: NULL: of a row without. */
void counting_durations(const struct counting *self, enum metric metric, const struct str labels[],
                        const struct durations *took);

#endif
