#include "common/journal/numbered.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { digits = 16 };

struct name numbered_name(const struct numbered *form, uint64_t number)
{
    struct name name;

    (void)snprintf(name.text, sizeof(name.text), "%s%016" PRIx64 "%s", form->prefix, number,
                   form->suffix);
    return name;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool numbered_read(const struct numbered *form, const char *text, uint64_t *number)
{
    size_t prefix = strlen(form->prefix);
    uint64_t value = 0;
    size_t i = 0;

    if (strncmp(text, form->prefix, prefix) != 0) {
        return false;
    }
    for (; i < digits && hex_value(text[prefix + i]) >= 0; i++) {
        value = value << 4 | (unsigned)hex_value(text[prefix + i]);
    }
    if (i < digits || strcmp(text + prefix + digits, form->suffix) != 0) {
        return false;
    }
    *number = value;
    return true;
}
