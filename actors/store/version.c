#include "actors/store/version.h"

#include <stdlib.h>

struct version version_parse(const char *text)
{
    struct version version = {0};
    char *end;

    version.major = (unsigned)strtoul(text, &end, 10);
    if (*end == '.') {
        version.minor = (unsigned)strtoul(end + 1, NULL, 10);
    }
    return version;
}
