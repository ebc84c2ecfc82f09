#include "common/metrics/reading.h"

#include <string.h>

void reading_init(struct reading *self, const struct metric_index *index,
                  const struct msg_counters *counters)
{
    *self = (struct reading){
        .index = index, .counters = counters->counters.bytes, .sizes = counters->sizes.bytes};
}

static struct str before(struct str text, size_t at)
{
    return (struct str){text.data, at};
}

static struct str behind(struct str text, size_t at)
{
    return (struct str){text.data + at, text.len - at};
}

/* key is name, or name{labels}. */
static void split(struct str key, struct str *name, struct str *labels)
{
    const char *brace = key.len > 0 ? memchr(key.data, '{', key.len) : NULL;

    *name = key;
    *labels = (struct str){0};
    if (brace != NULL && key.data[key.len - 1] == '}') {
        size_t at = (size_t)(brace - key.data);

        *name = before(key, at);
        *labels = before(behind(key, at + 1), key.len - at - 2);
    }
}

/* Of a bucket of that histogram: its step; -1: it is another thing. */
static int step_of(enum metric metric, struct str name)
{
    size_t digits = 0;
    int64_t step;
    char text[metric_key_bytes] = "";
    size_t len;

    while (digits < name.len && name.data[name.len - digits - 1] != '_') {
        digits++;
    }
    if (str_to_i64(behind(name, name.len - digits), &step) != ERR_OK || step < 0 ||
        step >= durations_steps) {
        return -1;
    }
    len = metric_key(metric, (int)step, text);
    return str_eq(name, (struct str){text, len}) ? (int)step : -1;
}

/* The buckets that stand behind a histogram's sum. */
static void take_buckets(struct metric_series *series, struct str *rest)
{
    struct str ahead = *rest;
    struct str key;
    int64_t count;

    while (counts_next(&ahead, &key, &count)) {
        struct str name;
        struct str labels;
        int step;

        split(key, &name, &labels);
        step = str_eq(labels, series->labels) ? step_of(series->metric, name) : -1;
        if (step < 0) {
            return;
        }
        series->took.counts[step] = (uint64_t)count;
        *rest = ahead;
    }
}

bool reading_next(struct reading *self, struct metric_series *series)
{
    struct str *rest = self->counters.len > 0 ? &self->counters : &self->sizes;
    struct str key;

    *series = (struct metric_series){0};
    if (!counts_next(rest, &key, &series->value)) {
        return false;
    }
    split(key, &series->name, &series->labels);
    series->metric = metric_index_find(self->index, series->name);
    if (series->metric != METRIC_END && metric_row(series->metric)->kind == METRIC_KIND_HISTOGRAM) {
        series->took.us = series->value;
        take_buckets(series, rest);
    }
    return true;
}

static struct str take_part(struct str *rest)
{
    const char *comma = rest->len > 0 ? memchr(rest->data, ',', rest->len) : NULL;
    struct str part = comma != NULL ? before(*rest, (size_t)(comma - rest->data)) : *rest;

    *rest = behind(*rest, part.len + (comma != NULL ? 1 : 0));
    return part;
}

void series_labels_print(const struct metric_series *self, struct buf *to)
{
    struct str names = str_from(metric_row(self->metric)->labels);
    struct str values = self->labels;

    while (names.len > 0) {
        struct str name = take_part(&names);
        struct str value = take_part(&values);

        buf_printf(to, "%.*s=\"", STR_ARG(name));
        for (size_t i = 0; i < value.len; i++) { /* an actor may be of another version */
            char c = value.data[i];

            buf_add_char(to, c == '"' || c == '\\' || c == '\n' ? '_' : c);
        }
        buf_add_str(to, STR("\","));
    }
}
