/* Every metric of the programs, each defined once, here: its name, kind, unit, labels and what it
 * is for people. What counts names a row; STATS, `musterctl stats`, /metrics and docs/metrics.md
 * derive from the table.
 *
 *   M(ID, name, kind, unit, labels, help)
 *
 *   name    as Prometheus has it, behind "muster_"
 *   kind    COUNTER (grows while a process lives; its name ends in _total), GAUGE, or HISTOGRAM
 *           (struct durations)
 *   unit    what the number that is counted is: PLAIN: the name's own unit; US, MS: micro- or
 *           milliseconds of a metric in seconds. A histogram in MS is told from 1 ms on.
 *   labels  its own, comma separated, at most metric_labels_max. Beside them a row of
 * METRIC_ACTOR_ROWS has actor and index, and one of an actor of which there may be many has index.
 *
 * A row is never given another meaning: who renames one says so in CHANGELOG.md.
 */
#ifndef COMMON_METRICS_METRICS_H
#define COMMON_METRICS_METRICS_H

#include <stddef.h>

#include "common/base/str.h"
#include "common/metrics/rows_actor.h"
#include "common/metrics/rows_cluster.h"
#include "common/metrics/rows_gateway.h"
#include "common/metrics/rows_registry.h"
#include "common/metrics/rows_store.h"

// clang-format off
#define METRIC_TABLE(M)     \
    METRIC_ACTOR_ROWS(M)    \
    METRIC_GATEWAY_ROWS(M)  \
    METRIC_REGISTRY_ROWS(M) \
    METRIC_CLUSTER_ROWS(M)  \
    METRIC_STORE_ROWS(M)
// clang-format on

enum metric {
#define METRIC_ENUM(ID, name, kind, unit, labels, help) METRIC_##ID,
    METRIC_TABLE(METRIC_ENUM)
#undef METRIC_ENUM
        METRIC_END
};

#define METRIC_ONE(ID, name, kind, unit, labels, help) +1
/* Rows before it are the common shell's. */
enum { metric_actor_end = 0 METRIC_ACTOR_ROWS(METRIC_ONE) };
#undef METRIC_ONE

enum metric_kind { METRIC_KIND_COUNTER, METRIC_KIND_GAUGE, METRIC_KIND_HISTOGRAM };
enum metric_unit { METRIC_UNIT_PLAIN, METRIC_UNIT_US, METRIC_UNIT_MS };
enum { metric_labels_max = 2, metric_key_bytes = 64 };

struct metric_row {
    const char *name;
    enum metric_kind kind;
    enum metric_unit unit;
    const char *labels;
    const char *help;
};

/* metric: below METRIC_END. */
const struct metric_row *metric_row(enum metric metric);
const char *metric_kind_text(enum metric_kind kind); /* "counter" */

/* Its name in STATS, NUL-terminated, without labels: as the name, but a time says the unit it is
 * counted in: actor_uptime_ms. Returns its length. step: of a histogram, that bucket: …_le_3; -1:
 * not of a bucket; a histogram's is the sum then. */
size_t metric_key(enum metric metric, int step, char key[metric_key_bytes]);

/* The rows by their keys, for reading STATS. */
struct metric_index {
    struct {
        char key[metric_key_bytes];
        enum metric metric;
    } by_key[METRIC_END];
};
void metric_index_init(struct metric_index *self);
/* METRIC_END: no row has that key. key: with step -1. */
enum metric metric_index_find(const struct metric_index *self, struct str key);

/* Appends a number of that row, of a histogram its sum, in its base unit: 1500 of a row in ms is
 * 1.5. */
void metric_value_print(enum metric metric, int64_t value, struct buf *to);

#endif
