#include "common/naming/change.h"

#include <stddef.h>

const char *change_kind_name(enum change_kind kind)
{
    switch (kind) {
#define CHANGE_NAME(NAME, number, text)                                                            \
    case CHANGE_##NAME:                                                                            \
        return text;
        CHANGE_KIND_TABLE(CHANGE_NAME)
#undef CHANGE_NAME
    }
    return NULL;
}

bool change_is_live(enum change_kind kind)
{
    return kind == CHANGE_REGISTER || kind == CHANGE_SET;
}
