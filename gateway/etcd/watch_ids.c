#include "gateway/etcd/watch_ids.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/heap.h"

enum { first_bits = 2 };

static size_t home(int64_t id, unsigned bits)
{
    /* Fibonacci hashing: ids are mostly numbers in a row */
    return (size_t)((uint64_t)id * 0x9e3779b97f4a7c15u >> (64 - bits));
}

static size_t mask(const struct watch_ids *self)
{
    return ((size_t)1 << self->bits) - 1;
}

/* Where it is, or would go. */
static size_t place(const struct watch_ids *self, int64_t id)
{
    size_t at = home(id, self->bits);

    while (self->cells[at].watcher != NULL && self->cells[at].id != id) {
        at = (at + 1) & mask(self);
    }
    return at;
}

void watch_ids_fini(struct watch_ids *self)
{
    free(self->cells);
    *self = (struct watch_ids){0};
}

struct watcher *watch_ids_find(const struct watch_ids *self, int64_t id)
{
    return self->cells != NULL ? self->cells[place(self, id)].watcher : NULL;
}

static void grow(struct watch_ids *self)
{
    struct watch_ids old = *self;
    size_t count = old.cells != NULL ? mask(&old) + 1 : 0;

    self->bits = old.cells == NULL ? first_bits : old.bits + 1;
    self->cells = heap_new(sizeof(*self->cells) << self->bits);
    for (size_t i = 0; i < count; i++) {
        if (old.cells[i].watcher != NULL) {
            self->cells[place(self, old.cells[i].id)] = old.cells[i];
        }
    }
    free(old.cells);
}

void watch_ids_add(struct watch_ids *self, int64_t id, struct watcher *watcher)
{
    size_t at;

    if (self->cells == NULL || 2 * (size_t)self->count > mask(self)) {
        grow(self);
    }
    at = place(self, id);
    assert(self->cells[at].watcher == NULL);
    self->cells[at] = (struct watch_id_cell){id, watcher};
    self->count++;
}

void watch_ids_remove(struct watch_ids *self, int64_t id)
{
    size_t hole = place(self, id);
    size_t at = hole;

    assert(self->cells[hole].watcher != NULL);
    self->count--;
    self->cells[hole].watcher = NULL;
    for (;;) {
        size_t wants;

        at = (at + 1) & mask(self);
        if (self->cells[at].watcher == NULL) {
            return;
        }
        wants = home(self->cells[at].id, self->bits);
        if (((at - wants) & mask(self)) >= ((at - hole) & mask(self))) {
            self->cells[hole] = self->cells[at];
            self->cells[at].watcher = NULL;
            hole = at;
        }
    }
}

struct watcher *watch_ids_next(const struct watch_ids *self, size_t *at)
{
    size_t count = self->cells != NULL ? mask(self) + 1 : 0;

    while (*at < count) {
        struct watcher *watcher = self->cells[(*at)++].watcher;

        if (watcher != NULL) {
            return watcher;
        }
    }
    return NULL;
}
