#include "gateway/bus/scrape.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "gateway/bus/metrics.h"
#include "gateway/bus/parked.h"

struct waiter {
    struct parked parked; /* first: request_user */
    struct scrape *scrape;
    struct request *request;
    struct waiter *next;
};

struct scrape {
    struct round_waiter round_waiter; /* first; in the round while waiters is not empty */
    struct round *round;
    struct waiter *waiters;
};

static void on_gone(struct gateway *gateway, struct parked *parked)
{
    struct waiter *gone = (struct waiter *)(void *)parked;
    struct scrape *self = gone->scrape;
    struct waiter **at = &self->waiters;

    (void)gateway;
    while (*at != gone) {
        at = &(*at)->next;
    }
    *at = gone->next;
    free(gone);
    if (self->waiters == NULL) {
        round_leave(self->round, &self->round_waiter);
    }
}

static struct response *print(const struct round *round)
{
    struct metrics *metrics = metrics_new();
    struct buf text = {0};

    for (size_t i = 0; i < round_count(round); i++) {
        struct round_answer answer;

        round_answer(round, i, &answer);
        metrics_add(metrics, answer.from, answer.index, answer.counters);
    }
    metrics_print(metrics, &text);
    metrics_destroy(&metrics);
    return response_new(200, "text/plain; version=0.0.4; charset=utf-8", &text);
}

static void on_round(struct round_waiter *round_waiter, const struct round *round,
                     const struct now *now)
{
    struct scrape *self = (struct scrape *)(void *)round_waiter;
    struct response *response = print(round);

    (void)now;
    while (self->waiters != NULL) {
        struct waiter *waiter = self->waiters;

        self->waiters = waiter->next;
        request_answer(waiter->request, response);
        free(waiter);
    }
    response_unref(&response);
}

struct scrape *scrape_new(struct round *round)
{
    struct scrape *self = heap_new(sizeof(*self));

    self->round_waiter.done = on_round;
    self->round = round;
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
    free(it);
}

void scrape_ask(struct scrape *self, struct request *request, const struct now *now,
                struct outbox *out)
{
    struct waiter *waiter = heap_new(sizeof(*waiter));
    bool first = self->waiters == NULL;

    waiter->parked.gone = on_gone;
    waiter->scrape = self;
    waiter->request = request;
    waiter->next = self->waiters;
    self->waiters = waiter;
    request_set_user(request, waiter);
    request_park(request);
    if (first) {
        round_join(self->round, &self->round_waiter, now, out);
    }
}
