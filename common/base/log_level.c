#include "common/base/log.h"

static const char *const level_names[] = {
#define LEVEL_NAME(NAME, text) [LOG_##NAME] = (text),
    LOG_LEVEL_TABLE(LEVEL_NAME)
#undef LEVEL_NAME
};
static const size_t level_count = sizeof(level_names) / sizeof(level_names[0]);

enum err log_level_from(struct str name, enum log_level *level)
{
    for (size_t i = 0; i < level_count; i++) {
        if (str_eq(name, str_from(level_names[i]))) {
            *level = (enum log_level)i;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
}

const char *log_level_name(enum log_level level)
{
    return (size_t)level < level_count ? level_names[level] : "unknown";
}
