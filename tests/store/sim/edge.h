/* A gateway without its port: what it does for calls, and how it follows the store. */
#ifndef TESTS_STORE_SIM_EDGE_H
#define TESTS_STORE_SIM_EDGE_H

#include "common/runtime/actor.h"
#include "gateway/etcd/rpc.h"
#include "tests/store/sim/plan.h"

struct edge;

struct edge *edge_new(struct plan *plan, const struct now *now);
void edge_destroy(struct edge **self); /* open calls are gone before */

extern const struct actor_spec edge_spec; /* of a struct edge */
struct actor_link edge_link(struct edge *self);
/* As its port would, in each turn, when calls have been made. */
void edge_turn(struct edge *self, const struct now *now, struct outbox *out);
bool edge_failed(const struct edge *self);

/* Serves calls: the state is the edge. Only within a turn. */
extern const struct rpc_app edge_app;

#endif
