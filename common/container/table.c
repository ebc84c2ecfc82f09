#include "common/container/table.h"

/* A free number must fit into a cell beside its mark. */
static_assert(sizeof(uintptr_t) >= 8, "a cell holds a number and a bit");

static const uint32_t none_free = UINT32_MAX;

void table_init(struct table *self, struct memory *memory)
{
    *self = (struct table){.memory = memory, .free_first = none_free};
}

void table_fini(struct table *self)
{
    for (uint32_t i = 0; i < self->chunk_count; i++) {
        memory_put(self->memory, self->chunks[i], table_chunk_cells * sizeof(uintptr_t));
    }
    memory_put(self->memory, self->chunks, self->chunk_count * sizeof(*self->chunks));
    table_init(self, self->memory);
}

static void add_chunk(struct table *self)
{
    size_t bytes = self->chunk_count * sizeof(*self->chunks);

    self->chunks = memory_resize(self->memory, self->chunks, bytes, bytes + sizeof(*self->chunks));
    self->chunks[self->chunk_count++] =
        memory_get(self->memory, table_chunk_cells * sizeof(uintptr_t));
}

uint32_t table_add(struct table *self, void *item)
{
    uint32_t number = self->free_first;

    assert(((uintptr_t)item & 1) == 0);
    if (number != none_free) {
        self->free_first = (uint32_t)(*table_cell(self, number) >> 1);
    } else {
        assert(self->count < none_free);
        number = self->count;
        if (number >> table_chunk_bits == self->chunk_count) {
            add_chunk(self);
        }
        self->count++;
    }
    *table_cell(self, number) = (uintptr_t)item;
    self->used++;
    return number;
}

void table_remove(struct table *self, uint32_t number)
{
    assert(table_has(self, number));
    *table_cell(self, number) = (uintptr_t)self->free_first << 1 | 1;
    self->free_first = number;
    self->used--;
}
