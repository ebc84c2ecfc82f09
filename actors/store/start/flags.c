#include "actors/store/start/stages.h"

enum err stage_flags(struct start *self)
{
    const struct config *config = self->config;

    start_say(self, log_text("dir", config->dir));
    start_say(self, log_text("file", config->file != NULL ? config->file : "none"));
    return ERR_OK;
}
