/* A member's bounds, made small: the store asks for none. */
#ifndef TESTS_STORE_SIM_NODE_LIMITS_H
#define TESTS_STORE_SIM_NODE_LIMITS_H

#include "actors/store/node/node.h"
#include "tests/store/sim/plan.h"

void node_limits(struct raft_node *node, const struct plan *plan);

#endif
