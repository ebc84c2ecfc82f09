#include "gateway/operate/tails.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"
#include "gateway/bus/parked.h"
#include "gateway/operate/answer.h"

enum { cost_bytes = 256, looked_at_max = 1024 };

static const size_t text_max = (size_t)16 << 10; /* made at a time */
static const int64_t ping_ms = 15000;

struct tail {
    struct parked parked; /* first: the request's user */
    struct tails *tails;
    struct request *request; /* NULL: its client has gone, end() will follow */
    struct tail *before;
    struct tail *next;
    struct ring_filter filter; /* keys stand behind this struct */
    uint64_t at;               /* everything below it is sent */
    uint64_t resume;
    bool lost;
    bool waiting;
    int64_t ping_ms; /* mono, when a sign of life is due */
    bool ping_due;
    struct buf text;
    size_t text_at;
};

struct tails {
    const struct ring *ring;
    ring_print *print;
    struct tail *first; /* the one that came last */
    size_t count;
    uint64_t told; /* the ring's next when all were woken last */
};

struct tails *tails_new(const struct ring *ring, ring_print *print)
{
    struct tails *self = heap_new(sizeof(*self));

    self->ring = ring;
    self->print = print;
    return self;
}

void tails_destroy(struct tails **self)
{
    if (*self != NULL) {
        assert((*self)->count == 0);
        free(*self);
        *self = NULL;
    }
}

/* ── sending ────────────────────────────────────────────────────────────────*/

static void add_lost(struct tail *self)
{
    uint64_t first = self->tails->ring->first;

    buf_add_str(&self->text, STR("event: lost\ndata: {"));
    if (self->at < first) {
        buf_printf(&self->text, "\"count\":%" PRIu64, first - self->at);
        self->at = first;
    } else {
        buf_add_str(&self->text, STR("\"count\":null"));
    }
    buf_add_str(&self->text, STR("}\n\n"));
    self->lost = false;
}

static void add_item(struct tail *self, const struct ring_item *item)
{
    struct buf *to = &self->text;

    buf_printf(to, "event: %s\n", item->event);
    if (item->epoch != 0) {
        buf_printf(to, "id: %016" PRIx64 "-%" PRIu64 "\n", item->epoch, item->seq);
    }
    buf_add_str(to, STR("data: "));
    self->tails->print(to, item);
    buf_add_str(to, STR("\n\n"));
}

static bool is_sent(const struct tail *self, const struct ring_item *item)
{
    return ring_wants(&self->filter, item) && (item->epoch != 0 || self->at >= self->resume);
}

/* Makes more to send. False: there is nothing now. */
static bool produce(struct tail *self)
{
    const struct ring *ring = self->tails->ring;
    size_t looked = 0;

    self->text.len = 0;
    self->text_at = 0;
    if (self->lost || self->at < ring->first) {
        add_lost(self);
    }
    for (; self->at < ring->next && self->text.len < text_max && looked < looked_at_max;
         self->at++, looked++) {
        const struct ring_item *item = ring_at(ring, self->at);

        if (is_sent(self, item)) {
            add_item(self, item);
        }
    }
    if (self->text.len == 0 && self->ping_due) {
        buf_add_str(&self->text, STR(": ping\n\n"));
    }
    self->ping_due = false;
    if (self->request != NULL) {
        request_cost(self->request, looked + self->text.len / cost_bytes);
    }
    return self->text.len > 0 || self->at < ring->next;
}

static int64_t next_bytes(void *context, char *to, size_t max)
{
    struct tail *self = context;
    size_t filled = 0;

    while (filled < max && (self->text_at < self->text.len || produce(self))) {
        size_t len = self->text.len - self->text_at;

        len = len < max - filled ? len : max - filled;
        if (len > 0) {
            memcpy(to + filled, self->text.data + self->text_at, len);
        }
        self->text_at += len;
        filled += len;
    }
    self->waiting = filled == 0;
    if (self->request != NULL) {
        request_keeps(self->request, sizeof(*self) + self->text.cap);
    }
    return filled > 0 ? (int64_t)filled : HTTP_STREAM_WAIT;
}

static void end(void *context)
{
    struct tail *self = context;
    struct tails *tails = self->tails;

    *(self->before != NULL ? &self->before->next : &tails->first) = self->next;
    if (self->next != NULL) {
        self->next->before = self->before;
    }
    tails->count--;
    buf_fini(&self->text);
    free(self);
}

static void on_gone(struct gateway *gateway, struct parked *parked)
{
    (void)gateway;
    ((struct tail *)(void *)parked)->request = NULL;
}

void tails_turn(struct tails *self, const struct now *now)
{
    bool news = self->told != self->ring->next;

    self->told = self->ring->next;
    for (struct tail *tail = self->first; tail != NULL; tail = tail->next) {
        if (tail->ping_ms <= now->mono_ms) {
            tail->ping_due = true;
            tail->ping_ms = now->mono_ms + ping_ms;
        }
        if (tail->waiting && tail->request != NULL && (news || tail->ping_due)) {
            tail->waiting = false;
            request_stream_more(tail->request);
        }
    }
}

size_t tails_count(const struct tails *self)
{
    return self->count;
}

bool tails_spare(struct tails *self)
{
    struct tail *oldest = NULL;

    for (struct tail *tail = self->first; tail != NULL; tail = tail->next) {
        oldest = tail->request != NULL ? tail : oldest;
    }
    if (oldest == NULL) {
        return false;
    }
    request_cut(oldest->request);
    return true;
}

/* ── a new one ──────────────────────────────────────────────────────────────*/

uint64_t tails_back(const struct tails *self, const struct ring_filter *filter, int64_t count)
{
    uint64_t at = self->ring->next;

    while (at > self->ring->first && count > 0) {
        at--;
        count -= ring_wants(filter, ring_at(self->ring, at));
    }
    return at;
}

void tails_begin(struct tails *self, const struct operate_ask *ask,
                 const struct ring_filter *filter, const struct tail_start *start)
{
    struct tail *tail;
    char *text;

    tail = heap_new(sizeof(*tail) + filter->key[0].len + filter->key[1].len);
    text = (char *)(tail + 1);
    tail->parked.gone = on_gone;
    tail->tails = self;
    tail->request = ask->request;
    tail->filter = *filter;
    for (unsigned i = 0; i < ring_keys; i++) {
        tail->filter.key[i] = str_put(&text, filter->key[i]);
    }
    tail->at = start->at;
    tail->resume = start->resume;
    tail->lost = start->lost;
    tail->ping_ms = ask->now->mono_ms + ping_ms;
    tail->ping_due = true; /* its client sees at once that it is connected */
    tail->next = self->first;
    if (tail->next != NULL) {
        tail->next->before = tail;
    }
    self->first = tail;
    self->count++;
    request_set_user(ask->request, tail);
    request_stream(ask->request, 200, "text/event-stream", next_bytes, end, tail);
    request_stream_header(ask->request, "Cache-Control", "no-store");
    request_stream_header(ask->request, "X-Accel-Buffering", "no"); /* nginx holds it back else */
}
