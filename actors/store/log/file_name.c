#include "actors/store/log/file_name.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *prefix;
    const char *suffix;
} forms[] = {
#define LOG_FILE_FORM(NAME, prefix, suffix) {prefix, suffix},
    LOG_FILE_TABLE(LOG_FILE_FORM)
#undef LOG_FILE_FORM
};

enum { digits = 16 };

struct name log_file_name(enum log_file kind, uint64_t number)
{
    struct name name;

    assert(kind < LOG_FILE_OTHER);
    (void)snprintf(name.text, sizeof(name.text), "%s%016" PRIx64 "%s", forms[kind].prefix, number,
                   forms[kind].suffix);
    return name;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum log_file log_file_parse(const char *text, uint64_t *number)
{
    for (enum log_file kind = 0; kind < LOG_FILE_OTHER; kind++) {
        size_t prefix = strlen(forms[kind].prefix);
        uint64_t value = 0;
        size_t i = 0;

        if (strncmp(text, forms[kind].prefix, prefix) != 0) {
            continue;
        }
        for (; i < digits && hex_value(text[prefix + i]) >= 0; i++) {
            value = value << 4 | (unsigned)hex_value(text[prefix + i]);
        }
        if (i == digits && strcmp(text + prefix + digits, forms[kind].suffix) == 0 && value > 0 &&
            value <= log_seq_max) {
            *number = value;
            return kind;
        }
    }
    return LOG_FILE_OTHER;
}
