#include "actors/store/start/stages.h"

enum err stage_logger(struct start *self)
{
    buf_printf(&self->said, " level=%s", log_level_name(self->log->level));
    return ERR_OK;
}
