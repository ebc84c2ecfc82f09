#include "common/base/heap.h"

#include <stdlib.h>

static void *sure(void *block)
{
    if (block == NULL) {
        abort();
    }
    return block;
}

void *heap_get(size_t bytes)
{
    return sure(malloc(bytes > 0 ? bytes : 1));
}

void *heap_resize(void *block, size_t bytes)
{
    return sure(realloc(block, bytes > 0 ? bytes : 1));
}

char *heap_text(struct str text)
{
    char *copy = heap_new(text.len + 1);
    char *at = copy;

    str_put(&at, text);
    return copy;
}

void *heap_new(size_t bytes)
{
    return heap_array(1, bytes);
}

void *heap_array(size_t count, size_t item_bytes)
{
    return sure(calloc(count > 0 ? count : 1, item_bytes));
}
