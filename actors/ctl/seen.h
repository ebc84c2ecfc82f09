/* What was seen last of each thing, to tell what has become of it. */
#ifndef ACTORS_CTL_SEEN_H
#define ACTORS_CTL_SEEN_H

#include <jansson.h>

#include "common/base/str.h"

/* Above it all is forgotten: what comes next is told without what it was before. */
enum { seen_things_max = 200000 };

struct seen {
    json_t *things; /* owned: by name */
};

void seen_init(struct seen *self);
void seen_fini(struct seen *self);

/* Keeps now (shared; NULL or null: it is gone) under the name and hands out what it was before,
 * which the caller owns; NULL: nothing is known of it. */
json_t *seen_swap(struct seen *self, struct str name, json_t *now);

#endif
