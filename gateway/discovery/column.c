#include "gateway/discovery/column.h"

#include <stdlib.h>
#include <string.h>

void column_fini(struct column *self)
{
    for (size_t i = 0; i < self->chunk_count; i++) {
        free(self->chunk[i]);
    }
    free(self->chunk);
    *self = (struct column){.cell_bytes = self->cell_bytes};
}

void *column_find(const struct column *self, uint32_t number)
{
    size_t at = number / column_chunk_cells;

    if (at >= self->chunk_count || self->chunk[at] == NULL) {
        return NULL;
    }
    return (char *)self->chunk[at] + number % column_chunk_cells * self->cell_bytes;
}

static void make_room(struct column *self, size_t at)
{
    size_t count = self->chunk_count < 16 ? 16 : self->chunk_count * 2;

    count = count <= at ? at + 1 : count;
    self->chunk = realloc(self->chunk, count * sizeof(*self->chunk));
    if (self->chunk == NULL) {
        abort();
    }
    memset(self->chunk + self->chunk_count, 0, (count - self->chunk_count) * sizeof(*self->chunk));
    self->chunk_count = count;
}

void *column_make(struct column *self, uint32_t number)
{
    size_t at = number / column_chunk_cells;

    if (at >= self->chunk_count) {
        make_room(self, at);
    }
    if (self->chunk[at] == NULL) {
        self->chunk[at] = calloc(column_chunk_cells, self->cell_bytes);
        if (self->chunk[at] == NULL) {
            abort();
        }
    }
    return column_find(self, number);
}
