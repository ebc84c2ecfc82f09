#include "common/container/index.h"

#include <assert.h>
#include <string.h>

/* Per insert or removal. Growing begins at 5/8 and is over before the load has grown by 3/16. */
enum { clear_cells = 32, move_cells = 8, first_bits = 4, bits_max = 31 };

static const uint32_t dead = UINT32_MAX; /* number_plus of a removed entry in the old table */

static size_t cells_bytes_of(uint32_t bits)
{
    return sizeof(struct index_cell) << bits;
}

static size_t cells_bytes(struct index_cells cells)
{
    return cells.at == NULL ? 0 : cells_bytes_of(cells.bits);
}

static uint32_t cells_mask(struct index_cells cells)
{
    return ((uint32_t)1 << cells.bits) - 1;
}

/* As good as any where nobody chooses keys to harm us. */
static const uint64_t unseeded = 0x9e3779b97f4a7c15;

static uint32_t tag_of(const struct index *self, struct hash128 key)
{
    uint64_t mixed = (key.lo ^ (key.hi >> 32)) * self->seed;

    return (uint32_t)(mixed >> 32);
}

static uint32_t home(struct index_cells cells, uint32_t tag)
{
    return tag & cells_mask(cells);
}

static void take_table(struct index *self, uint32_t bits)
{
    self->serves.bits = bits;
    self->serves.at = memory_get(self->memory, cells_bytes_of(bits));
    memset(self->serves.at, 0, cells_bytes_of(bits));
}

void index_init(struct index *self, struct memory *memory, index_key_fn *key_of,
                const void *context)
{
    *self =
        (struct index){.memory = memory, .key_of = key_of, .context = context, .seed = unseeded};
    take_table(self, first_bits);
}

void index_seed(struct index *self, uint64_t seed)
{
    assert(self->count == 0);
    self->seed = seed | 1; /* odd: multiplying loses nothing */
}

static void cells_put(struct index *self, struct index_cells *cells)
{
    memory_put(self->memory, cells->at, cells_bytes(*cells));
    *cells = (struct index_cells){0};
}

void index_fini(struct index *self)
{
    cells_put(self, &self->serves);
    cells_put(self, &self->other);
}

static bool is_crowded(struct index_cells cells, uint32_t count)
{
    return count > (cells_mask(cells) + 1) / 8 * 5;
}

void index_reserve(struct index *self, uint32_t count)
{
    uint32_t bits = self->serves.bits;

    if (self->count > 0 || self->phase != INDEX_SETTLED) {
        return;
    }
    while (bits < bits_max && is_crowded((struct index_cells){.bits = bits}, count)) {
        bits++;
    }
    cells_put(self, &self->serves);
    take_table(self, bits);
}

void index_expect(const struct index *self, struct hash128 key)
{
    __builtin_prefetch(&self->serves.at[home(self->serves, tag_of(self, key))]);
    if (self->phase == INDEX_MOVING) {
        __builtin_prefetch(&self->other.at[home(self->other, tag_of(self, key))]);
    }
}

/* The cell of key, or NULL. */
static struct index_cell *seek(const struct index *self, struct index_cells cells,
                               struct hash128 key)
{
    uint32_t mask = cells_mask(cells);
    uint32_t tag = tag_of(self, key);

    for (uint32_t i = home(cells, tag); cells.at[i].number_plus != 0; i = (i + 1) & mask) {
        struct index_cell *cell = &cells.at[i];

        if (cell->tag == tag && cell->number_plus != dead &&
            hash128_eq(self->key_of(self->context, cell->number_plus - 1), key)) {
            return cell;
        }
    }
    return NULL;
}

uint32_t index_find(const struct index *self, struct hash128 key)
{
    const struct index_cell *cell = seek(self, self->serves, key);

    if (cell == NULL && self->phase == INDEX_MOVING) {
        cell = seek(self, self->other, key);
    }
    return cell == NULL ? INDEX_NONE : cell->number_plus - 1;
}

static void put(struct index_cells cells, struct index_cell cell)
{
    uint32_t i = home(cells, cell.tag);

    while (cells.at[i].number_plus != 0) {
        i = (i + 1) & cells_mask(cells);
    }
    cells.at[i] = cell;
}

static void grow(struct index *self)
{
    assert(self->serves.bits < bits_max);
    self->phase = INDEX_CLEARING;
    self->done = 0;
    self->other.bits = self->serves.bits + 1;
    self->other.at = memory_get(self->memory, cells_bytes_of(self->other.bits));
}

static void clear_some(struct index *self)
{
    uint32_t left = cells_mask(self->other) + 1 - self->done;
    uint32_t some = left < clear_cells ? left : clear_cells;

    memset(self->other.at + self->done, 0, some * sizeof(*self->other.at));
    self->done += some;
    if (some == left) {
        struct index_cells old = self->serves;

        self->serves = self->other;
        self->other = old;
        self->phase = INDEX_MOVING;
        self->done = 0;
    }
}

static void move_some(struct index *self)
{
    for (int i = 0; i < move_cells && self->done <= cells_mask(self->other); i++) {
        struct index_cell cell = self->other.at[self->done++];

        if (cell.number_plus != 0 && cell.number_plus != dead) {
            put(self->serves, cell);
        }
    }
    if (self->done > cells_mask(self->other)) {
        cells_put(self, &self->other);
        self->phase = INDEX_SETTLED;
    }
}

static void step(struct index *self)
{
    switch (self->phase) {
    case INDEX_SETTLED:
        if (is_crowded(self->serves, self->count)) {
            grow(self);
        }
        break;
    case INDEX_CLEARING:
        clear_some(self);
        break;
    case INDEX_MOVING:
        move_some(self);
        break;
    }
}

void index_add(struct index *self, struct hash128 key, uint32_t number)
{
    assert(number < dead - 1);
    step(self);
    put(self->serves, (struct index_cell){tag_of(self, key), number + 1});
    self->count++;
}

/* Closes the gap, so that no probe ever meets a mark: what follows moves up unless
 * that would put it before its home. */
static void close_gap(struct index_cells cells, uint32_t gap)
{
    uint32_t mask = cells_mask(cells);

    for (uint32_t i = (gap + 1) & mask; cells.at[i].number_plus != 0; i = (i + 1) & mask) {
        if (((i - home(cells, cells.at[i].tag)) & mask) >= ((i - gap) & mask)) {
            cells.at[gap] = cells.at[i];
            gap = i;
        }
    }
    cells.at[gap] = (struct index_cell){0};
}

void index_remove(struct index *self, struct hash128 key, uint32_t number)
{
    struct index_cell *cell;
    bool found = false;

    step(self);
    cell = seek(self, self->serves, key);
    if (cell != NULL) {
        assert(cell->number_plus == number + 1);
        close_gap(self->serves, (uint32_t)(cell - self->serves.at));
        found = true;
    }
    cell = self->phase == INDEX_MOVING ? seek(self, self->other, key) : NULL;
    if (cell != NULL) {
        assert(cell->number_plus == number + 1);
        cell->number_plus = dead;
        found = true;
    }
    assert(found);
    self->count--;
}
