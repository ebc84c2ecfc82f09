/* Calls of etcd's API, judged, and sent the way of their method. */
#ifndef ACTORS_STORE_CALL_H
#define ACTORS_STORE_CALL_H

#include "actors/store/store_state.h"

/* Handler of CALL. */
void store_call(void *state, const struct address *from, const struct msg *msg,
                const struct now *now, struct outbox *out);

/* The member has answered: a write is applied, or a read may be served. */
void store_answered(struct store *self, const struct raft_answer *answer, struct outbox *out);

#endif
