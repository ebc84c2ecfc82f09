/* Takes a request apart into parameters as the reference does: those of a form or JSON body first,
 * then the query's.
 */
#ifndef GATEWAY_DISCOVERY_BIND_H
#define GATEWAY_DISCOVERY_BIND_H

#include "gateway/discovery/params.h"
#include "gateway/http/http.h"

/* For http_app.own: a struct params. */
extern const struct http_own bind_own;

/* Once a request, before it is served. False: it can't be read, and why says for the client what is
 * wrong; parameters may have been bound as far as they could. max: parameters there may be. */
bool request_bind(struct request *self, size_t max, struct buf *why);
/* The same of the query alone, whatever the body is. */
bool request_bind_query(struct request *self, size_t max, struct buf *why);
/* What is to be said of a body that was passed over, as the reference does with types it does not
 * know: appended where a parameter is missed. */
void request_add_passed_over(const struct request *self, struct buf *why);

/* What was bound: borrows from the request, until it is parked or ends. */
const struct params *request_params(const struct request *self);

#endif
