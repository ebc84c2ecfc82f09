/* What exists near a name that does not: for who has mistyped it, or means another env. */
#ifndef GATEWAY_OPERATE_NEAR_H
#define GATEWAY_OPERATE_NEAR_H

#include "common/naming/registry.h"

enum { near_max = 5 };

/* Whether text holds part, in any case of ASCII letters; an empty part always. */
bool str_holds(struct str text, struct str part);

/* Appends up to near_max {"env":…,"appid":…}, with commas: the app in other envs, then apps whose
 * name holds this one, or is held by it, or begins alike. Looks at a bounded number of apps. */
void near_apps(const struct registry *registry, struct str env, struct str appid, struct buf *to);

#endif
