/* Looks names up while the loop goes on: the C library's getaddrinfo_a, whose helpers take no
 * signal and end when nothing is left to look up. A look-up can't hold up more than the others:
 * at most resolver_max are under way.
 */
#ifndef COMMON_BASE_RESOLVER_H
#define COMMON_BASE_RESOLVER_H

#include "common/base/str.h"

struct resolver;

enum { resolver_max = 8, resolver_name_max = 253 };

struct resolver *resolver_new(void);
/* What is under way is given up; the C library may go on with it, and what it still needs then is
 * left to it. */
void resolver_destroy(struct resolver **self);

/* False: no place is free, or the name is too long. */
bool resolver_ask(struct resolver *self, struct str name);
bool resolver_is_full(const struct resolver *self);
bool resolver_is_idle(const struct resolver *self);
/* One that has come, both borrowed until the next call here. Addresses as inet_ntop writes them,
 * IPv4 never as IPv6, each once; none: the look-up failed. False: nothing new. */
bool resolver_next(struct resolver *self, struct str *name, struct strs *addresses);

#endif
