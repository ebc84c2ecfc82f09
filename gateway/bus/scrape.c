#include "gateway/bus/scrape.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "gateway/bus/metrics.h"
#include "gateway/bus/parked.h"

static const int64_t wait_ms = 500;

struct waiter {
    struct parked parked; /* first: request_user */
    struct scrape *scrape;
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
    struct scrape *self = heap_new(sizeof(*self));

    self->answered = heap_array(count, sizeof(*self->answered));
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
    struct waiter *gone = (struct waiter *)(void *)parked;
    struct waiter **at = &gone->scrape->waiters;

    (void)gateway;
    while (*at != gone) {
        at = &(*at)->next;
    }
    *at = gone->next;
    free(gone);
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

void scrape_ask(struct scrape *self, struct request *request, const struct now *now,
                struct outbox *out)
{
    struct waiter *waiter = heap_new(sizeof(*waiter));

    waiter->parked.gone = on_gone;
    waiter->scrape = self;
    waiter->request = request;
    waiter->next = self->waiters;
    self->waiters = waiter;
    request_set_user(request, waiter);
    request_park(request);
    if (self->metrics == NULL) {
        begin_round(self, now, out);
    }
}

void scrape_counters(struct scrape *self, enum actor_name from, uint32_t index,
                     const struct msg_counters *counters)
{
    for (size_t i = 0; self->metrics != NULL && i < self->target_count; i++) {
        if (self->targets[i].to == from && self->targets[i].index == index && !self->answered[i] &&
            counters->id == self->round) {
            self->answered[i] = true;
            self->missing--;
            metrics_add(self->metrics, from, index, counters);
        }
    }
}

void scrape_turn(struct scrape *self, const struct now *now)
{
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
