/* /metrics: every actor of this node, in Prometheus' text form, as a round (round.h) has found
 * them. Requests that come while a round runs share its answer. */
#ifndef GATEWAY_BUS_SCRAPE_H
#define GATEWAY_BUS_SCRAPE_H

#include "gateway/bus/round.h"
#include "gateway/http/http.h"

struct scrape;

/* round: borrowed. */
struct scrape *scrape_new(struct round *round);
/* commit: that the program was built from; static. */
void scrape_set_commit(struct scrape *self, const char *commit);
/* Who waits is not told: the server ends first. */
void scrape_destroy(struct scrape **self);

/* Parks the request until it is answered. Sets its user, which begins with a struct parked. */
void scrape_ask(struct scrape *self, struct request *request, const struct now *now,
                struct outbox *out);

#endif
