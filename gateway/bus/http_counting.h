/* The numbers of a gateway's server, for its STATS (actor_spec.count). */
#ifndef GATEWAY_BUS_HTTP_COUNTING_H
#define GATEWAY_BUS_HTTP_COUNTING_H

#include "common/metrics/counting.h"
#include "gateway/http/http.h"

void http_counting_put(const struct http *self, const struct counting *to);

#endif
