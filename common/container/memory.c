#include "common/container/memory.h"

#include <stdlib.h>

#include "common/base/heap.h"

/* glibc: 8 bytes before each block, sizes in steps of 16, 32 at least. */
static uint64_t heap_bytes(size_t size)
{
    uint64_t rounded = ((uint64_t)size + 8 + 15) & ~(uint64_t)15;

    return size == 0 ? 0 : rounded < 32 ? 32 : rounded;
}

void *memory_resize(struct memory *self, void *block, size_t old_size, size_t size)
{
    self->bytes += heap_bytes(size) - heap_bytes(old_size);
    return heap_resize(block, size);
}

void *memory_get(struct memory *self, size_t size)
{
    return memory_resize(self, NULL, 0, size);
}

void memory_put(struct memory *self, void *block, size_t size)
{
    self->bytes -= heap_bytes(size);
    free(block);
}
