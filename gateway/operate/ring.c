#include "gateway/operate/ring.h"

#include <stdlib.h>

#include "common/base/heap.h"

static struct ring_item **place(const struct ring *self, uint64_t ordinal)
{
    return &self->items[ordinal % ring_items_max];
}

static size_t bytes_of(const struct ring_item *item)
{
    return sizeof(*item) + item->key[0].len + item->key[1].len + item->data.len;
}

static void drop_first(struct ring *self)
{
    struct ring_item **at = place(self, self->first);

    self->bytes -= bytes_of(*at);
    free(*at);
    *at = NULL;
    self->first++;
}

void ring_fini(struct ring *self)
{
    while (self->first < self->next) {
        drop_first(self);
    }
    free(self->items);
    *self = (struct ring){0};
}

void ring_add(struct ring *self, const struct ring_item *item)
{
    size_t bytes = bytes_of(item);
    struct ring_item *copy;
    char *text;

    assert(item->kind < 32);
    if (self->items == NULL) {
        self->items = heap_array(ring_items_max, sizeof(struct ring_item *));
    }
    while (self->first < self->next &&
           (self->next - self->first == ring_items_max || self->bytes + bytes > ring_bytes_max)) {
        drop_first(self);
    }
    copy = heap_get(bytes);
    text = (char *)(copy + 1);
    *copy = *item;
    for (unsigned i = 0; i < ring_keys; i++) {
        copy->key[i] = str_put(&text, item->key[i]);
    }
    copy->data = str_put(&text, item->data);
    *place(self, self->next) = copy;
    self->next++;
    self->bytes += bytes;
}

const struct ring_item *ring_at(const struct ring *self, uint64_t ordinal)
{
    assert(ordinal >= self->first && ordinal < self->next);
    return *place(self, ordinal);
}

bool ring_behind(const struct ring *self, uint64_t epoch, uint64_t seq, uint64_t *ordinal)
{
    for (uint64_t at = self->next; epoch != 0 && at > self->first; at--) {
        const struct ring_item *item = ring_at(self, at - 1);

        if (item->epoch == epoch && item->seq == seq) {
            *ordinal = at;
            return true;
        }
    }
    return false;
}

bool ring_wants(const struct ring_filter *filter, const struct ring_item *item)
{
    for (unsigned i = 0; i < ring_keys; i++) {
        if (filter->key[i].len > 0 && !str_eq(filter->key[i], item->key[i])) {
            return false;
        }
    }
    return item->wall_ns >= filter->since && (filter->kinds & (UINT32_C(1) << item->kind)) != 0;
}
