#include "common/container/column.h"

struct column column_of(size_t cell_bytes)
{
    return (struct column){{.bytes = column_chunk_cells * cell_bytes}, cell_bytes};
}

void column_fini(struct column *self)
{
    chunks_fini(&self->chunks);
}

static void *cell(const struct column *self, void *chunk, uint32_t number)
{
    return (char *)chunk + number % column_chunk_cells * self->cell_bytes;
}

void *column_find(const struct column *self, uint32_t number)
{
    void *chunk = chunks_find(&self->chunks, number / column_chunk_cells);

    return chunk != NULL ? cell(self, chunk, number) : NULL;
}

void *column_make(struct column *self, uint32_t number)
{
    return cell(self, chunks_make(&self->chunks, number / column_chunk_cells, NULL), number);
}

void *column_chunk(const struct column *self, uint32_t number)
{
    return chunks_find(&self->chunks, number);
}

uint32_t column_chunk_count(const struct column *self)
{
    return self->chunks.count;
}
