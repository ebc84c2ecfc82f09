/* Calls that a member answers by what it knows of itself. */
#ifndef ACTORS_STORE_LOCAL_H
#define ACTORS_STORE_LOCAL_H

#include "actors/store/store_state.h"

void local_answer(struct store *self, enum etcd_method method, const ProtobufCMessage *request,
                  const struct address *from, uint64_t id, struct outbox *out);

/* The answer to MemberList and MemberUpdate; until the next one. */
struct str local_members(struct store *self, enum etcd_method method);

/* Renews, if it is there. Appends to `to`. */
void local_keep_alive(struct store *self, int64_t lease, struct buf *to);

#endif
