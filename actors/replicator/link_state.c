#include "actors/replicator/link_state.h"

#include <assert.h>

#include "common/base/phases.h"

static const int64_t settled_ms = 1000;

static const unsigned follows[LINK_STATE_COUNT] = {
    [LINK_CLOSED] = PHASE(LINK_CLOSED) | PHASE(LINK_GREETING),
    [LINK_GREETING] = PHASE(LINK_CLOSED) | PHASE(LINK_GREETING) | PHASE(LINK_UP),
    [LINK_UP] = PHASE(LINK_CLOSED) | PHASE(LINK_GREETING),
};

void link_enter(struct link *self, enum link_state state)
{
    assert(phases_may(follows, self->state, state));
    self->state = state;
}

void link_clear(struct link *self)
{
    buf_fini(&self->queue);
    buf_fini(&self->lengths);
    self->queue_at = 0;
    self->lengths_at = 0;
}

uint32_t link_records(const struct link *self)
{
    return (uint32_t)((self->lengths.len - self->lengths_at) / sizeof(uint32_t));
}

void link_fini(struct link *self)
{
    link_clear(self);
    buf_fini(&self->want);
}

size_t link_queued(const struct link *self)
{
    return self->queue.len - self->queue_at;
}

bool link_is_drained(const struct link *self)
{
    return self->state == LINK_UP && !self->refused && link_records(self) == 0 &&
           self->want.len == 0 && !self->wanting;
}

bool link_is_settled(const struct link *self, const struct now *now)
{
    return now->mono_ms - self->up_ms >= settled_ms;
}
