/* What was seen last of each thing, to tell what has become of it. */
#ifndef ACTORS_CTL_MEMORY_H
#define ACTORS_CTL_MEMORY_H

#include <jansson.h>

#include "common/base/str.h"

/* Above it all is forgotten: what comes next is told without what it was before. */
enum { memory_things_max = 200000 };

struct memory {
    json_t *seen; /* owned: by name */
};

void memory_init(struct memory *self);
void memory_fini(struct memory *self);

/* Keeps now (shared; NULL or null: it is gone) under the name and hands out what it was before,
 * which the caller owns; NULL: nothing is known of it. */
json_t *memory_swap(struct memory *self, struct str name, json_t *now);

#endif
