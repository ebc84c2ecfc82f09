#include "actors/store/waiting.h"

#include <stdlib.h>

#include "common/base/heap.h"

enum { first_cap = 256 };

void waiting_init(struct waiting *self)
{
    *self = (struct waiting){.first = 1, .next = 1};
}

static struct waiter *at(const struct waiting *self, uint64_t number)
{
    return &self->ring[number & (self->cap - 1)];
}

void waiting_fini(struct waiting *self)
{
    for (size_t i = 0; i < self->cap; i++) {
        buf_fini(&self->ring[i].request);
    }
    free(self->ring);
    waiting_init(self);
}

static void grow(struct waiting *self)
{
    struct waiting grown = *self;

    grown.cap = self->cap == 0 ? first_cap : self->cap * 2;
    grown.ring = heap_array(grown.cap, sizeof(*grown.ring));
    for (uint64_t number = self->first; number < self->next; number++) {
        *at(&grown, number) = *at(self, number);
    }
    free(self->ring);
    *self = grown;
}

struct waiter *waiting_add(struct waiting *self)
{
    struct waiter *waiter;

    if (self->next - self->first == self->cap) {
        grow(self);
    }
    waiter = at(self, self->next++);
    waiter->open = true;
    waiter->request.len = 0;
    return waiter;
}

struct waiter *waiting_find(struct waiting *self, uint64_t number)
{
    struct waiter *waiter;

    if (number < self->first || number >= self->next) {
        return NULL;
    }
    waiter = at(self, number);
    return waiter->open ? waiter : NULL;
}

void waiting_done(struct waiting *self, struct waiter *waiter)
{
    enum { kept_bytes = 4096 };

    waiter->open = false;
    if (waiter->request.cap > kept_bytes) {
        buf_fini(&waiter->request);
    }
    while (self->first < self->next && !at(self, self->first)->open) {
        self->first++;
    }
}
