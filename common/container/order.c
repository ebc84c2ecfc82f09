#include "common/container/order.h"

#include <assert.h>
#include <string.h>

enum { first_cap = 4, key_bytes = 8 };

struct order_block {
    uint32_t count;
    uint32_t cap;
    uint32_t skip;   /* of each name, before what the keys hold */
    uint64_t keys[]; /* cap of them; behind them the slots */
};

/* How to ask for names. */
struct names {
    order_name_fn *name_of;
    const void *context;
};

static struct str name_of(const struct names *names, uint32_t slot)
{
    return names->name_of(names->context, slot);
}

static uint64_t key_of(struct str name, uint32_t skip)
{
    unsigned char bytes[key_bytes] = {0};
    size_t len = name.len - skip < key_bytes ? name.len - skip : key_bytes;
    uint64_t key = 0;

    assert(name.len >= skip);
    if (len > 0) {
        memcpy(bytes, name.data + skip, len);
    }
    for (int i = 0; i < key_bytes; i++) {
        key = key << 8 | bytes[i];
    }
    return key;
}

/* ── one block ──────────────────────────────────────────────────────────────*/

static size_t block_bytes(uint32_t cap)
{
    return sizeof(struct order_block) + cap * (sizeof(uint64_t) + sizeof(uint32_t));
}

static uint32_t *slots_of(const struct order_block *self)
{
    return (uint32_t *)(uintptr_t)(self->keys + self->cap);
}

static struct order_block *block_new(struct memory *memory, uint32_t cap, uint32_t skip)
{
    struct order_block *self = memory_get(memory, block_bytes(cap));

    *self = (struct order_block){.cap = cap, .skip = skip};
    return self;
}

static void block_free(struct order_block *self, struct memory *memory)
{
    memory_put(memory, self, block_bytes(self->cap));
}

/* Appends count of the other's, from `from` on. */
static void block_take(struct order_block *self, const struct order_block *other, uint32_t from,
                       uint32_t count)
{
    assert(self->count + count <= self->cap && self->skip == other->skip);
    memcpy(self->keys + self->count, other->keys + from, count * sizeof(uint64_t));
    memcpy(slots_of(self) + self->count, slots_of(other) + from, count * sizeof(uint32_t));
    self->count += count;
}

static void block_insert(struct order_block *self, uint32_t at, uint64_t key, uint32_t slot)
{
    uint32_t *slots = slots_of(self);

    assert(self->count < self->cap);
    memmove(self->keys + at + 1, self->keys + at, (self->count - at) * sizeof(uint64_t));
    memmove(slots + at + 1, slots + at, (self->count - at) * sizeof(uint32_t));
    self->keys[at] = key;
    slots[at] = slot;
    self->count++;
}

static void block_delete(struct order_block *self, uint32_t at)
{
    uint32_t *slots = slots_of(self);

    self->count--;
    memmove(self->keys + at, self->keys + at + 1, (self->count - at) * sizeof(uint64_t));
    memmove(slots + at, slots + at + 1, (self->count - at) * sizeof(uint32_t));
}

static void block_rekey(struct order_block *self, uint32_t skip, const struct names *names)
{
    for (uint32_t i = 0; self->skip != skip && i < self->count; i++) {
        self->keys[i] = key_of(name_of(names, slots_of(self)[i]), skip);
    }
    self->skip = skip;
}

