/* Calls in an entry's data: LOG_CALL messages, one after the other. */
#ifndef ACTORS_STORE_NODE_CALL_CODEC_H
#define ACTORS_STORE_NODE_CALL_CODEC_H

#include "actors/store/node/machine.h"

enum { call_head_bytes = 40 /* of a call in an entry, beside its body, at most */ };

void call_add(struct buf *to, const struct machine_call *call);

/* Takes the first off rest. False: at the end, or what is there is no call: then rest is not empty.
 * What a leader proposed was checked when it was taken. */
bool call_next(struct str *rest, struct machine_call *call);

void change_add(struct buf *to, const struct raft_change *change);
/* ERR_INVALID: says no change. */
enum err change_read(struct str data, struct raft_change *change);

#endif
