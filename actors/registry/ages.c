#include "actors/registry/ages.h"

#include <assert.h>
#include <stdlib.h>

enum { bucket_count = 128 };

static const uint32_t none = UINT32_MAX; /* the end of a list */

struct row {
    int64_t heard_ms; /* awake; may be negative for what was old at our start */
    uint32_t prev;    /* of an old one: its place in the array */
    uint32_t next;
    uint8_t bucket; /* bucket_count: old; bucket_count + 1: not held */
};

enum { old_bucket = bucket_count, not_held = bucket_count + 1 };

struct ages {
    int64_t limit_ms;
    int64_t width_ms;
    int64_t swept; /* buckets before this number are empty */
    struct row *rows;
    uint32_t row_count;
    uint32_t heads[bucket_count];
    uint32_t *old;
    uint32_t old_count;
    uint32_t old_cap;
    uint32_t count;
};

struct ages *ages_new(int64_t limit_ms)
{
    struct ages *self = calloc(1, sizeof(*self));

    assert(limit_ms > 0);
    if (self == NULL) {
        abort();
    }
    self->limit_ms = limit_ms;
    self->width_ms = limit_ms / 64 > 0 ? limit_ms / 64 : 1;
    /* what was old at our start was heard up to a limit before it */
    self->swept = -(limit_ms / self->width_ms) - 1;
    for (unsigned i = 0; i < bucket_count; i++) {
        self->heads[i] = none;
    }
    return self;
}

void ages_destroy(struct ages **self)
{
    if (*self != NULL) {
        free((*self)->rows);
        free((*self)->old);
        free(*self);
        *self = NULL;
    }
}

static void grow(struct ages *self, uint32_t slot)
{
    uint32_t count = self->row_count == 0 ? 64 : self->row_count;

    while (count <= slot) {
        count *= 2;
    }
    if (count == self->row_count) {
        return;
    }
    self->rows = realloc(self->rows, count * sizeof(self->rows[0]));
    if (self->rows == NULL) {
        abort();
    }
    for (uint32_t i = self->row_count; i < count; i++) {
        self->rows[i].bucket = not_held;
    }
    self->row_count = count;
}

static int64_t number_of(const struct ages *self, int64_t heard_ms)
{
    return heard_ms / self->width_ms - (heard_ms % self->width_ms < 0 ? 1 : 0);
}

static unsigned bucket_of(int64_t number)
{
    return (unsigned)((number % bucket_count + bucket_count) % bucket_count);
}

static void unlink_row(struct ages *self, uint32_t slot)
{
    struct row *row = &self->rows[slot];

    if (row->bucket == old_bucket) {
        uint32_t last = self->old[--self->old_count];

        self->old[row->prev] = last;
        self->rows[last].prev = row->prev;
    } else if (row->bucket != not_held) {
        if (row->prev == none) {
            self->heads[row->bucket] = row->next;
        } else {
            self->rows[row->prev].next = row->next;
        }
        if (row->next != none) {
            self->rows[row->next].prev = row->prev;
        }
    }
    row->bucket = not_held;
}

static void link_row(struct ages *self, uint32_t slot)
{
    struct row *row = &self->rows[slot];
    int64_t number = number_of(self, row->heard_ms);
    unsigned bucket = bucket_of(number > self->swept ? number : self->swept);

    row->bucket = (uint8_t)bucket;
    row->prev = none;
    row->next = self->heads[bucket];
    if (row->next != none) {
        self->rows[row->next].prev = slot;
    }
    self->heads[bucket] = slot;
}

static void push_old(struct ages *self, uint32_t slot)
{
    if (self->old_count == self->old_cap) {
        self->old_cap = self->old_cap == 0 ? 64 : self->old_cap * 2;
        self->old = realloc(self->old, self->old_cap * sizeof(self->old[0]));
        if (self->old == NULL) {
            abort();
        }
    }
    self->rows[slot].bucket = old_bucket;
    self->rows[slot].prev = self->old_count;
    self->old[self->old_count++] = slot;
}

void ages_touch(struct ages *self, uint32_t slot, int64_t awake_ms, int64_t age_ms)
{
    int64_t heard_ms = awake_ms - age_ms;
    struct row *row;

    assert(age_ms >= 0);
    if (slot >= self->row_count) {
        grow(self, slot);
    }
    row = &self->rows[slot];
    if (row->bucket == not_held) {
        self->count++;
    } else if (heard_ms <= row->heard_ms) {
        return;
    }
    unlink_row(self, slot);
    row->heard_ms = heard_ms;
    if (heard_ms + self->limit_ms <= awake_ms) {
        push_old(self, slot);
    } else {
        link_row(self, slot);
    }
}

void ages_drop(struct ages *self, uint32_t slot)
{
    if (slot < self->row_count && self->rows[slot].bucket != not_held) {
        unlink_row(self, slot);
        self->count--;
    }
}

int64_t ages_of(const struct ages *self, uint32_t slot, int64_t awake_ms)
{
    if (slot >= self->row_count || self->rows[slot].bucket == not_held) {
        return -1;
    }
    return awake_ms - self->rows[slot].heard_ms;
}

bool ages_advance(struct ages *self, int64_t awake_ms, uint32_t max)
{
    /* buckets that hold only what is past the limit, and the next one in part */
    int64_t edge_ms = awake_ms - self->limit_ms;
    int64_t edge = number_of(self, edge_ms);
    bool moved = false;

    while (self->swept <= edge) {
        uint32_t slot = self->heads[bucket_of(self->swept)];
        uint32_t next;

        for (; slot != none; slot = next) {
            if (max-- == 0) {
                return moved;
            }
            next = self->rows[slot].next;
            if (self->rows[slot].heard_ms <= edge_ms) {
                unlink_row(self, slot);
                push_old(self, slot);
                moved = true;
            }
        }
        if (self->swept == edge) {
            return false;
        }
        self->swept++;
    }
    return false;
}

uint32_t ages_count(const struct ages *self)
{
    return self->count;
}

uint32_t ages_old_count(const struct ages *self)
{
    return self->old_count;
}

uint32_t ages_old(const struct ages *self, uint32_t i)
{
    assert(i < self->old_count);
    return self->old[i];
}

void ages_old_swap(struct ages *self, uint32_t i, uint32_t j)
{
    uint32_t a = ages_old(self, i);
    uint32_t b = ages_old(self, j);

    self->old[i] = b;
    self->rows[b].prev = i;
    self->old[j] = a;
    self->rows[a].prev = j;
}
