#include "gateway/bus/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/heap.h"

enum { name_max = 128, label_max = 32, sample_max = 65536 };

struct sample {
    char name[name_max];
    char label[label_max];
    bool counter;
    int64_t value;
};

struct metrics {
    struct sample *samples;
    size_t count;
    size_t cap;
};

struct metrics *metrics_new(void)
{
    struct metrics *self = heap_new(sizeof(*self));

    return self;
}

void metrics_destroy(struct metrics **self)
{
    if (*self != NULL) {
        free((*self)->samples);
        free(*self);
        *self = NULL;
    }
}

/* Of whom a sample is. */
struct source {
    const char *actor;
    char label[label_max];
};

static void add(struct metrics *self, const struct source *source, struct str noun, bool counter,
                int64_t value)
{
    struct sample *sample;
    bool total = noun.len >= 6 && memcmp(noun.data + noun.len - 6, "_total", 6) == 0;

    if (self->count == sample_max) {
        return;
    }
    ARRAY_ROOM(self->samples, self->count, self->cap, 256);
    sample = &self->samples[self->count++];
    sample->counter = counter;
    sample->value = value;
    memcpy(sample->label, source->label, sizeof(sample->label));
    (void)snprintf(sample->name, sizeof(sample->name), "muster_%s_%.*s%s", source->actor,
                   STR_ARG(noun), counter && !total ? "_total" : "");
    for (char *at = sample->name; *at != '\0'; at++) {
        bool allowed = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || *at == '_';

        *at = allowed ? *at : '_';
    }
}

void metrics_add(struct metrics *self, enum actor_name from, uint32_t index,
                 const struct msg_counters *counters)
{
    struct source source = {.actor = actor_name_text(from)};
    struct str rest;
    struct str noun;
    int64_t value;

    (void)snprintf(source.label, sizeof(source.label), actor_kind(from)->many ? "%s.%u" : "%s",
                   source.actor, (unsigned)index);
    add(self, &source, STR("up"), false, counters != NULL);
    if (counters == NULL) {
        return;
    }
    add(self, &source, STR("uptime_seconds"), false, counters->uptime_ms / 1000);
    add(self, &source, STR("rss_bytes"), false, (int64_t)counters->rss_bytes);
    add(self, &source, STR("turn_cpu_max_microseconds"), false, counters->turn_cpu_us_max);
    add(self, &source, STR("seq"), false, (int64_t)counters->seq);
    rest = counters->counters.bytes;
    while (counts_next(&rest, &noun, &value)) {
        add(self, &source, noun, true, value);
    }
    rest = counters->sizes.bytes;
    while (counts_next(&rest, &noun, &value)) {
        add(self, &source, noun, false, value);
    }
}

static int by_name(const void *a, const void *b)
{
    const struct sample *left = a;
    const struct sample *right = b;
    int order = strcmp(left->name, right->name);

    return order != 0 ? order : strcmp(left->label, right->label);
}

void metrics_print(struct metrics *self, struct buf *to)
{
    if (self->count > 0) {
        qsort(self->samples, self->count, sizeof(*self->samples), by_name);
    }
    for (size_t i = 0; i < self->count; i++) {
        const struct sample *sample = &self->samples[i];

        if (i == 0 || strcmp(sample->name, sample[-1].name) != 0) {
            buf_printf(to, "# HELP %s %s of a muster process, as its STATS tell.\n# TYPE %s %s\n",
                       sample->name, sample->counter ? "A count" : "A size", sample->name,
                       sample->counter ? "counter" : "gauge");
        }
        buf_printf(to, "%s{actor=\"%s\"} %" PRId64 "\n", sample->name, sample->label,
                   sample->value);
    }
}
