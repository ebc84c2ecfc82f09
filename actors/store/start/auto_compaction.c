#include <inttypes.h>
#include <string.h>

#include "actors/store/start/stages.h"
#include "common/config/table.h"

enum err stage_auto_compaction(struct start *self)
{
    const struct config *config = self->config;

    self->compaction_retention = config_retention(config);
    if (self->compaction_retention > 0) {
        self->compaction_mode = strcmp(config->store_compaction_mode, "periodic") == 0
                                    ? COMPACTION_PERIODIC
                                    : COMPACTION_REVISION;
    }
    buf_printf(&self->said, " mode=%s retention=%s", config->store_compaction_mode,
               self->compaction_retention > 0 ? config->store_compaction_retention : "off");
    return ERR_OK;
}
