/* The API in one table: what is where, by which method, and what holds of it. */
#ifndef GATEWAY_DISCOVERY_ROUTES_H
#define GATEWAY_DISCOVERY_ROUTES_H

#include "gateway/discovery/gateway.h"

/* NULL: no such path. */
const struct route *route_find(struct str path);

/* One after the other from 0 on, they are all; NULL: no more. */
const struct route *route_at(size_t i);

/* Answers, parks or streams any request. */
void route_serve(struct gateway *self, struct request *request, const struct now *now);

/* The answers the server gives by itself; text is for a person. */
struct response *route_refuse(struct gateway *self, int status, const char *text);

#endif
