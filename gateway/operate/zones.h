/* How the instances of an app spread over zones. */
#ifndef GATEWAY_OPERATE_ZONES_H
#define GATEWAY_OPERATE_ZONES_H

#include "common/naming/registry.h"

/* "zones":{zone:instances},"zones_total":n: so many there are, of which at most 32 are named.
 * info: of the app; all zeros where there is none. */
void zones_print(struct buf *to, const struct registry *registry, uint32_t app,
                 const struct app_info *info);

#endif
