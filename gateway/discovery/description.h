/* What the description of a node (gateway/operate) is told: the rows of this API, and how the node
 * is. */
#ifndef GATEWAY_DISCOVERY_DESCRIPTION_H
#define GATEWAY_DISCOVERY_DESCRIPTION_H

#include "gateway/discovery/gateway.h"

struct operate *description_new(struct gateway *gateway);

/* Serves a request whose path no route has. False: nobody has it. */
bool description_serve(struct gateway *self, struct request *request, const struct now *now);

#endif
