#include "tests/store/sim/post.h"

#include <stdlib.h>

#include "common/base/array.h"

enum { first_cap = 64 };

void post_fini(struct post *self)
{
    for (size_t i = 0; i < self->count; i++) {
        buf_fini(&self->heap[i].bytes);
    }
    free(self->heap);
    *self = (struct post){0};
}

static bool is_before(const struct parcel *a, const struct parcel *b)
{
    return a->due_ms < b->due_ms || (a->due_ms == b->due_ms && a->order < b->order);
}

static void swap(struct parcel *a, struct parcel *b)
{
    struct parcel c = *a;

    *a = *b;
    *b = c;
}

void post_push(struct post *self, struct parcel parcel)
{
    size_t at = self->count;

    ARRAY_ROOM(self->heap, self->count, self->cap, first_cap);
    parcel.order = self->orders++;
    self->heap[self->count++] = parcel;
    for (; at > 0 && is_before(&self->heap[at], &self->heap[(at - 1) / 2]); at = (at - 1) / 2) {
        swap(&self->heap[at], &self->heap[(at - 1) / 2]);
    }
}

int64_t post_due_ms(const struct post *self)
{
    return self->count > 0 ? self->heap[0].due_ms : INT64_MAX;
}

struct parcel post_pop(struct post *self)
{
    struct parcel first = self->heap[0];
    size_t at = 0;

    assert(self->count > 0);
    self->heap[0] = self->heap[--self->count];
    for (;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < self->count && is_before(&self->heap[child], &self->heap[least])) {
                least = child;
            }
        }
        if (least == at) {
            return first;
        }
        swap(&self->heap[at], &self->heap[least]);
        at = least;
    }
}
