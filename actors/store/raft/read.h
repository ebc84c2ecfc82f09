/* Linearizable reads: a leader tells up to where it has committed once a majority has acknowledged,
 * after the read was asked, that it leads (ReadIndex; Raft thesis, 6.4). */
#ifndef ACTORS_STORE_RAFT_READ_H
#define ACTORS_STORE_RAFT_READ_H

#include "actors/store/raft/raft_state.h"

/* Of a leader. One too many is forgotten, as one whose message is lost. */
void raft_reads_ask(struct raft *self, const struct raft_read *read);
/* The commit index moved: reads that came before the term's first commit get their place. */
void raft_reads_committed(struct raft *self);
/* What the next heartbeats carry. 0: nobody waits for them. */
uint64_t raft_reads_round(const struct raft *self);
void raft_reads_acknowledged(struct raft *self, struct raft_progress *from, uint64_t round);
/* Answers what a majority has confirmed; also after a change of the majority. */
void raft_reads_confirm(struct raft *self);
void raft_reads_forget(struct raft *self); /* all of them: the term ended */

#endif
