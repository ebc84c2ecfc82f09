#include "actors/store/mvcc/key_history.h"

void key_history_fini(struct key_history *self, struct memory *memory)
{
    memory_put(memory, self->revisions, self->cap * sizeof(self->revisions[0]));
    memory_put(memory, self->generations, self->generation_cap * sizeof(self->generations[0]));
    *self = (struct key_history){0};
}

static struct revision revision_at(const struct key_history *self, uint32_t place)
{
    return (struct revision){self->revisions[place].main, self->revisions[place].sub};
}

static uint32_t grown(uint32_t cap)
{
    return cap == 0 ? 2 : cap + cap / 2 + 1;
}

static void append(struct key_history *self, struct memory *memory, struct revision mod)
{
    assert(self->count == 0 || revision_before(revision_at(self, self->count - 1), mod));
    assert(mod.sub <= UINT32_MAX);
    if (self->count == self->cap) {
        uint32_t cap = grown(self->cap);

        self->revisions =
            memory_resize(memory, self->revisions, self->cap * sizeof(self->revisions[0]),
                          cap * sizeof(self->revisions[0]));
        self->cap = cap;
    }
    self->revisions[self->count++] = (struct key_revision){mod.main, (uint32_t)mod.sub};
}

void key_history_put(struct key_history *self, struct memory *memory, struct revision mod,
                     int64_t create, int64_t version)
{
    if (!self->live) {
        if (self->generation_count == self->generation_cap) {
            uint32_t cap = grown(self->generation_cap);

            self->generations = memory_resize(memory, self->generations,
                                              self->generation_cap * sizeof(self->generations[0]),
                                              cap * sizeof(self->generations[0]));
            self->generation_cap = cap;
        }
        self->generations[self->generation_count++] =
            (struct generation){create, version, self->count};
        self->live = true;
    }
    append(self, memory, mod);
}

void key_history_delete(struct key_history *self, struct memory *memory, struct revision mod)
{
    assert(self->live);
    append(self, memory, mod);
    self->live = false;
}

/* How many revisions are not behind main. */
static uint32_t count_to(const struct key_history *self, int64_t main)
{
    uint32_t low = 0;
    uint32_t high = self->count;

    /* mostly the last one is asked for */
    if (high > 0 && self->revisions[high - 1].main <= main) {
        return high;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (self->revisions[middle].main <= main) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static const struct generation *generation_of(const struct key_history *self, uint32_t place)
{
    uint32_t low = 0;
    uint32_t high = self->generation_count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (self->generations[middle].begin <= place) {
            low = middle;
        } else {
            high = middle;
        }
    }
    assert(self->generations[low].begin <= place);
    return &self->generations[low];
}

bool key_history_is_tombstone(const struct key_history *self, uint32_t place)
{
    const struct generation *of = generation_of(self, place);
    const struct generation *end = self->generations + self->generation_count;

    assert(place < self->count);
    if (of + 1 < end) {
        return place + 1 == of[1].begin;
    }
    return !self->live && place + 1 == self->count;
}

bool key_history_at(const struct key_history *self, int64_t main, struct key_state *state)
{
    uint32_t count = count_to(self, main);
    const struct generation *of;

    if (count == 0 || key_history_is_tombstone(self, count - 1)) {
        return false;
    }
    of = generation_of(self, count - 1);
    *state = (struct key_state){revision_at(self, count - 1), of->create,
                                of->first_version + (count - 1 - of->begin)};
    return true;
}

uint32_t key_history_dead(const struct key_history *self, int64_t main)
{
    uint32_t count = count_to(self, main);

    if (count > 0 && !key_history_is_tombstone(self, count - 1)) {
        count--;
    }
    return count > self->gone ? count - self->gone : 0;
}

static void cut(struct key_history *self, struct memory *memory, uint32_t count)
{
    const struct generation *of;
    uint32_t gone;

    of = generation_of(self, count);
    gone = (uint32_t)(of - self->generations);
    self->generations[gone].first_version += count > of->begin ? count - of->begin : 0;
    self->generation_count -= gone;
    memmove(self->generations, of, self->generation_count * sizeof(*of));
    for (uint32_t i = 0; i < self->generation_count; i++) {
        uint32_t begin = self->generations[i].begin;

        self->generations[i].begin = begin > count ? begin - count : 0;
    }
    self->count -= count;
    memmove(self->revisions, self->revisions + count, self->count * sizeof(self->revisions[0]));
    if (self->count <= self->cap / 4) {
        self->revisions =
            memory_resize(memory, self->revisions, self->cap * sizeof(self->revisions[0]),
                          self->count * sizeof(self->revisions[0]));
        self->cap = self->count;
    }
}

void key_history_drop(struct key_history *self, struct memory *memory, uint32_t count)
{
    assert(count <= self->count - self->gone);
    self->gone += count;
    if (self->gone == self->count) {
        key_history_fini(self, memory);
    } else if (self->gone >= self->count - self->gone) {
        cut(self, memory, self->gone);
        self->gone = 0;
    }
}
