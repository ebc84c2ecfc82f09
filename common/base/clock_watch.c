#include "common/base/clock_watch.h"

int64_t clock_watch_look(struct clock_watch *self, const struct now *now)
{
    int64_t between_ms = now->wall_ns / 1000000 - now->mono_ms;
    int64_t by_ms = self->begun ? between_ms - self->between_ms : 0;

    self->begun = true;
    self->between_ms = between_ms;
    return by_ms > -clock_set_least_ms && by_ms < clock_set_least_ms ? 0 : by_ms;
}
