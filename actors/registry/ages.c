#include "actors/registry/ages.h"

#include <assert.h>
#include <stdlib.h>

enum { bucket_count = 128, chunk_bits = 7, chunk_rows = 1 << chunk_bits };

static const uint32_t none = UINT32_MAX; /* the end of a list */

struct row {
    int64_t heard_ms; /* awake; may be negative for what was old at our start */
    uint32_t prev;    /* of an old one: its place in the array */
    uint32_t next;
    uint8_t bucket; /* bucket_count: old; bucket_count + 1: not held */
};

enum { old_bucket = bucket_count, not_held = bucket_count + 1 };

/* Rows never move, so that growing costs the same whatever the size. Small: a thousand scattered
 * slots may need as many of them in one turn. */
struct chunk {
    uint32_t held;
    struct row rows[chunk_rows];
};

struct ages {
    int64_t limit_ms;
    int64_t width_ms;
    int64_t swept;         /* buckets before this number are empty */
    struct chunk **chunks; /* owned; NULL where no slot is held */
    uint32_t chunk_count;
    uint32_t heads[bucket_count];
    uint32_t *old;
    uint32_t old_count;
    uint32_t old_cap;
    uint32_t count;
};

static struct row *row_at(const struct ages *self, uint32_t slot)
{
    return &self->chunks[slot >> chunk_bits]->rows[slot & (chunk_rows - 1)];
}

static bool is_held(const struct ages *self, uint32_t slot)
{
    uint32_t chunk = slot >> chunk_bits;

    return chunk < self->chunk_count && self->chunks[chunk] != NULL &&
           row_at(self, slot)->bucket != not_held;
}

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
        for (uint32_t i = 0; i < (*self)->chunk_count; i++) {
            free((*self)->chunks[i]);
        }
        free((*self)->chunks);
        free((*self)->old);
        free(*self);
        *self = NULL;
    }
}

static void make_room(struct ages *self, uint32_t slot)
{
    uint32_t chunk = slot >> chunk_bits;

    if (chunk >= self->chunk_count) {
        uint32_t count = chunk + 1 + chunk / 2;

        self->chunks = realloc(self->chunks, count * sizeof(struct chunk *));
        if (self->chunks == NULL) {
            abort();
        }
        while (self->chunk_count < count) {
            self->chunks[self->chunk_count++] = NULL;
        }
    }
    if (self->chunks[chunk] == NULL) {
        self->chunks[chunk] = malloc(sizeof(struct chunk));
        if (self->chunks[chunk] == NULL) {
            abort();
        }
        self->chunks[chunk]->held = 0;
        for (uint32_t i = 0; i < chunk_rows; i++) {
            self->chunks[chunk]->rows[i].bucket = not_held;
        }
    }
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
    struct row *row = row_at(self, slot);

    if (row->bucket == old_bucket) {
        uint32_t last = self->old[--self->old_count];

        self->old[row->prev] = last;
        row_at(self, last)->prev = row->prev;
    } else if (row->bucket != not_held) {
        if (row->prev == none) {
            self->heads[row->bucket] = row->next;
        } else {
            row_at(self, row->prev)->next = row->next;
        }
        if (row->next != none) {
            row_at(self, row->next)->prev = row->prev;
        }
    }
    row->bucket = not_held;
}

static void link_row(struct ages *self, uint32_t slot)
{
    struct row *row = row_at(self, slot);
    int64_t number = number_of(self, row->heard_ms);
    unsigned bucket = bucket_of(number > self->swept ? number : self->swept);

    row->bucket = (uint8_t)bucket;
    row->prev = none;
    row->next = self->heads[bucket];
    if (row->next != none) {
        row_at(self, row->next)->prev = slot;
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
    row_at(self, slot)->bucket = old_bucket;
    row_at(self, slot)->prev = self->old_count;
    self->old[self->old_count++] = slot;
}

void ages_touch(struct ages *self, uint32_t slot, int64_t awake_ms, int64_t age_ms)
{
    int64_t heard_ms = awake_ms - age_ms;
    struct row *row;

    assert(age_ms >= 0);
    make_room(self, slot);
    row = row_at(self, slot);
    if (row->bucket == not_held) {
        self->count++;
        self->chunks[slot >> chunk_bits]->held++;
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
    if (is_held(self, slot)) {
        struct chunk **chunk = &self->chunks[slot >> chunk_bits];

        unlink_row(self, slot);
        self->count--;
        if (--(*chunk)->held == 0) {
            free(*chunk);
            *chunk = NULL;
        }
    }
}

int64_t ages_of(const struct ages *self, uint32_t slot, int64_t awake_ms)
{
    if (!is_held(self, slot)) {
        return -1;
    }
    return awake_ms - row_at(self, slot)->heard_ms;
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
            next = row_at(self, slot)->next;
            if (row_at(self, slot)->heard_ms <= edge_ms) {
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
    row_at(self, b)->prev = i;
    self->old[j] = a;
    row_at(self, a)->prev = j;
}
