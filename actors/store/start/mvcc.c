
#include "actors/store/start/stages.h"

enum err stage_mvcc(struct start *self)
{
    const struct now now = self->clock->now(self->clock);
    enum err err = store_new(&self->store, &self->options, &self->backend, &now);

    if (err == ERR_OK) {
        struct store_found found = store_found(self->store);

        start_say(self, log_int("revision", found.revision));
        start_say(self, log_int("compacted", found.compacted));
        start_say(self, log_uint("entry", found.index));
    }
    return err;
}

void stage_mvcc_undo(struct start *self)
{
    store_destroy(&self->store);
}
