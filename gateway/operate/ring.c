#include "gateway/operate/ring.h"

#include <stdlib.h>

#include "common/base/heap.h"

static struct ring_item *place(const struct ring *self, uint64_t ordinal)
{
    return &self->items[ordinal % ring_items_max];
}

static size_t bytes_of(const struct ring_item *item)
{
    size_t bytes = item->data.len;

    for (unsigned i = 0; i < ring_keys; i++) {
        bytes += item->key[i].len;
    }
    return bytes;
}

static void drop_first(struct ring *self)
{
    self->bytes -= bytes_of(place(self, self->first));
    self->first++;
}

void ring_fini(struct ring *self)
{
    free(self->items);
    free(self->room);
    *self = (struct ring){0};
}

/* Whether so many bytes are free in one piece, at self->at or from the beginning on, which it moves
 * to then:
 *
 *   room  ....[oldest … newest]at.....        or      newest]at.....[oldest …
 */
static bool has_room(struct ring *self, size_t bytes)
{
    size_t oldest;

    if (self->bytes == 0) {
        self->at = 0;
        return true;
    }
    oldest = (size_t)(place(self, self->first)->key[0].data - self->room);
    if (self->at <= oldest) {
        return oldest - self->at >= bytes;
    }
    if (ring_bytes_max - self->at < bytes && oldest >= bytes) {
        self->at = 0;
        return true;
    }
    return ring_bytes_max - self->at >= bytes;
}

static void make_room(struct ring *self, size_t bytes)
{
    assert(bytes <= ring_bytes_max);
    if (self->items == NULL) {
        self->items = heap_array(ring_items_max, sizeof(struct ring_item));
        self->room = heap_get(ring_bytes_max);
    }
    while (self->next - self->first == ring_items_max || !has_room(self, bytes)) {
        drop_first(self);
    }
}

void ring_add(struct ring *self, const struct ring_item *item)
{
    size_t bytes = bytes_of(item);
    struct ring_item *copy;
    char *text;

    assert(item->kind < 32);
    make_room(self, bytes);
    copy = place(self, self->next);
    text = self->room + self->at;
    *copy = *item;
    for (unsigned i = 0; i < ring_keys; i++) {
        copy->key[i] = str_put(&text, item->key[i]);
    }
    copy->data = str_put(&text, item->data);
    self->at += bytes;
    self->next++;
    self->bytes += bytes;
}

const struct ring_item *ring_at(const struct ring *self, uint64_t ordinal)
{
    assert(ordinal >= self->first && ordinal < self->next);
    return place(self, ordinal);
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
