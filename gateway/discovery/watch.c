#include "gateway/discovery/watch.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/heap.h"

/* Fixed: 512 KiB serve a million names in chains of 16. */
enum { bucket_count = 65536 };

struct watch {
    struct watch *next; /* in its bucket */
    uint64_t app_hash;
    struct watch_node *nodes;
    uint32_t waiting; /* nodes */
    bool woken;
    struct watch *next_woken;
    struct watch *prev_woken;
};

struct watches {
    struct watch **bucket; /* owns */
    struct watch *woken;   /* first */
    struct watcher *first; /* due */
    struct watcher *last;
    uint64_t count;
};

struct watches *watches_new(void)
{
    struct watches *self = heap_new(sizeof(*self));

    self->bucket = heap_array(bucket_count, sizeof(struct watch *));
    return self;
}

void watches_destroy(struct watches **self)
{
    if (*self != NULL) {
        assert((*self)->count == 0);
        free((*self)->bucket);
        free(*self);
        *self = NULL;
    }
}

/* Where the pointer to the watch is, or would be. */
static struct watch **watch_place(const struct watches *self, uint64_t app_hash)
{
    struct watch **at = &self->bucket[app_hash % bucket_count];

    while (*at != NULL && (*at)->app_hash != app_hash) {
        at = &(*at)->next;
    }
    return at;
}

void watches_add(struct watches *self, uint64_t app_hash, struct watcher *watcher,
                 struct watch_node *node)
{
    struct watch **at = watch_place(self, app_hash);

    if (*at == NULL) {
        *at = heap_new(sizeof(**at));
        (*at)->app_hash = app_hash;
        self->count++;
    }
    *node = (struct watch_node){.watcher = watcher, .watch = *at, .next = (*at)->nodes};
    if (node->next != NULL) {
        node->next->prev = node;
    }
    (*at)->nodes = node;
    (*at)->waiting++;
}

uint32_t watches_waiting(const struct watches *self, uint64_t app_hash)
{
    const struct watch *watch = *watch_place(self, app_hash);

    return watch != NULL ? watch->waiting : 0;
}

const struct watch_node *watches_first(const struct watches *self, uint64_t app_hash)
{
    const struct watch *watch = *watch_place(self, app_hash);

    return watch != NULL ? watch->nodes : NULL;
}

static void unwake(struct watches *self, struct watch *watch)
{
    if (watch->woken) {
        *(watch->prev_woken != NULL ? &watch->prev_woken->next_woken : &self->woken) =
            watch->next_woken;
        if (watch->next_woken != NULL) {
            watch->next_woken->prev_woken = watch->prev_woken;
        }
        watch->woken = false;
    }
}

void watches_remove(struct watches *self, struct watch_node *node)
{
    struct watch *watch = node->watch;

    *(node->prev != NULL ? &node->prev->next : &watch->nodes) = node->next;
    if (node->next != NULL) {
        node->next->prev = node->prev;
    }
    watch->waiting--;
    assert((watch->waiting == 0) == (watch->nodes == NULL));
    if (watch->nodes == NULL) {
        unwake(self, watch);
        *watch_place(self, watch->app_hash) = watch->next;
        free(watch);
        assert(self->count > 0);
        self->count--;
    }
}

void watches_wake(struct watches *self, uint64_t app_hash)
{
    struct watch *watch = *watch_place(self, app_hash);

    if (watch != NULL && !watch->woken) {
        watch->woken = true;
        watch->prev_woken = NULL;
        watch->next_woken = self->woken;
        if (self->woken != NULL) {
            self->woken->prev_woken = watch;
        }
        self->woken = watch;
    }
}

void watches_push(struct watches *self, struct watcher *watcher)
{
    if (!watcher->due) {
        watcher->due = true;
        watcher->next = NULL;
        watcher->prev = self->last;
        *(self->last != NULL ? &self->last->next : &self->first) = watcher;
        self->last = watcher;
    }
}

void watches_forget(struct watches *self, struct watcher *watcher)
{
    if (watcher->due) {
        *(watcher->prev != NULL ? &watcher->prev->next : &self->first) = watcher->next;
        *(watcher->next != NULL ? &watcher->next->prev : &self->last) = watcher->prev;
        watcher->due = false;
    }
}

struct watcher *watches_take(struct watches *self)
{
    struct watcher *taken;

    while (self->first == NULL && self->woken != NULL) {
        struct watch *watch = self->woken;

        unwake(self, watch);
        for (struct watch_node *node = watch->nodes; node != NULL; node = node->next) {
            watches_push(self, node->watcher);
        }
    }
    taken = self->first;
    if (taken != NULL) {
        watches_forget(self, taken);
    }
    return taken;
}

bool watches_due(const struct watches *self)
{
    return self->first != NULL || self->woken != NULL;
}

uint64_t watches_count(const struct watches *self)
{
    return self->count;
}
