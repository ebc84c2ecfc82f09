#include "actors/store/interest.h"

#include "common/wire/messages.h"

void interest_fini(struct interest *self)
{
    spans_fini(&self->young);
    spans_fini(&self->old);
}

void interest_hold(struct interest *self, int64_t awake_ms)
{
    if (!interest_is(self, awake_ms)) {
        spans_clear(&self->young);
        spans_clear(&self->old);
        self->turns_ms = awake_ms + watching_ms;
    } else if (awake_ms >= self->turns_ms) {
        struct spans old = self->old;

        self->old = self->young;
        self->young = old;
        spans_clear(&self->young);
        self->turns_ms = awake_ms + watching_ms;
    }
    self->ends_ms = awake_ms + watching_ms;
}

void interest_prev(struct interest *self, struct str from, struct str end, int64_t awake_ms)
{
    interest_hold(self, awake_ms);
    spans_add(&self->young, from, end);
}

bool interest_is_prev(struct interest *self, struct str key)
{
    return spans_has(&self->young, key) || spans_has(&self->old, key);
}
