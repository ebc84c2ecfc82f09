/* The root of somebody's digests: two nodes with the same hold the same. */
#ifndef ACTORS_REPLICATOR_ROOT_H
#define ACTORS_REPLICATOR_ROOT_H

#include <stdbool.h>
#include <string.h>

struct root {
    bool set; /* one was heard */
    char bytes[16];
};

/* Both known, and the same. */
static inline bool roots_eq(const struct root *a, const struct root *b)
{
    return a->set && b->set && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

#endif
