#include "actors/store/start/stages.h"

enum err stage_flags(struct start *self)
{
    const struct config *config = self->config;

    buf_printf(&self->said, " dir=%s file=%s", config->dir,
               config->file != NULL ? config->file : "none");
    return ERR_OK;
}
