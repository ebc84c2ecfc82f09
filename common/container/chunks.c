#include "common/container/chunks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"

void chunks_fini(struct chunks *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        free(self->chunk[i]);
    }
    free(self->chunk);
    *self = (struct chunks){.bytes = self->bytes};
}

static void make_room(struct chunks *self, uint32_t number)
{
    uint32_t count = number + 1 + number / 2;

    self->chunk = heap_resize(self->chunk, count * sizeof(*self->chunk));
    memset(self->chunk + self->count, 0, (count - self->count) * sizeof(*self->chunk));
    self->count = count;
}

void *chunks_make(struct chunks *self, uint32_t number, bool *fresh)
{
    bool made = chunks_find(self, number) == NULL;

    assert(self->bytes > 0);
    if (number >= self->count) {
        make_room(self, number);
    }
    if (made) {
        self->chunk[number] = heap_new(self->bytes);
    }
    if (fresh != NULL) {
        *fresh = made;
    }
    return self->chunk[number];
}

void chunks_drop(struct chunks *self, uint32_t number)
{
    assert(chunks_find(self, number) != NULL);
    free(self->chunk[number]);
    self->chunk[number] = NULL;
}
