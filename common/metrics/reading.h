/* What STATS have told, row by row (counting.h says how it is written):
 *
 *   reading_init(&reading, &index, counters);
 *   while (reading_next(&reading, &series)) { … }
 */
#ifndef COMMON_METRICS_READING_H
#define COMMON_METRICS_READING_H

#include "common/base/durations.h"
#include "common/metrics/metrics.h"
#include "common/wire/codec.h"

struct metric_series {
    enum metric metric; /* METRIC_END: of a newer program, which has rows that this one has not */
    struct str name;    /* as it came, without labels */
    struct str labels;  /* the values, comma separated; borrowed as the counters are */
    int64_t value;
    struct durations took; /* of a histogram */
};

struct reading {
    const struct metric_index *index;
    struct str counters;
    struct str sizes;
};

/* Both borrowed. */
void reading_init(struct reading *self, const struct metric_index *index,
                  const struct msg_counters *counters);
/* Counters first. False: there are no more. */
bool reading_next(struct reading *self, struct metric_series *series);

/* Writes labels as Prometheus has them, without braces, each followed by a comma:
 * route="/discovery/fetch",code="0", */
void series_labels_print(const struct metric_series *self, struct buf *to);

#endif
