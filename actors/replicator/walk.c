#include "actors/replicator/walk.h"

#include <assert.h>

#define TO(name) (1U << WALK_##name)
static const unsigned transitions[WALK_STATE_COUNT] = {
    [WALK_IDLE] = TO(IDLE) | TO(BRANCHES),
    [WALK_BRANCHES] = TO(LEAVES) | TO(IDLE),
    [WALK_LEAVES] = TO(ENTRIES) | TO(IDLE),
    [WALK_ENTRIES] = TO(COMPARE) | TO(ENTRIES) | TO(IDLE),
    [WALK_COMPARE] = TO(LOOKUP) | TO(COMPARE) | TO(ENTRIES) | TO(IDLE),
    [WALK_LOOKUP] = TO(MERGE) | TO(LOOKUP) | TO(COMPARE) | TO(ENTRIES) | TO(IDLE),
    [WALK_MERGE] = TO(LOOKUP) | TO(COMPARE) | TO(ENTRIES) | TO(IDLE),
};
#undef TO

void walk_enter(struct walk *self, enum walk_state state)
{
    assert((transitions[self->state] >> state & 1) != 0);
    self->state = state;
    self->round++;
}

void sums_clear(struct sums *self)
{
    buf_fini(&self->sums);
    buf_fini(&self->moving);
    self->in = false;
}

void walk_clear(struct walk *self)
{
    sums_clear(&self->mine);
    sums_clear(&self->theirs);
    buf_fini(&self->branches);
    buf_fini(&self->leaves);
    buf_fini(&self->entries);
    buf_fini(&self->keys);
    self->leaves_at = 0;
    self->leaf_cursor = 0;
    self->pieces = 0;
    self->entries_at = 0;
    self->keys_at = 0;
}
