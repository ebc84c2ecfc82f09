/* Paths with variables: /muster/v1/apps/{env}/{appid}. Pure. */
#ifndef GATEWAY_OPERATE_PATTERN_H
#define GATEWAY_OPERATE_PATTERN_H

#include "common/base/str.h"

enum { pattern_vars_max = 2 };

/* The parts of a path that stand where a pattern has {…}; decoded. All zeros is empty. */
struct pattern_vars {
    struct buf text[pattern_vars_max];
    size_t count;
};

void pattern_vars_fini(struct pattern_vars *self);

/* path: as it came, from its first slash to the query. Its segments are taken apart before their
 * escapes are decoded, so that a name may hold a slash. A variable is never empty. False: it is
 * another path, or an escape is malformed; vars is then of no use. */
bool pattern_matches(const char *pattern, struct str path, struct pattern_vars *vars);

#endif
