/* The version of etcd that clients are told: what an answer looks like hangs on it. */
#ifndef GATEWAY_ETCD_RELEASE_H
#define GATEWAY_ETCD_RELEASE_H

#include "common/base/str.h"

struct release {
    char text[32]; /* "3.5.21" */
    unsigned major, minor;
};

/* Errors: ERR_MALFORMED (not NUMBER.NUMBER.NUMBER). */
enum err release_parse(struct release *self, struct str text);

static inline bool release_is_from(const struct release *self, unsigned major, unsigned minor)
{
    return self->major > major || (self->major == major && self->minor >= minor);
}

#endif
