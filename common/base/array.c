#include "common/base/array.h"

#include <assert.h>
#include <stdint.h>

#include "common/base/heap.h"

void *array_grow(void *items, size_t *cap, size_t first, size_t item_bytes)
{
    size_t count = *cap == 0 ? first : 2 * *cap;

    assert(first > 0 && item_bytes > 0 && count <= SIZE_MAX / 2 / item_bytes);
    *cap = count;
    return heap_resize(items, count * item_bytes);
}
