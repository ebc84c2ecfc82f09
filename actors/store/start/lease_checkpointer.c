
#include "actors/store/start/stages.h"

enum err stage_lease_checkpointer(struct start *self)
{
    start_say(self, log_int("every_ms", self->options.lease_checkpoint_ms));
    return ERR_OK;
}
