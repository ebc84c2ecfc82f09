#include "actors/store/mvcc/key_index.h"

struct key {
    union {
        int64_t main;                /* of its only revision, a put */
        struct key_history *history; /* owned */
    };
    int64_t create; /* of its only revision; then version and sub, the same */
    int64_t version;
    uint32_t sub;
    uint32_t many : 1;
    uint32_t len : 31;
    char name[];
};

static size_t key_bytes(size_t len)
{
    return sizeof(struct key) + len;
}

static struct key *key_at(const struct key_index *self, uint32_t number)
{
    return table_get(&self->table, number);
}

static struct str name_of(const void *context, uint32_t number)
{
    return key_index_name(context, number);
}

void key_index_init(struct key_index *self)
{
    *self = (struct key_index){0};
    table_init(&self->table, &self->memory);
}

static void key_free(struct key_index *self, struct key *key)
{
    if (key->many) {
        key_history_fini(key->history, &self->memory);
        memory_put(&self->memory, key->history, sizeof(*key->history));
    }
    memory_put(&self->memory, key, key_bytes(key->len));
}

void key_index_fini(struct key_index *self)
{
    for (uint32_t i = 0; i < self->table.count; i++) {
        if (table_has(&self->table, i)) {
            key_free(self, key_at(self, i));
        }
    }
    order_fini(&self->order, &self->memory);
    table_fini(&self->table);
    assert(self->memory.bytes == 0);
}

struct str key_index_name(const struct key_index *self, uint32_t key)
{
    const struct key *at = key_at(self, key);

    return (struct str){at->name, at->len};
}

uint32_t key_index_find(const struct key_index *self, struct str name)
{
    struct order_run run = order_from(&self->order, name, name_of, self);

    return run.count > 0 && str_eq(key_index_name(self, run.slots[0]), name) ? run.slots[0]
                                                                             : KEY_NONE;
}

bool key_index_at(const struct key_index *self, uint32_t key, int64_t main, struct key_state *state)
{
    const struct key *at = key_at(self, key);

    if (at->many) {
        return key_history_at(at->history, main, state);
    }
    if (at->main > main) {
        return false;
    }
    *state = (struct key_state){{at->main, at->sub}, at->create, at->version};
    return true;
}

static struct order_place place_of(struct key_index *self, struct str name)
{
    return order_place(&self->order, &self->memory, name, name_of, self);
}

static uint32_t key_new(struct key_index *self, struct str name, struct order_place place,
                        struct revision mod, const struct key_state *state)
{
    struct key *key = memory_get(&self->memory, key_bytes(name.len));
    uint32_t number;

    assert(name.len <= INT32_MAX && mod.sub <= UINT32_MAX);
    key->main = mod.main;
    key->create = state->create;
    key->version = state->version;
    key->sub = (uint32_t)mod.sub;
    key->many = 0;
    key->len = (uint32_t)name.len & INT32_MAX;
    if (name.len > 0) {
        memcpy(key->name, name.data, name.len);
    }
    number = table_add(&self->table, key);
    order_add_at(&self->order, &self->memory, number, name, place);
    return number;
}

static struct key_history *history_of(struct key_index *self, uint32_t number)
{
    struct key *key = key_at(self, number);

    if (!key->many) {
        struct key_history *history = memory_get(&self->memory, sizeof(*history));

        *history = (struct key_history){0};
        key_history_put(history, &self->memory, (struct revision){key->main, key->sub}, key->create,
                        key->version);
        key->history = history;
        key->many = 1;
    }
    return key->history;
}

uint32_t key_index_put(struct key_index *self, struct str name, struct revision mod,
                       struct key_state *state)
{
    const struct key_state first = {mod, mod.main, 1};
    struct order_place place = place_of(self, name);

    if (!place.found) {
        *state = first;
        return key_new(self, name, place, mod, &first);
    }
    key_history_put(history_of(self, place.slot), &self->memory, mod, mod.main, 1);
    (void)key_index_at(self, place.slot, mod.main, state);
    return place.slot;
}

void key_index_delete(struct key_index *self, uint32_t key, struct revision mod)
{
    key_history_delete(history_of(self, key), &self->memory, mod);
}

/* Does it come behind all that the key has? */
static bool is_next(const struct key_index *self, uint32_t number, struct revision mod)
{
    const struct key *key = key_at(self, number);
    struct revision last = {key->main, key->sub};

    if (key->many) {
        const struct key_revision *at = &key->history->revisions[key->history->count - 1];

        last = (struct revision){at->main, at->sub};
    }
    return revision_before(last, mod);
}

