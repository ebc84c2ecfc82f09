#include "common/base/deadlines.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/array.h"

void deadlines_fini(struct deadlines *self)
{
    free(self->items);
    *self = (struct deadlines){0};
}

static void put(struct deadlines *self, struct deadline *deadline, size_t at)
{
    self->items[at - 1] = deadline;
    deadline->at = at;
}

static void settle(struct deadlines *self, struct deadline *deadline, size_t at)
{
    for (; at > 1 && self->items[at / 2 - 1]->due_ms > deadline->due_ms; at /= 2) {
        put(self, self->items[at / 2 - 1], at);
    }
    for (;;) {
        size_t child = 2 * at;

        if (child < self->count && self->items[child]->due_ms < self->items[child - 1]->due_ms) {
            child++;
        }
        if (child > self->count || self->items[child - 1]->due_ms >= deadline->due_ms) {
            break;
        }
        put(self, self->items[child - 1], at);
        at = child;
    }
    put(self, deadline, at);
}

void deadlines_set(struct deadlines *self, struct deadline *deadline, int64_t due_ms)
{
    assert(deadline->at == 0 || self->items[deadline->at - 1] == deadline);
    if (deadline->at == 0) {
        /* of pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
        ARRAY_ROOM(self->items, self->count, self->cap, 64);
        deadline->at = ++self->count;
    }
    deadline->due_ms = due_ms;
    settle(self, deadline, deadline->at);
}

void deadlines_remove(struct deadlines *self, struct deadline *deadline)
{
    size_t at = deadline->at;
    struct deadline *last;

    if (at == 0) {
        return;
    }
    assert(at <= self->count && self->items[at - 1] == deadline);
    last = self->items[--self->count];
    if (last != deadline) {
        settle(self, last, at);
    }
    deadline->at = 0;
}

struct deadline *deadlines_first(const struct deadlines *self)
{
    return self->count == 0 ? NULL : self->items[0];
}
