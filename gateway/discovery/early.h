/* Who asks for something that is not here before this node, which started with nothing on its disk,
 * has taken over what its peers hold: a heartbeat of an unknown instance, a fetch of an unknown
 * app. -404 would make a client of another node register again, or find nobody; so it waits for the
 * first sync, briefly, and is answered then. Bounded: early_max at once; who comes beyond is
 * answered.
 */
#ifndef GATEWAY_DISCOVERY_EARLY_H
#define GATEWAY_DISCOVERY_EARLY_H

#include "gateway/discovery/gateway.h"

enum { early_max = 10000, early_wait_max_ms = 2000 };

struct early *early_new(void);
void early_destroy(struct early **self);

/* True: it waits. Once the first sync is done, or its time is over (the least of
 * gateway.write_deadline, early_wait_max_ms and its X1-Bmspy-Timeout), serve is called, and this
 * answers false. A request that is parked already stays so. */
bool early_waits(struct gateway *gateway, struct request *request, route_fn *serve,
                 const struct now *now);

/* Serves those who need not wait any more. */
void early_turn(struct gateway *gateway, const struct now *now);
int64_t early_due_ms(const struct early *self);
uint32_t early_count(const struct early *self);

#endif
