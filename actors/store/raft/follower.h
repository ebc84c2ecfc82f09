/* A follower's side of the log: what its leader sends. */
#ifndef ACTORS_STORE_RAFT_FOLLOWER_H
#define ACTORS_STORE_RAFT_FOLLOWER_H

#include "actors/store/raft/raft_state.h"

void raft_on_append(struct raft *self, const struct raft_msg *msg);
void raft_on_heartbeat(struct raft *self, const struct raft_msg *msg);
/* True: the log begins anew behind it, and its config holds. */
bool raft_on_snapshot(struct raft *self, const struct raft_msg *msg);

#endif
