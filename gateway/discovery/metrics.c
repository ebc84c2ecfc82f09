#include "gateway/discovery/metrics.h"
#include "common/base/array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ── the text ───────────────────────────────────────────────────────────────*/

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
    struct metrics *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        abort();
    }
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

/* ── asking ─────────────────────────────────────────────────────────────────*/

static const int64_t wait_ms = 500;

struct waiter {
    struct parked parked; /* first: request_user */
    struct request *request;
    struct waiter *next;
};

struct scrape {
    const struct actor_link *targets;
    size_t target_count;
    bool *answered; /* by target, of the round that runs */
    size_t missing;
    struct metrics *metrics; /* NULL: no round runs */
    uint64_t round;
    int64_t deadline_ms;
    struct waiter *waiters;
};

struct scrape *scrape_new(const struct actor_link *targets, size_t count)
{
    struct scrape *self = calloc(1, sizeof(*self));

    if (self == NULL || (self->answered = calloc(count + 1, sizeof(*self->answered))) == NULL) {
        abort();
    }
    self->targets = targets;
    self->target_count = count;
    return self;
}

void scrape_destroy(struct scrape **self)
{
    struct scrape *it = *self;

    *self = NULL;
    if (it == NULL) {
        return;
    }
    while (it->waiters != NULL) {
        struct waiter *next = it->waiters->next;

        free(it->waiters);
        it->waiters = next;
    }
    metrics_destroy(&it->metrics);
    free(it->answered);
    free(it);
}

static void on_gone(struct gateway *gateway, struct parked *parked)
{
    struct waiter **at = &gateway->scrape->waiters;

    while (*at != (void *)parked) {
        at = &(*at)->next;
    }
    *at = (*at)->next;
    free(parked);
}

static void begin_round(struct scrape *self, const struct now *now, struct outbox *out)
{
    self->metrics = metrics_new();
    self->round++;
    self->missing = self->target_count;
    self->deadline_ms = now->mono_ms + wait_ms;
    for (size_t i = 0; i < self->target_count; i++) {
        struct msg stats = {.type = MSG_TYPE_STATS};

        self->answered[i] = false;
        stats.as_stats.id = self->round;
        (void)outbox_command(out, self->targets[i].to, self->targets[i].index, &stats);
    }
}

void serve_metrics(struct gateway *self, struct request *request, const struct now *now)
{
    struct waiter *waiter = calloc(1, sizeof(*waiter));

    if (waiter == NULL) {
        abort();
    }
    waiter->parked.gone = on_gone;
    waiter->request = request;
    waiter->next = self->scrape->waiters;
    self->scrape->waiters = waiter;
    request_set_user(request, waiter);
    request_park(request);
    if (self->scrape->metrics == NULL) {
        begin_round(self->scrape, now, self->out);
    }
}

void scrape_counters(struct gateway *gateway, enum actor_name from, uint32_t index,
                     const struct msg_counters *counters)
{
    struct scrape *self = gateway->scrape;

    for (size_t i = 0; self->metrics != NULL && i < self->target_count; i++) {
        if (self->targets[i].to == from && self->targets[i].index == index && !self->answered[i] &&
            counters->id == self->round) {
            self->answered[i] = true;
            self->missing--;
            metrics_add(self->metrics, from, index, counters);
        }
    }
}

void scrape_turn(struct gateway *gateway, const struct now *now)
{
    struct scrape *self = gateway->scrape;
    struct buf text = {0};
    struct response *response;

    if (self->metrics == NULL || (self->missing > 0 && now->mono_ms < self->deadline_ms)) {
        return;
    }
    for (size_t i = 0; i < self->target_count; i++) {
        if (!self->answered[i]) {
            metrics_add(self->metrics, self->targets[i].to, self->targets[i].index, NULL);
        }
    }
    metrics_print(self->metrics, &text);
    metrics_destroy(&self->metrics);
    response = response_new(200, "text/plain; version=0.0.4; charset=utf-8", &text);
    while (self->waiters != NULL) {
        struct waiter *waiter = self->waiters;

        self->waiters = waiter->next;
        request_answer(waiter->request, response);
        free(waiter);
    }
    response_unref(&response);
}

int64_t scrape_due_ms(const struct scrape *self)
{
    return self->metrics != NULL ? self->deadline_ms : INT64_MAX;
}
