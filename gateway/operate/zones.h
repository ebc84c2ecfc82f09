/* How the instances of an app spread over zones. */
#ifndef GATEWAY_OPERATE_ZONES_H
#define GATEWAY_OPERATE_ZONES_H

#include "common/naming/registry.h"

enum { zones_print_max = 12000 }; /* bytes of the names with their counts */

/* "zones":{zone:instances},"zones_total":n: so many there are, of which at most 32 are named, and
 * no more than fit into zones_print_max. info: of the app; all zeros where there is none. */
void zones_print(struct buf *to, const struct registry *registry, uint32_t app,
                 const struct app_info *info);

#endif
