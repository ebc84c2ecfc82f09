#include "actors/replicator/inflight.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/heap.h"

/* So many places are looked at for a free one: they are given in turn, so a taken one is rare. */
enum { tries_max = 64 };

enum { word_bits = 64, word_count = inflight_max / word_bits };

struct inflight {
    struct ask list[inflight_max];
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

struct inflight *inflight_new(void)
{
    struct inflight *self = heap_new(sizeof(*self));

    return self;
}

void inflight_destroy(struct inflight **self)
{
    if (*self == NULL) {
        return;
    }
    for (uint32_t i = 0; i < inflight_max; i++) {
        buf_fini(&(*self)->list[i].keys);
    }
    free(*self);
    *self = NULL;
}

/* The first one taken from place `from` on; NULL: none. */
static struct ask *next_taken(struct inflight *self, uint32_t from)
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

static uint32_t number_of(const struct inflight *self, const struct ask *place)
{
    return (uint32_t)(place - self->list);
}

uint64_t inflight_id(const struct inflight *self, uint64_t *last_id)
{
    for (unsigned i = 0; i < tries_max; i++) {
        uint64_t id = ++*last_id;

        if (self->list[id % inflight_max].id == 0) {
            return id;
        }
    }
    return 0;
}

void inflight_add(struct inflight *self, const struct ask *ask, const struct now *now)
{
    struct ask *place = &self->list[ask->id % inflight_max];

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

bool inflight_of(const struct inflight *self, uint64_t id, enum ask_whom whom, uint32_t peer)
{
    const struct ask *place = &self->list[id % inflight_max];

    return id != 0 && place->id == id && kinds[place->kind].whom == whom &&
           (whom == ASK_REGISTRY || place->peer == peer);
}

static void take(struct inflight *self, struct ask *place, struct ask *out)
{
    *out = *place;
    *place = (struct ask){0};
    self->taken[number_of(self, place) / word_bits] &=
        ~(UINT64_C(1) << number_of(self, place) % word_bits);
    self->count--;
}

bool inflight_take(struct inflight *self, uint64_t id, struct ask *out)
{
    struct ask *place = &self->list[id % inflight_max];

    if (id == 0 || place->id != id) {
        return false;
    }
    take(self, place, out);
    return true;
}

bool inflight_take_overdue(struct inflight *self, int64_t now_ms, uint32_t *cursor, struct ask *out)
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

void inflight_forget(struct inflight *self, uint32_t peer)
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

void inflight_forgive(struct inflight *self, int64_t ms)
{
    struct ask *place;

    for (uint32_t i = 0; (place = next_taken(self, i)) != NULL; i = number_of(self, place) + 1) {
        place->until_ms += ms;
    }
}

uint32_t inflight_count(const struct inflight *self)
{
    return self->count;
}

uint32_t inflight_relayed(struct inflight *self, const struct address *from)
{
    uint32_t count = 0;
    struct ask *place;

    for (uint32_t i = 0; (place = next_taken(self, i)) != NULL; i = number_of(self, place) + 1) {
        count += place->kind == ASK_RELAY && address_eq(&place->to, from);
    }
    return count;
}
