/* What is due when: a heap of deadlines that sit in their owners' memory. */
#ifndef COMMON_BASE_DEADLINES_H
#define COMMON_BASE_DEADLINES_H

#include <stddef.h>
#include <stdint.h>

struct deadline {
    int64_t due_ms;
    size_t at; /* place in the heap, from 1 on; 0: in none */
};

struct deadlines {
    struct deadline **items; /* owns the list, not the deadlines */
    size_t count;
    size_t cap;
};

void deadlines_fini(struct deadlines *self);
/* Puts it in, or moves it. */
void deadlines_set(struct deadlines *self, struct deadline *deadline, int64_t due_ms);
void deadlines_remove(struct deadlines *self, struct deadline *deadline); /* may be in none */
struct deadline *deadlines_first(const struct deadlines *self);           /* NULL: empty */

#endif
