/* A gateway without its port: its upstream, as an actor. */
#ifndef TESTS_STORE_SIM_EDGE_H
#define TESTS_STORE_SIM_EDGE_H

#include "gateway/etcd/upstream.h"
#include "tests/store/sim/plan.h"

struct upstream *edge_new(struct plan *plan, const struct now *now);
void edge_destroy(struct upstream **self); /* open calls are gone before */

extern const struct actor_spec edge_spec; /* of a struct upstream */
/* As its port would, in each turn, when calls have been made. */
void edge_turn(struct upstream *self, const struct now *now, struct outbox *out);

#endif
