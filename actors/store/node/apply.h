/* What is committed, into the state machine. */
#ifndef ACTORS_STORE_NODE_APPLY_H
#define ACTORS_STORE_NODE_APPLY_H

#include "actors/store/node/node_state.h"

/* A slice of what was handed out. True: more is. */
bool node_apply(struct raft_node *self);

/* A snapshot has taken the place of all that was applied. */
void node_jumped(struct raft_node *self, const struct raft_snapshot *snapshot);

/* A new mark where it is time for one, and a slice of what it makes needless goes from memory.
 * True: more is to go. */
bool node_compact(struct raft_node *self);

#endif
