/* What there is near an app or an instance that is not there. */
#ifndef ACTORS_CTL_NEAR_H
#define ACTORS_CTL_NEAR_H

#include <jansson.h>

#include "actors/ctl/http.h"

/* All borrowed; hostname NULL: of an app; zone NULL: in any. */
struct near_wanted {
    const char *env;
    const char *appid;
    const char *zone;
    const char *hostname;
};

/* "no app shop.crat in prod; there are shop.cart (prod), shop.crat-old (uat)",
 * "no instance h1 of shop.cart in prod, zone sh001; there are h2 (sh001), h1 (sh002)". data: of
 * fetch/all, NULL: not known. */
void near_print(const struct near_wanted *wanted, const json_t *data, struct buf *to);

/* As http_judge; of a -404 it is said what is near, for which the node is asked for all it has, a
 * second long. wanted NULL: it is not. */
enum ctl_exit near_judge(struct ctl *ctl, const struct http_reply *reply, json_t **root, int *code,
                         const struct near_wanted *wanted);

#endif
