#include "actors/registry/write_ids.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "common/container/index.h"

struct write {
    uint64_t gateway;
    uint64_t number;
    uint64_t seq;
    int64_t added_ms;
};

enum { chunk_writes = 4096, chunk_count = writes_max / chunk_writes };

/* A ring of writes_max places, oldest first, of which only those chunks have memory that hold a
 * write; an index finds them. So no call has to move what is held. */
struct write_ids {
    int64_t keep_ms;
    struct memory memory;
    struct index index; /* of places */
    struct write *chunks[chunk_count];
    uint32_t first;
    uint32_t count;
};

static struct write *at(const struct write_ids *self, uint32_t place)
{
    return &self->chunks[place / chunk_writes][place % chunk_writes];
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 32) * 0xbf58476d1ce4e5b9u;
    return x ^ x >> 29;
}

/* Different writes have different keys: each step can be taken back. */
static struct hash128 key(uint64_t gateway, uint64_t number)
{
    uint64_t lo = mix(number + gateway * 0x9e3779b97f4a7c15u);

    return (struct hash128){.hi = mix(gateway + lo), .lo = lo};
}

static struct hash128 key_of(const void *context, uint32_t place)
{
    const struct write *write = at(context, place);

    return key(write->gateway, write->number);
}

struct write_ids *write_ids_new(int64_t keep_ms)
{
    struct write_ids *self = heap_new(sizeof(*self));

    self->keep_ms = keep_ms;
    index_init(&self->index, &self->memory, key_of, self);
    return self;
}

void write_ids_destroy(struct write_ids **self)
{
    if (*self != NULL) {
        index_fini(&(*self)->index);
        for (unsigned i = 0; i < chunk_count; i++) {
            free((*self)->chunks[i]);
        }
        free(*self);
        *self = NULL;
    }
}

static void drop_oldest(struct write_ids *self)
{
    const struct write *oldest = at(self, self->first);
    uint32_t chunk = self->first / chunk_writes;

    index_remove(&self->index, key(oldest->gateway, oldest->number), self->first);
    self->first = (self->first + 1) % writes_max;
    self->count--;
    /* a ring that is full begins and ends in one chunk */
    if (self->first / chunk_writes != chunk && self->count <= writes_max - chunk_writes) {
        free(self->chunks[chunk]);
        self->chunks[chunk] = NULL;
    }
}

static struct write *find(const struct write_ids *self, uint64_t gateway, uint64_t number)
{
    uint32_t place = index_find(&self->index, key(gateway, number));

    return place == INDEX_NONE ? NULL : at(self, place);
}

void write_ids_add(struct write_ids *self, uint64_t gateway, uint64_t number, uint64_t seq,
                   int64_t mono_ms)
{
    struct write *known = find(self, gateway, number);
    uint32_t place;

    if (known != NULL) {
        known->seq = seq; /* another change of the same write */
        return;
    }
    if (gateway == 0 && number == 0) {
        return;
    }
    if (self->count == writes_max) {
        drop_oldest(self);
    }
    place = (self->first + self->count++) % writes_max;
    if (self->chunks[place / chunk_writes] == NULL) {
        self->chunks[place / chunk_writes] = heap_get(chunk_writes * sizeof(struct write));
    }
    *at(self, place) =
        (struct write){.gateway = gateway, .number = number, .seq = seq, .added_ms = mono_ms};
    index_add(&self->index, key(gateway, number), place);
}

bool write_ids_find(const struct write_ids *self, uint64_t gateway, uint64_t number, uint64_t *seq)
{
    const struct write *write = find(self, gateway, number);

    if (write != NULL) {
        *seq = write->seq;
    }
    return write != NULL;
}

void write_ids_expire(struct write_ids *self, int64_t mono_ms, uint32_t max)
{
    while (max-- > 0 && self->count > 0 &&
           at(self, self->first)->added_ms + self->keep_ms < mono_ms) {
        drop_oldest(self);
    }
}

uint32_t write_ids_count(const struct write_ids *self)
{
    return self->count;
}
