#include "actors/store/node/reads.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

static const size_t first_cap = 64;

static struct read *at(const struct reads *self, size_t i)
{
    return &self->items[self->head + i];
}

void reads_fini(struct reads *self)
{
    free(self->items);
    *self = (struct reads){0};
}

void reads_add(struct reads *self, uint64_t number, int64_t deadline_ms)
{
    size_t end = self->head + self->count;

    ARRAY_ROOM(self->items, end, self->cap, first_cap);
    self->items[end] = (struct read){.number = number, .deadline_ms = deadline_ms};
    self->count++;
}

uint64_t reads_ask(struct reads *self, int64_t now_ms, int64_t again_ms)
{
    bool runs = self->asked > 0 && now_ms - self->asked_ms < again_ms;

    if (runs || self->count == self->known) {
        return 0;
    }
    self->asked = self->count - self->known;
    self->asked_ms = now_ms;
    return ++self->round;
}

void reads_forget_round(struct reads *self)
{
    self->asked = 0;
}

void reads_told(struct reads *self, uint64_t round, uint64_t index)
{
    if (round != self->round) {
        return; /* asked again since: that one will do for all */
    }
    for (size_t i = self->known; i < self->known + self->asked; i++) {
        at(self, i)->index = index;
    }
    self->known += self->asked;
    self->asked = 0;
}

static void forget(struct reads *self, size_t place)
{
    self->asked -= place >= self->known && place < self->known + self->asked ? 1 : 0;
    self->known -= place < self->known ? 1 : 0;
    self->count--;
    if (place > 0) {
        memmove(at(self, place), at(self, place + 1),
                (self->count - place) * sizeof(self->items[0]));
        return;
    }
    self->head++;
    if (self->head > self->count) { /* moves each at most once for one that was taken */
        memmove(self->items, at(self, 0), self->count * sizeof(self->items[0]));
        self->head = 0;
    }
}

bool reads_next(struct reads *self, uint64_t applied, struct read *out)
{
    if (self->known == 0 || at(self, 0)->index > applied) {
        return false;
    }
    *out = *at(self, 0);
    forget(self, 0);
    return true;
}

bool reads_past(struct reads *self, int64_t now_ms, struct read *out)
{
    for (size_t i = 0; i < self->count; i++) {
        if (at(self, i)->deadline_ms <= now_ms) {
            *out = *at(self, i);
            forget(self, i);
            return true;
        }
    }
    return false;
}
