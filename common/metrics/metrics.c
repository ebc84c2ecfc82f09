#include "common/metrics/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct metric_row rows[] = {
#define METRIC_ROW(ID, name, kind, unit, labels, help)                                             \
    {name, METRIC_KIND_##kind, METRIC_UNIT_##unit, labels, help},
    METRIC_TABLE(METRIC_ROW)
#undef METRIC_ROW
};

static const char seconds[] = "_seconds";

const struct metric_row *metric_row(enum metric metric)
{
    assert((unsigned)metric < METRIC_END);
    return &rows[metric];
}

const char *metric_kind_text(enum metric_kind kind)
{
    static const char *const texts[] = {"counter", "gauge", "histogram"};

    return texts[kind];
}

size_t metric_key(enum metric metric, int step, char key[metric_key_bytes])
{
    const struct metric_row *row = metric_row(metric);
    const char *at = row->unit != METRIC_UNIT_PLAIN ? strstr(row->name, seconds) : NULL;
    int stem = at != NULL ? (int)(at - row->name) : (int)strlen(row->name);
    int len;

    assert((row->unit == METRIC_UNIT_PLAIN) == (at == NULL));
    if (step >= 0) {
        assert(row->kind == METRIC_KIND_HISTOGRAM);
        len = snprintf(key, metric_key_bytes, "%.*s_le_%d", stem, row->name, step);
    } else if (at == NULL) {
        len = snprintf(key, metric_key_bytes, "%s", row->name);
    } else { /* the sum of a histogram is in µs, as struct durations has it */
        bool ms = row->unit == METRIC_UNIT_MS && row->kind != METRIC_KIND_HISTOGRAM;

        len = snprintf(key, metric_key_bytes, "%.*s%s%s", stem, row->name, ms ? "_ms" : "_us",
                       at + sizeof(seconds) - 1);
    }
    assert(len > 0 && len < metric_key_bytes);
    return (size_t)len;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(a, b); /* each begins with its key */
}

void metric_index_init(struct metric_index *self)
{
    for (unsigned i = 0; i < METRIC_END; i++) {
        self->by_key[i].metric = (enum metric)i;
        (void)metric_key((enum metric)i, -1, self->by_key[i].key);
    }
    qsort(self->by_key, METRIC_END, sizeof(self->by_key[0]), by_key);
}

enum metric metric_index_find(const struct metric_index *self, struct str key)
{
    size_t from = 0;
    size_t to = METRIC_END;

    while (from < to) {
        size_t at = from + (to - from) / 2;
        int order = str_cmp(key, str_from(self->by_key[at].key));

        if (order == 0) {
            return self->by_key[at].metric;
        }
        *(order < 0 ? &to : &from) = order < 0 ? at : at + 1;
    }
    return METRIC_END;
}

void metric_value_print(enum metric metric, int64_t value, struct buf *to)
{
    const struct metric_row *row = metric_row(metric);

    if (row->unit == METRIC_UNIT_PLAIN) {
        buf_printf(to, "%" PRId64, value);
    } else if (row->unit == METRIC_UNIT_US || row->kind == METRIC_KIND_HISTOGRAM) {
        buf_printf(to, "%.9g", (double)value / 1e6);
    } else {
        buf_printf(to, "%.9g", (double)value / 1e3);
    }
}
