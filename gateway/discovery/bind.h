/* Takes a request apart into parameters as the reference does: those of a form or JSON body first,
 * then the query's.
 */
#ifndef GATEWAY_DISCOVERY_BIND_H
#define GATEWAY_DISCOVERY_BIND_H

#include "gateway/discovery/params.h"
#include "gateway/http/http.h"

/* For http_app.own: a struct params. */
extern const struct http_own bind_own;

/* Once a request, before all else. False: it can't be read, and why says for the client what is
 * wrong; parameters may have been bound as far as they could. max: parameters there may be. */
bool request_bind(struct request *self, size_t max, struct buf *why);

/* What was bound: borrows from the request, until it is parked or ends. */
const struct params *request_params(const struct request *self);

#endif
