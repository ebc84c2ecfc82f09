/* The members, and how they change one at a time. */
#ifndef ACTORS_STORE_RAFT_CHANGE_H
#define ACTORS_STORE_RAFT_CHANGE_H

#include "actors/store/raft/raft_state.h"

/* What config becomes. ERR_INVALID: no voter would be left, no room, no such change. One that is so
 * already stays as it is. */
enum err raft_config_change(struct raft_config *config, const struct raft_change *change);

/* Of one that is no leader: as a snapshot says. */
void raft_config_restore(struct raft *self, const struct raft_config *config);

#endif
