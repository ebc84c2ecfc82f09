/* A sparse array that grows a chunk at a time: what stands in a chunk never moves, so growing costs
 * the same whatever the size, and where nothing stands there is nothing. {.bytes = n} is empty.
 */
#ifndef COMMON_CONTAINER_CHUNKS_H
#define COMMON_CONTAINER_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunks {
    void **chunk;   /* owned; NULL where none was needed yet */
    uint32_t count; /* of chunk */
    size_t bytes;   /* of one */
};

void chunks_fini(struct chunks *self);
/* The chunk with this number, made of zeros if need be; fresh: whether it was, may be NULL. */
void *chunks_make(struct chunks *self, uint32_t number, bool *fresh);
/* NULL: there is none. */
static inline void *chunks_find(const struct chunks *self, uint32_t number)
{
    return number < self->count ? self->chunk[number] : NULL;
}
/* Frees it. There is one. */
void chunks_drop(struct chunks *self, uint32_t number);

#endif
