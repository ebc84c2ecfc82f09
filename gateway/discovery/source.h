/* Where forms come from: the shell around form_origin.h, which looks names up and tells people. */
#ifndef GATEWAY_DISCOVERY_SOURCE_H
#define GATEWAY_DISCOVERY_SOURCE_H

#include "gateway/discovery/gateway.h"

/* Of a form that calls itself a node's. One that is not believed is counted, and its address is
 * said in the log once. */
bool source_is_believed(struct gateway *self, const struct request *request, const struct now *now);

/* Once a second, and right after the start. */
void source_tick(struct gateway *self, const struct now *now);
/* Every turn: what was looked up meanwhile. */
void source_turn(struct gateway *self, const struct now *now);

#endif
