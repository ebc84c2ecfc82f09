#include <inttypes.h>

#include "actors/store/start/stages.h"

enum err stage_mvcc(struct start *self)
{
    const struct now now = self->clock->now(self->clock);
    enum err err = store_new(&self->store, &self->options, &self->backend, &now);

    if (err == ERR_OK) {
        struct store_found found = store_found(self->store);

        buf_printf(&self->said, " revision=%" PRId64 " compacted=%" PRId64 " index=%" PRIu64,
                   found.revision, found.compacted, found.index);
    }
    return err;
}

void stage_mvcc_undo(struct start *self)
{
    store_destroy(&self->store);
}
