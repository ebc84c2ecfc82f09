/* A list of names of files. */
#ifndef ACTORS_REGISTRY_STORAGE_NAMES_H
#define ACTORS_REGISTRY_STORAGE_NAMES_H

#include "common/journal/volume.h"

struct names {
    struct name *items; /* owned */
    size_t count;
    size_t cap;
};

void names_add(struct names *self, struct name name);
void names_sort(struct names *self);
void names_fini(struct names *self);

#endif
