/* Pointers under small numbers: a number is valid until it is given back, then
 * reused (the last given back first). Made of chunks that never move, so growing
 * costs the same whatever the size. Chunks are kept for reuse until table_fini.
 */
#ifndef COMMON_CONTAINER_TABLE_H
#define COMMON_CONTAINER_TABLE_H

#include <assert.h>
#include <stdbool.h>

#include "common/container/memory.h"

enum { table_chunk_bits = 12, table_chunk_cells = 1 << table_chunk_bits };

struct table {
    struct memory *memory; /* borrowed */
    uintptr_t **chunks;    /* a cell: a pointer, or the next free number × 2 + 1 */
    uint32_t chunk_count;
    uint32_t count;      /* every number in use is below it */
    uint32_t used;       /* numbers in use */
    uint32_t free_first; /* UINT32_MAX: none */
};

void table_init(struct table *self, struct memory *memory);
void table_fini(struct table *self);

uint32_t table_add(struct table *self, void *item);
void table_remove(struct table *self, uint32_t number);

static inline uintptr_t *table_cell(const struct table *self, uint32_t number)
{
    return &self->chunks[number >> table_chunk_bits][number & (table_chunk_cells - 1)];
}

static inline bool table_has(const struct table *self, uint32_t number)
{
    return number < self->count && (*table_cell(self, number) & 1) == 0;
}

static inline void *table_get(const struct table *self, uint32_t number)
{
    assert(table_has(self, number));
    return (void *)*table_cell(self, number);
}

static inline void table_set(struct table *self, uint32_t number, void *item)
{
    assert(table_has(self, number));
    *table_cell(self, number) = (uintptr_t)item;
}

#endif
