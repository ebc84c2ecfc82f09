/* Who waits for news of an app, as far as this gateway knows. */
#ifndef GATEWAY_OPERATE_POLLERS_H
#define GATEWAY_OPERATE_POLLERS_H

#include "gateway/operate/state.h"

/* "pollers":[…],"pollers_total":n: the first max of them, who have waited longest. */
void pollers_of_app(const struct operate *self, struct buf *to, struct str env, struct str appid,
                    size_t max, const struct now *now);

#endif
