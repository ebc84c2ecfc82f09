#include "gateway/bus/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/heap.h"
#include "common/metrics/reading.h"

enum { sample_max = 65536 };

struct sample {
    enum metric metric;
    enum actor_name from; /* ACTOR_COUNT: of the node */
    uint32_t index;
    size_t labels_at; /* in the store */
    size_t labels_len;
    int64_t value;
    size_t took; /* of a histogram: which */
};

struct metrics {
    struct metric_index index;
    struct sample *samples;
    size_t count;
    size_t cap;
    struct durations *took;
    size_t took_count;
    size_t took_cap;
    struct buf store;
    bool sorted;
};

/* Whose samples are added. */
struct source {
    enum actor_name from;
    uint32_t index;
};

static void add(struct metrics *self, const struct source *source,
                const struct metric_series *series)
{
    struct sample *sample;

    if (self->count == sample_max) {
        return;
    }
    ARRAY_ROOM(self->samples, self->count, self->cap, 256);
    sample = &self->samples[self->count++];
    *sample = (struct sample){.metric = series->metric,
                              .from = source->from,
                              .index = source->index,
                              .labels_at = self->store.len,
                              .labels_len = series->labels.len,
                              .value = series->value};
    buf_add_str(&self->store, series->labels);
    if (metric_row(series->metric)->kind == METRIC_KIND_HISTOGRAM) {
        ARRAY_ROOM(self->took, self->took_count, self->took_cap, 64);
        sample->took = self->took_count;
        self->took[self->took_count++] = series->took;
    }
}

static void add_value(struct metrics *self, const struct source *source, enum metric metric,
                      int64_t value)
{
    const struct metric_series series = {.metric = metric, .value = value};

    add(self, source, &series);
}

struct metrics *metrics_new(const char *commit)
{
    static const struct source node = {.from = ACTOR_COUNT};
    struct metrics *self = heap_new(sizeof(*self));
    struct buf labels = {0};
    struct metric_series series = {.metric = METRIC_BUILD_INFO, .value = 1};

    metric_index_init(&self->index);
    buf_printf(&labels, "%s,%s", MUSTER_VERSION, commit);
    series.labels = buf_str(&labels);
    add(self, &node, &series);
    buf_fini(&labels);
    return self;
}

void metrics_destroy(struct metrics **self)
{
    if (*self != NULL) {
        free((*self)->samples);
        free((*self)->took);
        buf_fini(&(*self)->store);
        free(*self);
        *self = NULL;
    }
}

void metrics_add(struct metrics *self, enum actor_name from, uint32_t index,
                 const struct msg_counters *counters)
{
    const struct source source = {.from = from, .index = index};
    struct reading reading;
    struct metric_series series;

    assert(!self->sorted);
    add_value(self, &source, METRIC_UP, counters != NULL);
    if (counters == NULL) {
        return;
    }
    add_value(self, &source, METRIC_ACTOR_RESTARTS, counters->restarts);
    add_value(self, &source, METRIC_ACTOR_UPTIME, counters->uptime_ms);
    add_value(self, &source, METRIC_ACTOR_RSS, (int64_t)counters->rss_bytes);
    add_value(self, &source, METRIC_ACTOR_TURN_MAX, counters->turn_cpu_us_max);
    add_value(self, &source, METRIC_ACTOR_SEQ, (int64_t)counters->seq);
    reading_init(&reading, &self->index, counters);
    while (reading_next(&reading, &series)) {
        if (series.metric != METRIC_END) {
            add(self, &source, &series);
        }
    }
}

/* ── printing ───────────────────────────────────────────────────────────────*/

static int by_place(const void *a, const void *b)
{
    const struct sample *left = a;
    const struct sample *right = b;

    if (left->metric != right->metric) {
        return left->metric < right->metric ? -1 : 1;
    }
    if (left->from != right->from) {
        return left->from < right->from ? -1 : 1;
    }
    if (left->index != right->index) {
        return left->index < right->index ? -1 : 1;
    }
    return left->labels_at < right->labels_at ? -1 : 1; /* as the actor has told them */
}

