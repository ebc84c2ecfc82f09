#include "actors/store/mvcc/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#include "common/base/heap.h"

enum { block_bytes = 65536, aligned = alignof(max_align_t) };

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) char bytes[];
};

static struct arena_block *block_new(struct arena *self, size_t size)
{
    struct arena_block *block = heap_get(sizeof(*block) + size);

    block->next = NULL;
    block->size = size;
    block->used = 0;
    self->bytes += sizeof(*block) + size;
    return block;
}

void *arena_get(struct arena *self, size_t size)
{
    struct arena_block *block = self->blocks;
    void *given;

    size = (size + aligned - 1) / aligned * aligned;
    if (size > block_bytes / 4) { /* of its own, behind the one in use */
        block = block_new(self, size);
        if (self->blocks != NULL) {
            block->next = self->blocks->next;
            self->blocks->next = block;
        } else {
            self->blocks = block;
        }
    } else if (block == NULL || block->size - block->used < size) {
        block = block_new(self, block_bytes);
        block->next = self->blocks;
        self->blocks = block;
    }
    given = block->bytes + block->used;
    block->used += size;
    return given;
}

void *arena_zero(struct arena *self, size_t size)
{
    void *given = arena_get(self, size);

    memset(given, 0, size);
    return given;
}

static void drop(struct arena *self, struct arena_block *from)
{
    while (from != NULL) {
        struct arena_block *next = from->next;

        self->bytes -= sizeof(*from) + from->size;
        free(from);
        from = next;
    }
}

void arena_reset(struct arena *self)
{
    struct arena_block *kept = self->blocks;

    if (kept == NULL || kept->size != block_bytes) {
        arena_fini(self);
        return;
    }
    drop(self, kept->next);
    kept->next = NULL;
    kept->used = 0;
}

void arena_fini(struct arena *self)
{
    drop(self, self->blocks);
    self->blocks = NULL;
}

static void *allocate(void *data, size_t size)
{
    return arena_get(data, size);
}

static void release(void *data, void *block)
{
    (void)data;
    (void)block;
}

ProtobufCAllocator arena_allocator(struct arena *self)
{
    return (ProtobufCAllocator){allocate, release, self};
}
