#include "actors/replicator/told.h"

#include <assert.h>
#include <stdlib.h>

enum { told_max = 4096 };

void told_init(struct told_queue *self)
{
    *self = (struct told_queue){.ring = calloc(told_max, sizeof(*self->ring))};
    assert(self->ring != NULL);
}

void told_fini(struct told_queue *self)
{
    while (self->count > 0) {
        told_drop(self);
    }
    free(self->ring);
    *self = (struct told_queue){0};
}

bool told_has_room(const struct told_queue *self)
{
    return self->count < told_max;
}

void told_add(struct told_queue *self, uint32_t peer, uint64_t life, enum posts_source source,
              const struct msg_list *records, int64_t mono_ms)
{
    struct told_records *told = &self->ring[(self->first + self->count) % told_max];

    assert(told_has_room(self));
    self->count++;
    *told = (struct told_records){
        .peer = peer, .life = life, .source = source, .told_ms = mono_ms, .count = records->count};
    buf_add_str(&told->records, records->bytes);
}

struct told_records *told_first(struct told_queue *self)
{
    return self->count > 0 ? &self->ring[self->first] : NULL;
}

void told_drop(struct told_queue *self)
{
    assert(self->count > 0);
    buf_fini(&self->ring[self->first].records);
    self->first = (self->first + 1) % told_max;
    self->count--;
}

bool told_any(const struct told_queue *self)
{
    return self->count > 0 || self->merges > 0;
}
