/* Room for one more item in an array that grows: twice as many as before when it is full, `first`
 * of them when there are none yet. Items may move. No memory ends the process: what is bounded by
 * limits fits, or the limits are wrong.
 */
#ifndef COMMON_BASE_ARRAY_H
#define COMMON_BASE_ARRAY_H

#include <stddef.h>

/* items: a pointer to the first; cap: a size_t. Both are the owner's, who frees items. */
#define ARRAY_ROOM(items, count, cap, first)                                                       \
    do {                                                                                           \
        if ((count) == (cap)) {                                                                    \
            (items) = array_grow((items), &(cap), (first), sizeof(*(items)));                      \
        }                                                                                          \
    } while (0)

void *array_grow(void *items, size_t *cap, size_t first, size_t item_bytes);

#endif
