/* From a 128-bit hash to a number: a hash table of 8-byte cells {tag, number}
 * with linear probing. A tag is 32 bits of the hash mixed with a seed, so that nobody outside can
 * choose names whose cells crowd; its lowest bits are the cell's home, so that cells move without a
 * look at what they stand for. The full
 * hash is kept by the owner with that; the index asks for it when a tag agrees.
 *
 * It grows without ever stopping the world. At 5/8 full a table of twice the size
 * is taken; each insert or removal then first clears a stretch of it, later copies a
 * stretch of the old cells into it:
 *
 *   SETTLED ──5/8 full──► CLEARING ──all clear──► MOVING ──all moved──► SETTLED
 *                         old serves              new serves, then old
 *
 * While MOVING the old table is only read, except that a removed entry's cell in it
 * is marked dead; it may hold copies of what the new one has.
 */
#ifndef COMMON_CONTAINER_INDEX_H
#define COMMON_CONTAINER_INDEX_H

#include "common/base/hash.h"
#include "common/container/memory.h"

struct index_cell {
    uint32_t tag;
    uint32_t number_plus; /* number + 1; 0: empty */
};

struct index_cells {
    struct index_cell *at;
    uint32_t bits; /* 1 << bits cells; 0 with at NULL: no table */
};

enum index_phase { INDEX_SETTLED, INDEX_CLEARING, INDEX_MOVING };

/* The whole hash of what number stands for. */
typedef struct hash128 index_key_fn(const void *context, uint32_t number);

struct index {
    struct memory *memory; /* borrowed */
    index_key_fn *key_of;
    const void *context; /* of key_of; borrowed */
    uint64_t seed;
    enum index_phase phase;
    uint32_t done;             /* cells cleared or moved */
    uint32_t count;            /* entries */
    struct index_cells serves; /* SETTLED, CLEARING: all entries; MOVING: the new table */
    struct index_cells other;  /* CLEARING: the new table; MOVING: the old one */
};

#define INDEX_NONE UINT32_MAX /* numbers are below UINT32_MAX - 1 */

void index_init(struct index *self, struct memory *memory, index_key_fn *key_of,
                const void *context);
/* Of an empty one; random, where its keys are hashes of what strangers choose. */
void index_seed(struct index *self, uint64_t seed);
void index_fini(struct index *self);

/* An empty one takes the table that count entries will need. Not empty: nothing happens. */
void index_reserve(struct index *self, uint32_t count);
/* Begins to load what a search for key will look at. */
void index_expect(const struct index *self, struct hash128 key);

uint32_t index_find(const struct index *self, struct hash128 key);       /* INDEX_NONE: not there */
void index_add(struct index *self, struct hash128 key, uint32_t number); /* key is not in it */
void index_remove(struct index *self, struct hash128 key, uint32_t number); /* key is in it */

#endif
