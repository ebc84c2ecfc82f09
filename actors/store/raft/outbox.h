/* What waits to leave a member. */
#ifndef ACTORS_STORE_RAFT_OUTBOX_H
#define ACTORS_STORE_RAFT_OUTBOX_H

#include "actors/store/raft/raft_state.h"

/* Copies; from, and where it is 0 the term, are filled in. What promises something that must be
 * durable first (a vote, an acknowledgement) and what asks for votes in a new term waits for it. */
void raft_send(struct raft *self, const struct raft_msg *msg);
void raft_tell_read(struct raft *self, uint64_t number, uint64_t index);
void raft_outbox_fini(struct raft_outbox *self);

#endif
