/* What a process runs with, as one line on its log (config): the file, and each key that is not as
 * the table of the configuration has it, under its own name. No key holds a secret. */
#ifndef COMMON_RUNTIME_CONFIG_LINE_H
#define COMMON_RUNTIME_CONFIG_LINE_H

#include "common/base/log.h"
#include "common/config/config.h"

void config_line(const struct config *config, const struct log *log);

#endif
