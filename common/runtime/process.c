#include "common/runtime/process.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool process_begin(struct config *config, struct log *log, const char *actor, const char *purpose,
                   const struct clock *clock, int argc, char **argv, int *status)
{
    enum config_outcome outcome = config_load(config, purpose, argc, argv);
    enum err err;

    if (outcome != CONFIG_RUN) {
        *status = outcome == CONFIG_EXIT ? EXIT_SUCCESS : EXIT_FAILURE;
        config_fini(config);
        return false;
    }
    log_init(log, actor, STDERR_FILENO, clock);
    err = log_level_from(str_from(config->log_level), &log->level);
    assert(err == ERR_OK); /* config_load let only names of the table through */
    (void)err;
    if (strcmp(config->log_format, "auto") != 0) {
        log->json = strcmp(config->log_format, "json") == 0;
    }
    return true;
}
