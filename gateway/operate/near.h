/* What exists near a name that does not: for who has mistyped it, or means another env. */
#ifndef GATEWAY_OPERATE_NEAR_H
#define GATEWAY_OPERATE_NEAR_H

#include "common/naming/registry.h"

enum { near_max = 5 };

/* Whether text holds part, in any case of ASCII letters; an empty part always. */
bool str_holds(struct str text, struct str part);

/* Nearest last; NEAR_FAR is not. */
enum nearness { NEAR_FAR, NEAR_BEGINS_ALIKE, NEAR_HOLDS, NEAR_SAME_NAME, NEARNESS_COUNT };

/* What has been found so far; {0} at first. */
struct near {
    uint32_t at; /* the app that is looked at next */
    uint32_t found[NEARNESS_COUNT][near_max];
    size_t count[NEARNESS_COUNT];
};

/* Looks at apps, each of which takes one from the budget. True: at all of them. Nothing is near a
 * name that is longer than one may be. */
bool near_look(struct near *self, const struct registry *registry, struct str env, struct str appid,
               size_t *budget);

/* Appends up to near_max {"env":…,"appid":…}, with commas: the app in other envs, then apps whose
 * name holds this one, or is held by it, or begins alike. */
void near_tell(const struct near *self, const struct registry *registry, struct buf *to);

#endif
