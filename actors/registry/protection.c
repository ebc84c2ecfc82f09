#include "actors/registry/protection.h"

#include <assert.h>
#include <stddef.h>

void protection_init(struct protection *self, const struct protection_rules *rules, bool empty,
                     int64_t mono_ms)
{
    *self = (struct protection){.reason = "not needed"};
    if (!empty) {
        return;
    }
    self->syncing = rules->peers;
    self->until_ms = mono_ms + rules->wait_ms;
    if (rules->wanted) {
        self->on = true;
        self->reason = "this node started empty and is not in sync with a peer yet";
    }
}

bool protection_is_over(const struct protection *self, int64_t mono_ms)
{
    return (self->on || self->syncing) && mono_ms >= self->until_ms;
}

bool protection_end(struct protection *self, const char *reason)
{
    bool any = self->on || self->syncing;

    assert(reason != NULL);
    if (self->on) {
        self->reason = reason;
    }
    self->on = false;
    self->syncing = false;
    return any;
}

int64_t protection_left_ms(const struct protection *self, int64_t mono_ms)
{
    return self->on && self->until_ms > mono_ms ? self->until_ms - mono_ms : 0;
}
