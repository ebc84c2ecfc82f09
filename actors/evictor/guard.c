#include "actors/evictor/guard.h"

#include <assert.h>

static const int64_t registry_tick_ms = 1000;
static const uint64_t small_expectation = 10;

void guard_init(struct guard *self, double share, int64_t window_ms, int64_t idle_ms)
{
    assert(share >= 0 && share <= 1 && window_ms > 0 && idle_ms > 0);
    *self = (struct guard){
        .share = share,
        .window_ms = window_ms,
        .period_ms = idle_ms < 3 ? 1 : idle_ms / 3,
        .incomplete = true,
    };
}

bool guard_hear(struct guard *self, const struct msg_renewed *renewed)
{
    const struct guard_end end = {renewed->tick, renewed->heartbeats, renewed->live};

    if (renewed->more) {
        return false;
    }
    if (renewed->epoch != self->epoch || renewed->boot != self->boot) {
        self->epoch = renewed->epoch;
        self->boot = renewed->boot;
        self->begun = end;
        self->last = end;
        self->incomplete = true;
        return true;
    }
    if (end.tick <= self->last.tick) {
        return false; /* heard before */
    }
    if (end.tick != self->last.tick + 1) {
        self->incomplete = true;
    }
    self->last = end;
    assert(self->last.tick > self->begun.tick);
    return false;
}

static int64_t length_ms(const struct guard *self)
{
    return (int64_t)(self->last.tick - self->begun.tick) * registry_tick_ms;
}

bool guard_is_over(const struct guard *self)
{
    return self->last.tick != self->begun.tick && length_ms(self) >= self->window_ms;
}

int64_t guard_left_ms(const struct guard *self)
{
    int64_t left_ms = self->window_ms - length_ms(self);

    return left_ms < registry_tick_ms ? registry_tick_ms : left_ms;
}

static uint64_t expecting_live(const struct guard *self)
{
    return self->last.live < self->begun.live ? self->last.live : self->begun.live;
}

void guard_close(struct guard *self, struct guard_verdict *verdict)
{
    double each = (double)length_ms(self) / (double)self->period_ms;
    double expected = (double)expecting_live(self) * each;
    double others = expected < each ? 0 : expected - each; /* what all but one send */

    assert(guard_is_over(self));
    *verdict = (struct guard_verdict){
        .heard = self->last.heartbeats - self->begun.heartbeats,
        .expected = (uint64_t)expected,
        .threshold = (uint64_t)(self->share * expected),
        .live = self->last.live,
        .reason = "",
    };
    if (verdict->expected < small_expectation && verdict->threshold > (uint64_t)others) {
        verdict->threshold = (uint64_t)others;
    }
    if (self->incomplete) {
        verdict->reason = "window incomplete";
    } else if (verdict->heard < verdict->threshold) {
        verdict->reason = "below share";
    }
    verdict->protected = verdict->reason[0] != '\0';
    assert(verdict->threshold <= verdict->expected);
    self->begun = self->last;
    self->incomplete = false;
    assert(!guard_is_over(self));
}

uint32_t guard_limit(const struct guard *self)
{
    uint64_t live = self->last.live;
    uint64_t limit = live - (uint64_t)((double)live * self->share);

    if (limit == 0) {
        limit = 1;
    }
    return limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
}
