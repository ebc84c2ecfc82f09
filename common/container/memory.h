/* The heap as one structure uses it, counted: what malloc really takes, not what
 * was asked for, so that a limit on it means something. Running out aborts. */
#ifndef COMMON_CONTAINER_MEMORY_H
#define COMMON_CONTAINER_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct memory {
    uint64_t bytes;
};

void *memory_get(struct memory *self, size_t size);
void *memory_resize(struct memory *self, void *block, size_t old_size, size_t size);
void memory_put(struct memory *self, void *block, size_t size); /* block may be NULL with size 0 */

#endif
