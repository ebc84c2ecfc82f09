/* An app whose document is too large to be made at once for one who asks: produced piece by piece
 * while the socket takes it. */
#ifndef GATEWAY_DISCOVERY_FETCH_LARGE_H
#define GATEWAY_DISCOVERY_FETCH_LARGE_H

#include "gateway/discovery/read_params.h"

/* Answers as fetch does; found: the app asked for, with the zone, not this node's own. What changes
 * meanwhile is given in part as it was; latest_timestamp is that of the beginning, so that it is
 * news for whoever polls with it. */
void fetch_large(struct gateway *self, struct request *request, const struct read_params *args,
                 const struct found *found, const struct now *now);

#endif
