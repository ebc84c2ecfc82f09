/* Which etcd clients are told that this is: its texts and the shape of its answers follow from it.
 * Fields and methods that later versions add are not there below 3.5.
 */
#ifndef ACTORS_STORE_VERSION_H
#define ACTORS_STORE_VERSION_H

#include <stdbool.h>

struct version {
    unsigned major, minor;
};

/* "3.5.21". What is no number reads as 0. */
struct version version_parse(const char *text);

static inline bool version_from_3_5(const struct version *self)
{
    return self->major > 3 || (self->major == 3 && self->minor >= 5);
}

#endif
