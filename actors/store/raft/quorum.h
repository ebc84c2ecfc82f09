/* Sets of members, and what a majority of one agrees on. Pure. */
#ifndef ACTORS_STORE_RAFT_QUORUM_H
#define ACTORS_STORE_RAFT_QUORUM_H

#include "actors/store/raft/raft.h"

enum raft_vote { RAFT_VOTE_NONE, RAFT_VOTE_GRANTED, RAFT_VOTE_REFUSED };
enum raft_election { RAFT_ELECTION_OPEN, RAFT_ELECTION_WON, RAFT_ELECTION_LOST };

bool raft_members_have(const struct raft_members *self, uint64_t id);
void raft_members_add(struct raft_members *self, uint64_t id);    /* it is not in, there is room */
void raft_members_remove(struct raft_members *self, uint64_t id); /* it is in */

/* The largest value that a majority has reached; orders values. None at all have reached any:
 * UINT64_MAX, as etcd's quorum has it. */
uint64_t raft_quorum_reached(uint64_t *values, unsigned count);

/* Of an election among count voters. Without voters it is won, as etcd's quorum has it. */
enum raft_election raft_quorum_election(unsigned granted, unsigned refused, unsigned count);

#endif
