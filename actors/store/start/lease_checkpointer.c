#include <inttypes.h>

#include "actors/store/start/stages.h"

enum err stage_lease_checkpointer(struct start *self)
{
    buf_printf(&self->said, " every_ms=%" PRId64, self->options.lease_checkpoint_ms);
    return ERR_OK;
}
