/* What every actor's main begins with: the configuration and the log. */
#ifndef COMMON_RUNTIME_PROCESS_H
#define COMMON_RUNTIME_PROCESS_H

#include "common/base/log.h"
#include "common/runtime/config.h"

/* Loads the configuration (config_load) and sets up the log on stderr as it says.
 * actor: static text. True: go on, and call config_fini at the end. False: all is
 * said (help, or what is wrong) and freed; exit with *status. */
bool process_begin(struct config *config, struct log *log, const char *actor, const char *purpose,
                   const struct clock *clock, int argc, char **argv, int *status);

#endif
