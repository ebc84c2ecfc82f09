#include "actors/store/start/stages.h"

enum err stage_start(struct start *self)
{
    const struct now now = self->clock->now(self->clock);

    return store_start(self->store, self->disk_log, &self->found, &now);
}