enum err key_index_restore(struct key_index *self, struct str name, struct revision mod,
                           const struct key_state *state, uint32_t *key)
{
    struct order_place place = place_of(self, name);
    uint32_t number = place.slot;
    struct key_state before;
    struct key_state now;

    if (name.len > INT32_MAX || mod.sub > UINT32_MAX) {
        return ERR_CORRUPT;
    }
    if (!place.found) {
        if (state == NULL || state->version < 1 || state->create > mod.main) {
            return ERR_CORRUPT;
        }
        *key = key_new(self, name, place, mod, state);
        return ERR_OK;
    }
    *key = number;
    if (!is_next(self, number, mod)) {
        return ERR_CORRUPT;
    }
    if (!key_index_at(self, number, INT64_MAX, &before)) {
        if (state == NULL) {
            return ERR_CORRUPT;
        }
        key_history_put(history_of(self, number), &self->memory, mod, state->create,
                        state->version);
        return ERR_OK;
    }
    if (state == NULL) {
        key_index_delete(self, number, mod);
        return ERR_OK;
    }
    key_history_put(history_of(self, number), &self->memory, mod, state->create, state->version);
    (void)key_index_at(self, number, INT64_MAX, &now);
    return now.create == state->create && now.version == state->version ? ERR_OK : ERR_CORRUPT;
}

static void key_gone(struct key_index *self, uint32_t number)
{
    struct key *key = key_at(self, number);

    order_remove(&self->order, &self->memory, number, key_index_name(self, number), name_of, self);
    table_remove(&self->table, number);
    key_free(self, key);
}

/* A history of one put needs no block of its own. */
static void shrink(struct key_index *self, struct key *key)
{
    struct key_history *history = key->history;
    struct key_state state;

    if (history->count > 1 || !key_history_at(history, INT64_MAX, &state)) {
        return;
    }
    key_history_fini(history, &self->memory);
    memory_put(&self->memory, history, sizeof(*history));
    key->many = 0;
    key->main = state.mod.main;
    key->sub = (uint32_t)state.mod.sub;
    key->create = state.create;
    key->version = state.version;
}

uint32_t key_index_dead(const struct key_index *self, uint32_t key, int64_t main)
{
    const struct key *at = key_at(self, key);

    return at->many ? key_history_dead(at->history, main) : 0; /* one put is live ever since */
}

void key_index_drop(struct key_index *self, uint32_t key, uint32_t count, key_dropped_fn *dropped,
                    void *context)
{
    struct key *at = key_at(self, key);
    struct key_history *history;
    uint32_t end;

    if (count == 0) {
        return;
    }
    assert(at->many);
    history = at->history;
    end = history->gone + count;
    if (end < history->count && key_history_is_tombstone(history, end)) {
        end++;
    }
    for (uint32_t i = history->gone; i < end; i++) {
        dropped(context, (struct revision){history->revisions[i].main, history->revisions[i].sub},
                key_history_is_tombstone(history, i));
    }
    if (end == history->count) {
        key_gone(self, key);
        return;
    }
    key_history_drop(history, &self->memory, end - history->gone);
    shrink(self, at);
}

/* ── in order ───────────────────────────────────────────────────────────────*/

struct key_cursor key_cursor(const struct key_index *index, struct str from, struct str end)
{
    struct key_cursor self = {.index = index, .from = from, .end = end, .last = KEY_NONE};

    self.kind = end.len == 0                       ? KEY_CURSOR_ONE
                : end.len == 1 && end.data[0] == 0 ? KEY_CURSOR_REST
                                                   : KEY_CURSOR_TO_END;
    return self;
}

struct key_cursor key_cursor_behind(const struct key_index *index, struct str name, struct str end)
{
    struct key_cursor self = key_cursor(index, name, end);

    assert(self.kind != KEY_CURSOR_ONE);
    self.started = true;
    self.run = order_after(&index->order, name, name_of, index);
    return self;
}

/* Keys that follow each other lie anywhere: begins to load those that come soon. */
static void expect(const struct key_cursor *self)
{
    enum { near = 6, far = 12 };
    const struct table *table = &self->index->table;

    if (self->run.count > far) {
        __builtin_prefetch(table_cell(table, self->run.slots[far]));
    }
    if (self->run.count > near) {
        __builtin_prefetch(table_get(table, self->run.slots[near]));
    }
}

uint32_t key_cursor_next(struct key_cursor *self)
{
    if (self->kind == KEY_CURSOR_ONE) {
        uint32_t key = self->started ? KEY_NONE : key_index_find(self->index, self->from);

        self->started = true;
        return key;
    }
    if (!self->started) {
        self->run = order_from(&self->index->order, self->from, name_of, self->index);
        self->started = true;
    } else if (self->run.count == 0 && self->last != KEY_NONE) {
        self->run = order_after(&self->index->order, key_index_name(self->index, self->last),
                                name_of, self->index);
    }
    self->last = KEY_NONE;
    expect(self);
    if (self->run.count == 0 ||
        (self->kind == KEY_CURSOR_TO_END &&
         str_cmp(key_index_name(self->index, self->run.slots[0]), self->end) >= 0)) {
        self->run.count = 0;
        return KEY_NONE;
    }
    self->last = *self->run.slots++;
    self->run.count--;
    return self->last;
}
