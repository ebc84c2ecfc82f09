/* Writes of clients: what happens to them between the endpoints of write.c and their answers. */
#ifndef GATEWAY_DISCOVERY_WRITE_H
#define GATEWAY_DISCOVERY_WRITE_H

#include "gateway/bus/pending.h"
#include "gateway/discovery/gateway.h"

/* The table of those under way. seed: random. config: not kept. */
struct pending *pending_writes_new(const struct config *config, uint64_t seed);

/* Answers what is over, sends again. */
void writes_turn(struct gateway *self, const struct now *now);
bool writes_ready(const struct gateway *self); /* writes_turn has somebody to answer */
void writes_result(struct gateway *self, const struct msg *result, const struct now *now);

#endif
