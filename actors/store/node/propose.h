/* Calls on their way into the log. */
#ifndef ACTORS_STORE_NODE_PROPOSE_H
#define ACTORS_STORE_NODE_PROPOSE_H

#include "actors/store/node/node_state.h"

/* All calls that wait and are under the bounds: packed into entries where this member leads, to the
 * leader where another does. True: some were. */
bool node_propose(struct raft_node *self, const struct raft_sink *sink);

/* Whether it would be of use. */
bool node_may_propose(struct raft_node *self);

#endif
