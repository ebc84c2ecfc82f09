#include "actors/store/node/calls.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/heap.h"

static const size_t first_cap = 64;

static struct call *at(const struct calls *self, size_t i)
{
    return &self->items[self->head + i];
}

void calls_fini(struct calls *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(at(self, i)->body);
    }
    free(self->items);
    *self = (struct calls){0};
}

void calls_add(struct calls *self, uint64_t number, struct str body, int64_t deadline_ms)
{
    struct call call = {.number = number, .deadline_ms = deadline_ms, .len = (uint32_t)body.len};
    size_t end = self->head + self->count;

    assert(self->count == 0 || at(self, self->count - 1)->number < number);
    if (body.len > 0) {
        call.body = heap_get(body.len);
        memcpy(call.body, body.data, body.len);
    }
    ARRAY_ROOM(self->items, end, self->cap, first_cap);
    self->items[end] = call;
    self->count++;
    self->bytes += call.len;
}

struct call *calls_waiting(struct calls *self)
{
    while (self->waits_from < self->count) {
        struct call *call = at(self, self->waits_from);

        if (!call->answered && call->term == 0) {
            return call;
        }
        self->waits_from++;
    }
    return NULL;
}

void calls_tried(struct calls *self, struct call *call, uint64_t term)
{
    assert(call == at(self, self->waits_from) && call->term == 0 && term > 0);
    call->term = term;
    call->batch = self->batch;
    self->tried_bytes += call->len;
    self->waits_from++;
}

void calls_begin(struct calls *self)
{
    self->batch++;
}

static void wait_again(struct calls *self, size_t place)
{
    self->tried_bytes -= at(self, place)->len;
    at(self, place)->term = 0;
    self->waits_from = place < self->waits_from ? place : self->waits_from;
}

void calls_refused(struct calls *self)
{
    for (size_t i = 0; i < self->count; i++) {
        if (!at(self, i)->answered && at(self, i)->term != 0 && at(self, i)->batch == self->batch) {
            wait_again(self, i);
        }
    }
}

/* The first place with that number or a greater one. */
static size_t place_of(const struct calls *self, uint64_t number)
{
    size_t low = 0;
    size_t high = self->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (at(self, middle)->number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct call *calls_find(struct calls *self, uint64_t number)
{
    size_t place = place_of(self, number);
    struct call *call = place < self->count ? at(self, place) : NULL;

    return call != NULL && call->number == number && !call->answered ? call : NULL;
}

void calls_answered(struct calls *self, struct call *call)
{
    self->bytes -= call->len;
    self->tried_bytes -= call->term != 0 ? call->len : 0;
    free(call->body);
    call->body = NULL;
    call->len = 0;
    call->answered = true;
    while (self->count > 0 && at(self, 0)->answered) {
        self->head++;
        self->count--;
        self->waits_from -= self->waits_from > 0 ? 1 : 0;
    }
    if (self->head > self->count) { /* moves each at most once for one that was answered */
        if (self->count > 0) {
            memmove(self->items, at(self, 0), self->count * sizeof(*self->items));
        }
        self->head = 0;
    }
}

void calls_retry(struct calls *self, uint64_t term)
{
    for (size_t i = 0; i < self->count; i++) {
        const struct call *call = at(self, i);

        if (!call->answered && call->term != 0 && call->term < term) {
            wait_again(self, i);
        }
    }
}

struct call *calls_past(struct calls *self, uint64_t after, int64_t now_ms)
{
    for (size_t i = place_of(self, after + 1); i < self->count; i++) {
        if (!at(self, i)->answered && at(self, i)->deadline_ms <= now_ms) {
            return at(self, i);
        }
    }
    return NULL;
}

struct call *calls_under_way(struct calls *self, uint64_t after)
{
    for (size_t i = place_of(self, after + 1); i < self->count; i++) {
        if (!at(self, i)->answered && at(self, i)->term != 0) {
            return at(self, i);
        }
    }
    return NULL;
}
