#include "common/base/awake.h"

static const int64_t step_max_ms = 2000;
static const int64_t lag_lasts_ms = 1000;

int64_t awake_move(struct awake *self, int64_t mono_ms)
{
    int64_t step = mono_ms - self->read_ms;

    if (step <= 0) {
        return 0;
    }
    self->ms += step < step_max_ms ? step : step_max_ms;
    self->read_ms = mono_ms;
    if (self->ms >= self->lag_ends_ms) {
        self->lag_ms = 0;
    }
    if (step <= step_max_ms) {
        return 0;
    }
    self->lag_ms += step;
    self->lag_ends_ms = self->ms + lag_lasts_ms;
    return step - step_max_ms;
}
