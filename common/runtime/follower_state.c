#include "common/runtime/follower_state.h"

#include <assert.h>

#include "common/base/phases.h"

static const unsigned follows[FOLLOWER_PHASE_COUNT] = {
    [FOLLOWER_NEW] = PHASE(FOLLOWER_HISTORY) | PHASE(FOLLOWER_BROKEN),
    [FOLLOWER_HISTORY] = PHASE(FOLLOWER_HISTORY) | PHASE(FOLLOWER_SNAPSHOT) |
                         PHASE(FOLLOWER_SWEEP) | PHASE(FOLLOWER_CURRENT) | PHASE(FOLLOWER_BROKEN),
    [FOLLOWER_SNAPSHOT] =
        PHASE(FOLLOWER_SNAPSHOT) | PHASE(FOLLOWER_HISTORY) | PHASE(FOLLOWER_BROKEN),
    [FOLLOWER_SWEEP] = PHASE(FOLLOWER_HISTORY) | PHASE(FOLLOWER_CURRENT) | PHASE(FOLLOWER_BROKEN),
    [FOLLOWER_CURRENT] = PHASE(FOLLOWER_HISTORY) | PHASE(FOLLOWER_BROKEN),
};

void follower_enter(struct follower *self, enum follower_phase phase)
{
    assert(phases_may(follows, self->phase, phase));
    self->phase = phase;
}

void follower_tell_current(struct follower *self, const struct now *now)
{
    if (self->owner->current != NULL) {
        self->owner->current(self->state, self->at.epoch, self->at.seq, now);
    }
}

void follower_become_current(struct follower *self, const struct now *now)
{
    follower_enter(self, FOLLOWER_CURRENT);
    self->at.ever_current = true;
    self->at.catch_ups++;
    follower_tell_current(self, now);
}
