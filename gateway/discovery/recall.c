#include "gateway/discovery/recall.h"

#include <stdlib.h>

#include "common/base/heap.h"

/* 1.5 MB when full; what was never used takes no memory. */
enum { set_count = 16384, ways = 4 };

struct item {
    uint64_t key;
    int64_t value;
    int64_t until_ms; /* 0: free */
};

struct recall {
    struct item *items; /* owns: sets of ways */
};

struct recall *recall_new(void)
{
    struct recall *self = heap_new(sizeof(*self));

    self->items = heap_array((size_t)set_count * ways, sizeof(*self->items));
    return self;
}

void recall_destroy(struct recall **self)
{
    if (*self != NULL) {
        free((*self)->items);
        free(*self);
        *self = NULL;
    }
}

static struct item *set_of(const struct recall *self, uint64_t key)
{
    return &self->items[key % set_count * ways];
}

void recall_put(struct recall *self, uint64_t key, int64_t value, int64_t until_ms)
{
    struct item *set = set_of(self, key);
    struct item *to = &set[0];

    for (unsigned i = 0; i < ways; i++) {
        if (set[i].until_ms != 0 && set[i].key == key) {
            to = &set[i];
            break;
        }
        to = set[i].until_ms < to->until_ms ? &set[i] : to;
    }
    *to = (struct item){key, value, until_ms};
}

bool recall_find(const struct recall *self, uint64_t key, int64_t now_ms, int64_t *value)
{
    const struct item *set = set_of(self, key);

    for (unsigned i = 0; i < ways; i++) {
        if (set[i].key == key && set[i].until_ms > now_ms) {
            if (value != NULL) {
                *value = set[i].value;
            }
            return true;
        }
    }
    return false;
}
