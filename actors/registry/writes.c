#include "actors/registry/writes.h"

#include <assert.h>
#include <stdlib.h>

struct write {
    uint64_t gateway;
    uint64_t number;
    uint64_t seq;
    int64_t added_ms;
    uint32_t next; /* in its hash chain, index + 1; 0 ends it */
};

/* A ring of writes, oldest first, with hash chains through it. */
struct writes {
    int64_t keep_ms;
    struct write *ring;
    uint32_t *chains; /* as many as the ring has places */
    uint32_t cap;     /* a power of two */
    uint32_t first;
    uint32_t count;
};

static void make(struct writes *self, uint32_t cap)
{
    self->cap = cap;
    self->first = 0;
    self->count = 0;
    self->ring = calloc(cap, sizeof(self->ring[0]));
    self->chains = calloc(cap, sizeof(self->chains[0]));
    if (self->ring == NULL || self->chains == NULL) {
        abort();
    }
}

struct writes *writes_new(int64_t keep_ms)
{
    struct writes *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        abort();
    }
    self->keep_ms = keep_ms;
    make(self, 256);
    return self;
}

void writes_destroy(struct writes **self)
{
    if (*self != NULL) {
        free((*self)->ring);
        free((*self)->chains);
        free(*self);
        *self = NULL;
    }
}

static uint32_t *chain_of(const struct writes *self, uint64_t gateway, uint64_t number)
{
    uint64_t mixed = (gateway ^ number * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;

    return &self->chains[(mixed >> 40) & (self->cap - 1)];
}

static void drop_oldest(struct writes *self)
{
    struct write *oldest = &self->ring[self->first];
    uint32_t *link = chain_of(self, oldest->gateway, oldest->number);

    while (*link != self->first + 1) {
        assert(*link != 0);
        link = &self->ring[*link - 1].next;
    }
    *link = oldest->next;
    self->first = (self->first + 1) & (self->cap - 1);
    self->count--;
}

static void insert(struct writes *self, struct write write)
{
    uint32_t at = (self->first + self->count) & (self->cap - 1);
    uint32_t *chain = chain_of(self, write.gateway, write.number);

    write.next = *chain;
    self->ring[at] = write;
    *chain = at + 1;
    self->count++;
}

static void grow(struct writes *self)
{
    struct writes before = *self;

    make(self, before.cap * 2);
    for (uint32_t i = 0; i < before.count; i++) {
        insert(self, before.ring[(before.first + i) & (before.cap - 1)]);
    }
    free(before.ring);
    free(before.chains);
}

void writes_add(struct writes *self, uint64_t gateway, uint64_t number, uint64_t seq,
                int64_t mono_ms)
{
    if (gateway == 0 && number == 0) {
        return;
    }
    if (self->count == self->cap) {
        if (self->cap < writes_max) {
            grow(self);
        } else {
            drop_oldest(self);
        }
    }
    insert(self,
           (struct write){.gateway = gateway, .number = number, .seq = seq, .added_ms = mono_ms});
}

bool writes_find(const struct writes *self, uint64_t gateway, uint64_t number, uint64_t *seq)
{
    for (uint32_t at = *chain_of(self, gateway, number); at != 0; at = self->ring[at - 1].next) {
        const struct write *write = &self->ring[at - 1];

        if (write->gateway == gateway && write->number == number) {
            *seq = write->seq;
            return true;
        }
    }
    return false;
}

void writes_expire(struct writes *self, int64_t mono_ms, uint32_t max)
{
    while (max-- > 0 && self->count > 0 &&
           self->ring[self->first].added_ms + self->keep_ms < mono_ms) {
        drop_oldest(self);
    }
}

uint32_t writes_count(const struct writes *self)
{
    return self->count;
}
