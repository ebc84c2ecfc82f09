/* Who leads: terms, votes and candidacies. */
#ifndef ACTORS_STORE_RAFT_ELECTION_H
#define ACTORS_STORE_RAFT_ELECTION_H

#include "actors/store/raft/raft_state.h"

/* lead: 0, not known. A later term forgets the vote. */
void raft_become_follower(struct raft *self, uint64_t term, uint64_t lead);

/* A voter that has installed what it was sent. */
bool raft_is_promotable(const struct raft *self);
void raft_election_rewind(struct raft *self); /* a wait of a new length begins */

enum raft_candidacy { RAFT_CANDIDACY_TIMEOUT, RAFT_CANDIDACY_TRANSFER };
/* Stands for leader, if it may. */
void raft_campaign(struct raft *self, enum raft_candidacy why);
/* Its own vote is durable. */
void raft_own_vote(struct raft *self);

/* PREVOTE, VOTE in terms that are not below ours. */
void raft_on_vote(struct raft *self, const struct raft_msg *msg);
void raft_refuse_prevote(struct raft *self, uint64_t to);
void raft_on_vote_resp(struct raft *self, struct raft_progress *from, const struct raft_msg *msg);
/* What one that refused knows to be committed, in whatever term. */
void raft_learn_commit(struct raft *self, const struct raft_msg *msg);

/* Did a majority show itself since this was asked last? */
bool raft_check_quorum(struct raft *self);

#endif
