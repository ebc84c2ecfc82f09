/* A leader's side of the log: what it appends, sends and commits. */
#ifndef ACTORS_STORE_RAFT_REPLICATION_H
#define ACTORS_STORE_RAFT_REPLICATION_H

#include "actors/store/raft/raft_state.h"

/* Gives them term and index. Takes the data. */
void raft_append(struct raft *self, struct raft_entry *entries, unsigned count);

/* An APPEND, or a snapshot where the log no longer reaches back, unless to is paused. True: one
 * was sent. always: also an empty one. */
enum raft_empty { RAFT_EMPTY_ALWAYS, RAFT_EMPTY_NEVER };
bool raft_send_append(struct raft *self, struct raft_progress *to, enum raft_empty empty);
void raft_broadcast_append(struct raft *self, enum raft_empty empty);

/* round: 0, or what raft_reads_round says. */
void raft_broadcast_heartbeat(struct raft *self, uint64_t round);

/* What a majority has goes on to be committed, if it is of this term (Raft, 5.4.2: figure 8).
 * True: the commit index moved. */
bool raft_commit_reached(struct raft *self);

/* This member's own entries are durable up to log.stable. True: the commit index moved. */
bool raft_own_progress(struct raft *self);

/* An APPEND_RESP or HEARTBEAT_RESP of this term. True: the commit index moved. */
bool raft_on_append_resp(struct raft *self, struct raft_progress *from, const struct raft_msg *msg);
void raft_on_heartbeat_resp(struct raft *self, struct raft_progress *from);

void raft_send_timeout_now(struct raft *self, uint64_t to);

#endif
