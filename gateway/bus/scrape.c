#include "gateway/bus/scrape.h"

#include <stdlib.h>
#include <string.h>

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
    const char *commit;
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

/* ── the page ───────────────────────────────────────────────────────────────*/

static const char content_type[] = "text/plain; version=0.0.4; charset=utf-8";

/* Up to that much is one answer, and a piece of a larger one. */
static const size_t piece_bytes = (size_t)64 << 10;

/* A page that is sent piece by piece. */
struct reader {
    struct page *page;
    size_t cursor;
    struct buf out;
    size_t at;
    bool more;
};

/* What a round has found; shared by who reads it. */
struct page {
    struct metrics *metrics;
    uint32_t refs;
};

static void page_unref(struct page *self)
{
    if (--self->refs == 0) {
        metrics_destroy(&self->metrics);
        free(self);
    }
}

static struct page *page_new(const struct round *round, const char *commit)
{
    struct page *self = heap_new(sizeof(*self));

    self->refs = 1;
    self->metrics = metrics_new(commit);
    for (size_t i = 0; i < round_count(round); i++) {
        struct round_answer answer;

        round_answer(round, i, &answer);
        metrics_add(self->metrics, answer.from, answer.index, answer.counters);
    }
    return self;
}

static int64_t next_bytes(void *context, char *to, size_t max)
{
    struct reader *self = context;
    size_t len;

    if (self->at == self->out.len && self->more) {
        self->at = self->out.len = 0;
        self->more = metrics_print(self->page->metrics, &self->cursor, piece_bytes, &self->out);
    }
    len = self->out.len - self->at;
    len = len < max ? len : max;
    memcpy(to, self->out.data + self->at, len);
    self->at += len;
    return len > 0 ? (int64_t)len : HTTP_STREAM_END;
}

static void end(void *context)
{
    struct reader *self = context;

    page_unref(self->page);
    buf_fini(&self->out);
    free(self);
}

static void answer(struct request *request, struct page *page)
{
    struct reader *reader = heap_new(sizeof(*reader));
    struct response *response;

    reader->page = page;
    page->refs++;
    reader->more = metrics_print(page->metrics, &reader->cursor, piece_bytes, &reader->out);
    if (reader->more) {
        request_stream(request, 200, content_type, next_bytes, end, reader);
        return;
    }
    response = response_new(200, content_type, &reader->out);
    request_answer(request, response);
    response_unref(&response);
    end(reader);
}

static void on_round(struct round_waiter *round_waiter, const struct round *round,
                     const struct now *now)
{
    struct scrape *self = (struct scrape *)(void *)round_waiter;
    struct page *page = page_new(round, self->commit);

    (void)now;
    while (self->waiters != NULL) {
        struct waiter *waiter = self->waiters;
        struct request *request = waiter->request;

        self->waiters = waiter->next;
        free(waiter);
        request_set_user(request, NULL);
        answer(request, page);
    }
    page_unref(page);
}

void scrape_set_commit(struct scrape *self, const char *commit)
{
    self->commit = commit;
}

struct scrape *scrape_new(struct round *round)
{
    struct scrape *self = heap_new(sizeof(*self));

    self->round_waiter.done = on_round;
    self->round = round;
    self->commit = "unknown";
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
