#include "actors/registry/digest.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/heap.h"
#include "common/container/chunks.h"

enum { chunk_bits = 7, chunk_rows = 1 << chunk_bits, leaf_bits = 12 };

static const uint32_t none = UINT32_MAX; /* the end of a list */
static const uint16_t no_leaf = UINT16_MAX;

struct row {
    struct hash128 summand;
    uint64_t hash;
    uint32_t prev;
    uint32_t next;
    uint16_t leaf; /* no_leaf: not in it */
};

struct chunk {
    uint32_t held;
    struct row rows[chunk_rows];
};

struct leaf {
    struct hash128 sum;
    int64_t changed_ms; /* awake */
    uint32_t head;
    uint32_t count;
};

struct digest {
    struct chunks chunks; /* of struct chunk; none where no slot is held */
    uint64_t count;
    struct hash128 root;
    struct hash128 branches[digest_branches];
    struct leaf leaves[digest_leaves];
};

struct digest *digest_new(void)
{
    struct digest *self = heap_new(sizeof(*self));

    self->chunks.bytes = sizeof(struct chunk);
    for (unsigned i = 0; i < digest_leaves; i++) {
        self->leaves[i].head = none;
        self->leaves[i].changed_ms = INT64_MIN / 2;
    }
    return self;
}

void digest_destroy(struct digest **self)
{
    if (*self != NULL) {
        chunks_fini(&(*self)->chunks);
        free(*self);
        *self = NULL;
    }
}

static struct chunk *chunk_at(const struct digest *self, uint32_t slot)
{
    return self->chunks.chunk[slot >> chunk_bits];
}

static struct row *row_at(const struct digest *self, uint32_t slot)
{
    return &chunk_at(self, slot)->rows[slot & (chunk_rows - 1)];
}

bool digest_holds(const struct digest *self, uint32_t slot)
{
    return chunks_find(&self->chunks, slot >> chunk_bits) != NULL &&
           row_at(self, slot)->leaf != no_leaf;
}

bool digest_is_in(const struct digest *self, uint32_t slot, uint32_t leaf)
{
    return digest_holds(self, slot) && row_at(self, slot)->leaf == leaf;
}

static void make_room(struct digest *self, uint32_t slot)
{
    bool fresh;
    struct chunk *chunk = chunks_make(&self->chunks, slot >> chunk_bits, &fresh);

    for (uint32_t i = 0; fresh && i < chunk_rows; i++) {
        chunk->rows[i].leaf = no_leaf;
    }
}

/* ── sums ── */

static void put_uint(unsigned char bytes[8], uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(value >> (56 - 8 * i));
    }
}

/* The same on every node, whatever its byte order. */
static struct hash128 summand_of(struct hash128 key, int64_t dirty_timestamp, uint64_t hash,
                                 bool gone)
{
    unsigned char bytes[33];

    put_uint(bytes, key.hi);
    put_uint(bytes + 8, key.lo);
    put_uint(bytes + 16, (uint64_t)dirty_timestamp);
    put_uint(bytes + 24, gone ? 0 : hash);
    bytes[32] = gone;
    return hash128(bytes, sizeof(bytes));
}

/* Modulo 2^128. */
static void add(struct hash128 *sum, struct hash128 summand)
{
    sum->lo += summand.lo;
    sum->hi += summand.hi + (sum->lo < summand.lo ? 1 : 0);
}

static struct hash128 negative(struct hash128 value)
{
    return (struct hash128){~value.hi + (value.lo == 0 ? 1 : 0), ~value.lo + 1};
}

static void move_sums(struct digest *self, uint32_t leaf, struct hash128 by, int64_t awake_ms)
{
    add(&self->leaves[leaf].sum, by);
    add(&self->branches[leaf / digest_branch_leaves], by);
    add(&self->root, by);
    self->leaves[leaf].changed_ms = awake_ms;
}

/* ── entries ── */

static void link_row(struct digest *self, uint32_t slot, uint32_t leaf)
{
    struct row *row = row_at(self, slot);

    row->leaf = (uint16_t)leaf;
    row->prev = none;
    row->next = self->leaves[leaf].head;
    if (row->next != none) {
        row_at(self, row->next)->prev = slot;
    }
    self->leaves[leaf].head = slot;
    self->leaves[leaf].count++;
    self->count++;
}

static void unlink_row(struct digest *self, uint32_t slot)
{
    struct row *row = row_at(self, slot);
    struct leaf *leaf = &self->leaves[row->leaf];

    if (row->prev == none) {
        leaf->head = row->next;
    } else {
        row_at(self, row->prev)->next = row->next;
    }
    if (row->next != none) {
        row_at(self, row->next)->prev = row->prev;
    }
    row->leaf = no_leaf;
    leaf->count--;
    self->count--;
}

void digest_put(struct digest *self, uint32_t slot, struct hash128 key, int64_t dirty_timestamp,
                uint64_t hash, bool gone, int64_t awake_ms)
{
    struct hash128 summand = summand_of(key, dirty_timestamp, hash, gone);
    uint32_t leaf = (uint32_t)(key.hi >> (64 - leaf_bits));
    struct row *row;

    make_room(self, slot);
    row = row_at(self, slot);
    if (row->leaf != no_leaf) {
        if (hash128_eq(row->summand, summand)) {
            return;
        }
        move_sums(self, row->leaf, negative(row->summand), awake_ms);
    }
    if (row->leaf != leaf) {
        if (row->leaf != no_leaf) {
            unlink_row(self, slot);
        } else {
            chunk_at(self, slot)->held++;
        }
        link_row(self, slot, leaf);
    }
    row->summand = summand;
    row->hash = gone ? 0 : hash;
    move_sums(self, leaf, summand, awake_ms);
}

void digest_drop(struct digest *self, uint32_t slot, int64_t awake_ms)
{
    if (digest_holds(self, slot)) {
        struct row *row = row_at(self, slot);

        move_sums(self, row->leaf, negative(row->summand), awake_ms);
        unlink_row(self, slot);
        if (--chunk_at(self, slot)->held == 0) {
            chunks_drop(&self->chunks, slot >> chunk_bits);
        }
    }
}

uint64_t digest_hash(const struct digest *self, uint32_t slot)
{
    assert(digest_holds(self, slot));
    return row_at(self, slot)->hash;
}

uint64_t digest_count(const struct digest *self)
{
    return self->count;
}

/* ── asked ── */

struct hash128 digest_root(const struct digest *self)
{
    return self->root;
}

struct hash128 digest_branch(const struct digest *self, uint32_t branch)
{
    assert(branch < digest_branches);
    return self->branches[branch];
}

struct hash128 digest_leaf(const struct digest *self, uint32_t leaf)
{
    assert(leaf < digest_leaves);
    return self->leaves[leaf].sum;
}

bool digest_moving(const struct digest *self, uint32_t leaf, int64_t awake_ms, int64_t within_ms)
{
    assert(leaf < digest_leaves);
    return awake_ms - self->leaves[leaf].changed_ms <= within_ms;
}

bool digest_next(const struct digest *self, uint32_t leaf, uint32_t *slot)
{
    assert(leaf < digest_leaves);
    *slot = *slot == none ? self->leaves[leaf].head : row_at(self, *slot)->next;
    return *slot != none;
}

uint32_t digest_leaf_count(const struct digest *self, uint32_t leaf)
{
    assert(leaf < digest_leaves);
    return self->leaves[leaf].count;
}
