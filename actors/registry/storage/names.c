#include "actors/registry/storage/names.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

void names_add(struct names *self, struct name name)
{
    ARRAY_ROOM(self->items, self->count, self->cap, 16);
    self->items[self->count++] = name;
}

static int names_cmp(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

void names_sort(struct names *self)
{
    if (self->count > 0) {
        qsort(self->items, self->count, sizeof(self->items[0]), names_cmp);
    }
}

void names_fini(struct names *self)
{
    free(self->items);
    *self = (struct names){0};
}
