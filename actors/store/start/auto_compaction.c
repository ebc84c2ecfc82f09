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
    start_say(self, log_text("mode", config->store_compaction_mode));
    start_say(self, log_text("retention", self->compaction_retention > 0
                                              ? config->store_compaction_retention
                                              : "off"));
    return ERR_OK;
}