/* All of a sample's labels, each followed by a comma. */
static void print_labels(const struct metrics *self, const struct sample *sample, struct buf *to)
{
    const struct metric_series series = {
        .metric = sample->metric,
        .labels = {self->store.data + sample->labels_at, sample->labels_len}};

    if (sample->from == ACTOR_COUNT) {
        series_labels_print(&series, to);
        return;
    }
    if ((int)sample->metric < metric_actor_end) {
        buf_printf(to, "actor=\"%s\",index=\"%" PRIu32 "\",", actor_name_text(sample->from),
                   sample->index);
    }
    series_labels_print(&series, to);
    if ((int)sample->metric >= metric_actor_end && actor_kind(sample->from)->many) {
        buf_printf(to, "index=\"%" PRIu32 "\",", sample->index);
    }
}

/* muster_NAME SUFFIX {labels, last}; the value is the caller's. last: empty: none. */
static void print_name(const struct sample *sample, const char *suffix, struct str labels,
                       struct str last, struct buf *to)
{
    buf_printf(to, "muster_%s%s", metric_row(sample->metric)->name, suffix);
    if (last.len == 0 && labels.len > 0) {
        labels.len--; /* its comma */
    }
    if (labels.len + last.len > 0) {
        buf_printf(to, "{%.*s%.*s}", STR_ARG(labels), STR_ARG(last));
    }
    buf_add_char(to, ' ');
}

static void print_histogram(const struct metrics *self, const struct sample *sample,
                            struct str labels, struct buf *to)
{
    const struct durations *took = &self->took[sample->took];
    bool coarse = metric_row(sample->metric)->unit == METRIC_UNIT_MS;
    uint64_t count = 0;

    for (unsigned step = 0; step < durations_steps; step++) {
        struct buf bound = {0};

        count += took->counts[step];
        if (coarse && step < durations_1_ms) {
            continue;
        }
        if (step < durations_steps - 1) {
            buf_printf(&bound, "le=\"%g\"", durations_bound_s(step));
        } else {
            buf_add_str(&bound, STR("le=\"+Inf\""));
        }
        print_name(sample, "_bucket", labels, buf_str(&bound), to);
        buf_printf(to, "%" PRIu64 "\n", count);
        buf_fini(&bound);
    }
    print_name(sample, "_sum", labels, STR(""), to);
    buf_printf(to, "%.6f\n", (double)took->us / 1e6);
    print_name(sample, "_count", labels, STR(""), to);
    buf_printf(to, "%" PRIu64 "\n", count);
}

static void print_sample(const struct metrics *self, const struct sample *sample, struct buf *to)
{
    struct buf labels = {0};

    print_labels(self, sample, &labels);
    if (metric_row(sample->metric)->kind == METRIC_KIND_HISTOGRAM) {
        print_histogram(self, sample, buf_str(&labels), to);
    } else {
        print_name(sample, "", buf_str(&labels), STR(""), to);
        metric_value_print(sample->metric, sample->value, to);
        buf_add_char(to, '\n');
    }
    buf_fini(&labels);
}

bool metrics_print(struct metrics *self, size_t *cursor, size_t max_bytes, struct buf *to)
{
    if (!self->sorted) {
        qsort(self->samples, self->count, sizeof(*self->samples), by_place);
        self->sorted = true;
    }
    for (; *cursor < self->count && to->len < max_bytes; ++*cursor) {
        const struct sample *sample = &self->samples[*cursor];
        const struct metric_row *row = metric_row(sample->metric);

        if (*cursor == 0 || sample->metric != sample[-1].metric) {
            buf_printf(to, "# HELP muster_%s %s\n# TYPE muster_%s %s\n", row->name, row->help,
                       row->name, metric_kind_text(row->kind));
        }
        print_sample(self, sample, to);
    }
    return *cursor < self->count;
}
