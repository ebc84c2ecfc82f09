#include "actors/store/log/file_name.h"

#include <assert.h>

#include "common/journal/numbered.h"

static const struct numbered forms[] = {
#define LOG_FILE_FORM(NAME, prefix, suffix) {prefix, suffix},
    LOG_FILE_TABLE(LOG_FILE_FORM)
#undef LOG_FILE_FORM
};

struct name log_file_name(enum log_file kind, uint64_t number)
{
    assert(kind < LOG_FILE_OTHER);
    return numbered_name(&forms[kind], number);
}

enum log_file log_file_parse(const char *text, uint64_t *number)
{
    for (enum log_file kind = 0; kind < LOG_FILE_OTHER; kind++) {
        uint64_t value;

        if (numbered_read(&forms[kind], text, &value) && value > 0 && value <= log_seq_max) {
            *number = value;
            return kind;
        }
    }
    return LOG_FILE_OTHER;
}
