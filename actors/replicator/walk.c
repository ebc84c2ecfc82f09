#include "actors/replicator/walk.h"

#include <assert.h>

#include "common/base/phases.h"

static const unsigned follows[WALK_STATE_COUNT] = {
    [WALK_IDLE] = PHASE(WALK_IDLE) | PHASE(WALK_BRANCHES),
    [WALK_BRANCHES] = PHASE(WALK_LEAVES) | PHASE(WALK_IDLE),
    [WALK_LEAVES] = PHASE(WALK_ENTRIES) | PHASE(WALK_IDLE),
    [WALK_ENTRIES] = PHASE(WALK_COMPARE) | PHASE(WALK_ENTRIES) | PHASE(WALK_IDLE),
    [WALK_COMPARE] =
        PHASE(WALK_LOOKUP) | PHASE(WALK_COMPARE) | PHASE(WALK_ENTRIES) | PHASE(WALK_IDLE),
    [WALK_LOOKUP] = PHASE(WALK_MERGE) | PHASE(WALK_LOOKUP) | PHASE(WALK_COMPARE) |
                    PHASE(WALK_ENTRIES) | PHASE(WALK_IDLE),
    [WALK_MERGE] =
        PHASE(WALK_LOOKUP) | PHASE(WALK_COMPARE) | PHASE(WALK_ENTRIES) | PHASE(WALK_IDLE),
};

void walk_enter(struct walk *self, enum walk_state state)
{
    assert(phases_may(follows, self->state, state));
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
