#include "gateway/etcd/h2_memory.h"

#include <sanitizer/asan_interface.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { step = h2_memory_largest / h2_memory_sizes };

/* What stands before each object. */
struct h2_block {
    size_t size; /* of the object that follows: its class', or what was asked for */
    struct h2_block *next;
    alignas(max_align_t) unsigned char object[];
};

static struct h2_block *block_of(void *object)
{
    return (struct h2_block *)((unsigned char *)object - offsetof(struct h2_block, object));
}

static bool is_small(size_t size)
{
    return size > 0 && size <= h2_memory_largest;
}

static struct h2_block **free_of(struct h2_memory *self, size_t size)
{
    return &self->free[(size - 1) / step];
}

/* NULL: none is kept. */
static struct h2_block *take_kept(struct h2_memory *self, size_t size)
{
    struct h2_block *block = *free_of(self, size);

    if (block != NULL) {
        *free_of(self, size) = block->next;
        self->kept -= block->size;
        ASAN_UNPOISON_MEMORY_REGION(block->object, size);
    }
    return block;
}

void *h2_memory_take(size_t size, void *memory)
{
    struct h2_block *block = is_small(size) ? take_kept(memory, size) : NULL;
    size_t whole = is_small(size) ? (size + step - 1) / step * step : size;

    if (block == NULL && whole <= SIZE_MAX - sizeof(*block)) {
        block = malloc(sizeof(*block) + whole);
        if (block != NULL) {
            block->size = whole;
        }
    }
    return block != NULL ? block->object : NULL;
}

void h2_memory_give_back(void *object, void *memory)
{
    struct h2_memory *self = memory;
    struct h2_block *block;

    if (object == NULL) {
        return;
    }
    block = block_of(object);
    if (!is_small(block->size) || self->kept + block->size > h2_memory_kept) {
        free(block);
        return;
    }
    ASAN_POISON_MEMORY_REGION(block->object, block->size);
    block->next = *free_of(self, block->size);
    *free_of(self, block->size) = block;
    self->kept += block->size;
}

void *h2_memory_take_zeroed(size_t count, size_t size, void *memory)
{
    void *object = NULL;

    if (size == 0 || count <= SIZE_MAX / size) {
        object = h2_memory_take(count * size, memory);
    }
    if (object != NULL) {
        memset(object, 0, count * size);
    }
    return object;
}

void *h2_memory_resize(void *object, size_t size, void *memory)
{
    void *larger;

    if (object != NULL && size <= block_of(object)->size) {
        ASAN_UNPOISON_MEMORY_REGION(object, size);
        return object;
    }
    larger = h2_memory_take(size, memory);
    if (larger != NULL && object != NULL) {
        ASAN_UNPOISON_MEMORY_REGION(object, block_of(object)->size);
        memcpy(larger, object, block_of(object)->size);
        h2_memory_give_back(object, memory);
    }
    return larger;
}

void h2_memory_fini(struct h2_memory *self)
{
    for (size_t i = 0; i < h2_memory_sizes; i++) {
        while (self->free[i] != NULL) {
            struct h2_block *block = self->free[i];

            self->free[i] = block->next;
            free(block);
        }
    }
    self->kept = 0;
}
