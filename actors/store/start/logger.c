#include "actors/store/start/stages.h"

enum err stage_logger(struct start *self)
{
    start_say(self, log_text("log_level", log_level_name(self->log->level)));
    return ERR_OK;
}
