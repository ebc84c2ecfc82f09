#include "common/metrics/counting.h"

#include <assert.h>
#include <string.h>

static size_t label_count(const struct metric_row *row)
{
    size_t count = row->labels[0] != '\0' ? 1 : 0;

    for (const char *at = row->labels; *at != '\0'; at++) {
        count += *at == ',' ? 1 : 0;
    }
    assert(count <= metric_labels_max);
    return count;
}

static void add_label(struct buf *key, struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];
        bool plain = c > ' ' && c != 0x7f && strchr("{},\"\\", c) == NULL;

        buf_add_char(key, plain ? c : '_');
    }
}

static void put(const struct counting *self, enum metric metric, int step,
                const struct str labels[], uint64_t value)
{
    const struct metric_row *row = metric_row(metric);
    bool size = row->kind == METRIC_KIND_GAUGE;
    size_t count = labels != NULL ? label_count(row) : 0;
    char text[metric_key_bytes] = "";
    size_t len = metric_key(metric, step, text);
    struct buf key = {0};

    assert(labels != NULL || row->labels[0] == '\0');
    buf_add(&key, text, len);
    for (size_t i = 0; labels != NULL && i < count; i++) {
        buf_add_char(&key, i == 0 ? '{' : ',');
        add_label(&key, labels[i]);
    }
    if (count > 0) {
        buf_add_char(&key, '}');
    }
    buf_add_char(&key, '\0');
    counts_add(size ? self->sizes : self->counters, size ? self->size_store : self->counter_store,
               key.data, (int64_t)value);
    buf_fini(&key);
}

void counting_put(const struct counting *self, enum metric metric, uint64_t value)
{
    put(self, metric, -1, NULL, value);
}

void counting_put_of(const struct counting *self, enum metric metric, const struct str labels[],
                     uint64_t value)
{
    put(self, metric, -1, labels, value);
}

void counting_durations(const struct counting *self, enum metric metric, const struct str labels[],
                        const struct durations *took)
{
    assert(metric_row(metric)->kind == METRIC_KIND_HISTOGRAM);
    put(self, metric, -1, labels, (uint64_t)took->us);
    for (int i = 0; i < durations_steps; i++) {
        if (took->counts[i] > 0) {
            put(self, metric, i, labels, took->counts[i]);
        }
    }
}
