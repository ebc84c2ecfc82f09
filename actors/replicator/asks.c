#include "actors/replicator/asks.h"

#include <assert.h>
#include <stdlib.h>

/* So many places are looked at for a free one: they are given in turn, so a taken one is rare. */
enum { tries_max = 64 };

enum { word_bits = 64, word_count = asks_max / word_bits };

struct asks {
    struct ask list[asks_max];
    uint64_t taken[word_count]; /* bit per place: they are few, and far apart in memory */
    uint32_t count;
    int64_t none_before_ms; /* is overdue: the list need not be looked through */
};

static const struct {
    enum ask_whom whom;
    int64_t wait_ms;
} kinds[] = {
#define ASK_ROW(NAME, whom, ms) [ASK_##NAME] = {ASK_##whom, ms},
    ASK_TABLE(ASK_ROW)
#undef ASK_ROW
};

enum ask_whom ask_whom(enum ask_kind kind)
{
    assert((unsigned)kind < ASK_KIND_COUNT);
    return kinds[kind].whom;
}

struct asks *asks_new(void)
{
    struct asks *self = calloc(1, sizeof(*self));

    assert(self != NULL);
    return self;
}

void asks_destroy(struct asks **self)
{
    if (*self == NULL) {
        return;
    }
    for (uint32_t i = 0; i < asks_max; i++) {
        buf_fini(&(*self)->list[i].keys);
    }
    free(*self);
    *self = NULL;
}

/* The first one taken from place `from` on; NULL: none. */
static struct ask *next_taken(struct asks *self, uint32_t from)
{
    for (uint32_t word = from / word_bits; word < word_count; word++) {
        uint64_t bits = self->taken[word];

        if (word == from / word_bits) {
            bits &= UINT64_MAX << from % word_bits;
        }
        if (bits != 0) {
            return &self->list[word * word_bits + (uint32_t)__builtin_ctzll(bits)];
        }
    }
    return NULL;
}

static uint32_t number_of(const struct asks *self, const struct ask *place)
{
    return (uint32_t)(place - self->list);
}

uint64_t asks_id(const struct asks *self, uint64_t *last_id)
{
    for (unsigned i = 0; i < tries_max; i++) {
        uint64_t id = ++*last_id;

        if (self->list[id % asks_max].id == 0) {
            return id;
        }
    }
    return 0;
}

void asks_add(struct asks *self, const struct ask *ask, const struct now *now)
{
    struct ask *place = &self->list[ask->id % asks_max];

    assert(ask->id != 0 && place->id == 0);
    *place = *ask;
    self->taken[number_of(self, place) / word_bits] |= UINT64_C(1)
                                                       << number_of(self, place) % word_bits;
    place->asked_ms = now->mono_ms;
    place->until_ms = now->mono_ms + kinds[ask->kind].wait_ms;
    if (self->count++ == 0 || place->until_ms < self->none_before_ms) {
        self->none_before_ms = place->until_ms;
    }
}

bool asks_of(const struct asks *self, uint64_t id, enum ask_whom whom, uint32_t peer)
{
    const struct ask *place = &self->list[id % asks_max];

    return id != 0 && place->id == id && kinds[place->kind].whom == whom &&
           (whom == ASK_REGISTRY || place->peer == peer);
}

static void take(struct asks *self, struct ask *place, struct ask *out)
{
    *out = *place;
    *place = (struct ask){0};
    self->taken[number_of(self, place) / word_bits] &=
        ~(UINT64_C(1) << number_of(self, place) % word_bits);
    self->count--;
}

bool asks_take(struct asks *self, uint64_t id, struct ask *out)
{
    struct ask *place = &self->list[id % asks_max];

    if (id == 0 || place->id != id) {
        return false;
    }
    take(self, place, out);
    return true;
}

bool asks_take_overdue(struct asks *self, int64_t now_ms, uint32_t *cursor, struct ask *out)
{
    if (*cursor == 0) {
        if (self->count == 0 || now_ms < self->none_before_ms) {
            return false;
        }
        self->none_before_ms = INT64_MAX;
    }
    for (struct ask *place; (place = next_taken(self, *cursor)) != NULL;) {
        *cursor = number_of(self, place) + 1;
        if (now_ms >= place->until_ms) {
            take(self, place, out);
            return true;
        }
        if (place->until_ms < self->none_before_ms) {
            self->none_before_ms = place->until_ms;
        }
    }
    return false;
}

void asks_forget(struct asks *self, uint32_t peer)
{
    struct ask *place;

    for (uint32_t i = 0; (place = next_taken(self, i)) != NULL; i = number_of(self, place) + 1) {
        struct ask gone;

        if (place->peer == peer && kinds[place->kind].whom == ASK_PEER) {
            take(self, place, &gone);
            buf_fini(&gone.keys);
        }
    }
}

void asks_forgive(struct asks *self, int64_t ms)
{
    struct ask *place;

    for (uint32_t i = 0; (place = next_taken(self, i)) != NULL; i = number_of(self, place) + 1) {
        place->until_ms += ms;
    }
}

uint32_t asks_count(const struct asks *self)
{
    return self->count;
}

uint32_t asks_relayed(struct asks *self, const struct address *from)
{
    uint32_t count = 0;
    struct ask *place;

    for (uint32_t i = 0; (place = next_taken(self, i)) != NULL; i = number_of(self, place) + 1) {
        count += place->kind == ASK_RELAY && address_eq(&place->to, from);
    }
    return count;
}
