/* Who waits for news of an app, as far as this gateway knows. */
#ifndef GATEWAY_OPERATE_POLLERS_H
#define GATEWAY_OPERATE_POLLERS_H

#include "gateway/operate/state.h"

enum { pollers_print_max = 16000 }; /* bytes of those that are shown of an app */

/* "pollers":[…],"pollers_total":n: the first max of them, who have waited longest, as far as they
 * fit into pollers_print_max. */
void pollers_of_app(const struct operate *self, struct buf *to, struct str env, struct str appid,
                    size_t max, const struct now *now);

#endif