/* Where the name is or belongs. */
static uint32_t block_seek(const struct order_block *self, uint64_t key, struct str name,
                           const struct names *names)
{
    uint32_t low = 0;
    uint32_t high = self->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        bool before = self->keys[middle] == key
                          ? str_cmp(name_of(names, slots_of(self)[middle]), name) < 0
                          : self->keys[middle] < key;

        if (before) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ── the list of blocks ─────────────────────────────────────────────────────*/

void order_fini(struct order *self, struct memory *memory)
{
    for (uint32_t i = 0; i < self->ref_count; i++) {
        block_free(self->refs[i].block, memory);
    }
    memory_put(memory, self->refs, self->ref_cap * sizeof(self->refs[0]));
    memory_put(memory, self->prefix, self->prefix_len);
    *self = (struct order){0};
}

static void insert_ref(struct order *self, struct memory *memory, uint32_t at,
                       struct order_block *block)
{
    if (self->ref_count == self->ref_cap) {
        uint32_t cap = self->ref_cap == 0 ? 1 : self->ref_cap + self->ref_cap / 2 + 1;

        self->refs = memory_resize(memory, self->refs, self->ref_cap * sizeof(self->refs[0]),
                                   cap * sizeof(self->refs[0]));
        self->ref_cap = cap;
    }
    memmove(self->refs + at + 1, self->refs + at, (self->ref_count - at) * sizeof(self->refs[0]));
    self->refs[at] = (struct order_ref){block->count > 0 ? block->keys[0] : 0, block};
    self->ref_count++;
}

static void remove_ref(struct order *self, struct memory *memory, uint32_t at)
{
    block_free(self->refs[at].block, memory);
    self->ref_count--;
    memmove(self->refs + at, self->refs + at + 1, (self->ref_count - at) * sizeof(self->refs[0]));
}

static void set_prefix(struct order *self, struct memory *memory, struct str prefix)
{
    char *kept = NULL;

    if (prefix.len > 0) {
        kept = memory_get(memory, prefix.len);
        memcpy(kept, prefix.data, prefix.len);
    }
    memory_put(memory, self->prefix, self->prefix_len);
    self->prefix = kept;
    self->prefix_len = (uint32_t)prefix.len;
}

/* Makes the prefix one that the name has too. */
static void share_prefix(struct order *self, struct memory *memory, struct str name,
                         const struct names *names)
{
    uint32_t len = 0;

    if (self->count == 0) {
        set_prefix(self, memory, name);
        return;
    }
    while (len < self->prefix_len && len < name.len && self->prefix[len] == name.data[len]) {
        len++;
    }
    if (len == self->prefix_len) {
        return;
    }
    set_prefix(self, memory, (struct str){self->prefix, len});
    for (uint32_t i = 0; i < self->ref_count; i++) {
        self->refs[i].key = key_of(name_of(names, slots_of(self->refs[i].block)[0]), len);
    }
}

/* The block that holds the name or that it belongs into. */
static uint32_t seek_block(const struct order *self, uint64_t key, struct str name,
                           const struct names *names)
{
    uint32_t low = 0;
    uint32_t high = self->ref_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct order_ref *ref = &self->refs[middle];
        bool behind = ref->key == key ? str_cmp(name_of(names, slots_of(ref->block)[0]), name) > 0
                                      : ref->key > key;

        if (behind) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low == 0 ? 0 : low - 1;
}

/* The same, fit to be looked into. */
static uint32_t find_block(struct order *self, uint64_t key, struct str name,
                           const struct names *names)
{
    uint32_t at = seek_block(self, key, name, names);

    block_rekey(self->refs[at].block, self->prefix_len, names);
    return at;
}

static void resize_block(struct order *self, struct memory *memory, uint32_t i, uint32_t cap)
{
    struct order_block *old = self->refs[i].block;
    struct order_block *made = block_new(memory, cap, old->skip);

    block_take(made, old, 0, old->count);
    block_free(old, memory);
    self->refs[i].block = made;
}

/* Room in a full block for one more at `at`; at and i are where that is then. */
static void make_room(struct order *self, struct memory *memory, uint32_t *i, uint32_t *at)
{
    struct order_block *full = self->refs[*i].block;
    struct order_block *made;
    uint32_t stay = order_block_max / 2;

    if (full->cap < order_block_max) {
        resize_block(self, memory, *i, full->cap * 2);
        return;
    }
    /* names that come in order leave full blocks behind */
    if (*at == full->count && *i + 1 == self->ref_count) {
        stay = full->count;
    }
    made = block_new(memory, order_block_max, full->skip);
    block_take(made, full, stay, full->count - stay);
    full->count = stay;
    insert_ref(self, memory, *i + 1, made);
    if (*at > stay || stay == order_block_max) {
        *at -= stay;
        ++*i;
    }
}

struct order_place order_place(struct order *self, struct memory *memory, struct str name,
                               order_name_fn *name_fn, const void *context)
{
    const struct names names = {name_fn, context};
    struct order_place place = {.found = false};
    const struct order_block *block;
    uint64_t key;

    share_prefix(self, memory, name, &names);
    if (self->ref_count == 0) {
        return place;
    }
    key = key_of(name, self->prefix_len);
    place.block = find_block(self, key, name, &names);
    block = self->refs[place.block].block;
    place.at = block_seek(block, key, name, &names);
    if (place.at < block->count && block->keys[place.at] == key) {
        place.slot = slots_of(block)[place.at];
        place.found = str_eq(name_of(&names, place.slot), name);
    }
    return place;
}

void order_add_at(struct order *self, struct memory *memory, uint32_t slot, struct str name,
                  struct order_place place)
{
    uint64_t key = key_of(name, self->prefix_len);
    struct order_block *block;

    assert(!place.found);
    if (self->ref_count == 0) {
        insert_ref(self, memory, 0, block_new(memory, first_cap, self->prefix_len));
    }
    block = self->refs[place.block].block;
    if (block->count == block->cap) {
        make_room(self, memory, &place.block, &place.at);
        block = self->refs[place.block].block;
    }
    block_insert(block, place.at, key, slot);
    self->refs[place.block].key = block->keys[0];
    self->count++;
}

void order_add(struct order *self, struct memory *memory, uint32_t slot, struct str name,
               order_name_fn *name_fn, const void *context)
{
    order_add_at(self, memory, slot, name, order_place(self, memory, name, name_fn, context));
}

/* Blocks that together are less than half full become one. */
static void join(struct order *self, struct memory *memory, uint32_t i, const struct names *names)
{
    const struct order_block *left = self->refs[i].block;
    struct order_block *right;

    if (i + 1 >= self->ref_count) {
        return;
    }
    right = self->refs[i + 1].block;
    if (left->count + right->count > order_block_max / 2) {
        return;
    }
    block_rekey(self->refs[i].block, self->prefix_len, names);
    block_rekey(right, self->prefix_len, names);
    resize_block(self, memory, i, order_block_max);
    block_take(self->refs[i].block, right, 0, right->count);
    remove_ref(self, memory, i + 1);
}

void order_remove(struct order *self, struct memory *memory, uint32_t slot, struct str name,
                  order_name_fn *name_fn, const void *context)
{
    const struct names names = {name_fn, context};
    uint64_t key = key_of(name, self->prefix_len);
    uint32_t i = find_block(self, key, name, &names);
    struct order_block *block = self->refs[i].block;
    uint32_t at = block_seek(block, key, name, &names);

    assert(at < block->count && slots_of(block)[at] == slot);
    (void)slot;
    block_delete(block, at);
    self->count--;
    if (self->count == 0) {
        order_fini(self, memory);
        return;
    }
    if (block->count == 0) {
        remove_ref(self, memory, i);
        return;
    }
    self->refs[i].key = block->keys[0];
    if (self->ref_count > 1) {
        join(self, memory, i > 0 ? i - 1 : 0, &names);
    } else if (block->cap > first_cap && block->count <= block->cap / 4) {
        resize_block(self, memory, i, block->cap / 2);
    }
}

struct order_run order_run(const struct order *self, uint32_t i)
{
    assert(i < self->ref_count);
    return (struct order_run){slots_of(self->refs[i].block), self->refs[i].block->count};
}

/* How many of the block's names are not behind the name. */
static uint32_t count_to(const struct order_block *block, struct str name,
                         const struct names *names)
{
    uint32_t low = 0;
    uint32_t high = block->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (str_cmp(name_of(names, slots_of(block)[middle]), name) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct order_run order_after(const struct order *self, struct str name, order_name_fn *name_fn,
                             const void *context)
{
    const struct names names = {name_fn, context};
    uint32_t low = 0;
    uint32_t high = self->ref_count;

    /* the first block that does not end before what is looked for */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct order_block *block = self->refs[middle].block;

        if (str_cmp(name_of(&names, slots_of(block)[block->count - 1]), name) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < self->ref_count) {
        struct order_run run = order_run(self, low);
        uint32_t passed = count_to(self->refs[low].block, name, &names);

        return (struct order_run){run.slots + passed, run.count - passed};
    }
    return (struct order_run){0};
}

/* What begins at place `at` of block i; its end is the next one's begin. */
static struct order_run run_from(const struct order *self, uint32_t i, uint32_t at)
{
    struct order_run run;

    if (i < self->ref_count && at == self->refs[i].block->count) {
        i++;
        at = 0;
    }
    if (i >= self->ref_count) {
        return (struct order_run){0};
    }
    run = order_run(self, i);
    return (struct order_run){run.slots + at, run.count - at};
}

struct order_run order_from(const struct order *self, struct str name, order_name_fn *name_fn,
                            const void *context)
{
    const struct names names = {name_fn, context};
    struct str prefix = {self->prefix, self->prefix_len};
    const struct order_block *block;
    uint64_t key;
    uint32_t i;
    uint32_t at;

    if (self->ref_count == 0 || !str_starts(name, prefix)) {
        return run_from(self, str_cmp(name, prefix) < 0 ? 0 : self->ref_count, 0);
    }
    key = key_of(name, self->prefix_len);
    i = seek_block(self, key, name, &names);
    block = self->refs[i].block;
    /* keys of an earlier, longer prefix are the same bytes further on: not every name has one */
    if (block->skip == self->prefix_len) {
        at = block_seek(block, key, name, &names);
    } else {
        at = count_to(block, name, &names);
        if (at > 0 && str_eq(name_of(&names, slots_of(block)[at - 1]), name)) {
            at--;
        }
    }
    return run_from(self, i, at);
}
