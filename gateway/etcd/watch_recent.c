#include "gateway/etcd/watch_recent.h"

#include <stdlib.h>

#include "common/base/array.h"
#include "common/base/heap.h"

static void drop_first(struct watch_recent *self)
{
    struct watch_fact *fact = self->facts[self->first++];

    self->from = fact->revision;
    self->bytes -= sizeof(*fact) + fact->len;
    self->count--;
    free(fact);
}

void watch_recent_begin(struct watch_recent *self, int64_t revision)
{
    while (self->count > 0) {
        drop_first(self);
    }
    self->first = 0;
    self->from = self->to = revision;
}

void watch_recent_fini(struct watch_recent *self)
{
    watch_recent_begin(self, 0);
    free(self->facts);
    *self = (struct watch_recent){0};
}

static void make_room(struct watch_recent *self)
{
    size_t used = self->first + self->count;

    if (self->first > self->count) { /* moved as often as facts are dropped, at most */
        /* of pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
        memmove(self->facts, self->facts + self->first, self->count * sizeof(*self->facts));
        self->first = 0;
    } else {
        /* of pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
        ARRAY_ROOM(self->facts, used, self->cap, 16);
    }
}

void watch_recent_add(struct watch_recent *self, int64_t before, int64_t revision,
                      struct str events)
{
    struct watch_fact *fact = heap_get(sizeof(*fact) + events.len);

    assert(revision > before);
    if (before != self->to) {
        watch_recent_begin(self, before);
    }
    *fact = (struct watch_fact){.before = before, .revision = revision, .len = events.len};
    if (events.len > 0) {
        memcpy(fact->events, events.data, events.len);
    }
    make_room(self);
    self->facts[self->first + self->count++] = fact;
    self->bytes += sizeof(*fact) + events.len;
    self->to = revision;
    while (self->bytes > self->bytes_max && self->count > 1) {
        drop_first(self);
    }
}

const struct watch_fact *watch_recent_after(const struct watch_recent *self, int64_t revision)
{
    size_t low = self->first;
    size_t high = self->first + self->count;

    if (revision < self->from || revision >= self->to) {
        return NULL;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (self->facts[middle]->revision <= revision) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return self->facts[low];
}
