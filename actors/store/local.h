/* Calls that a member answers by what it knows of itself. */
#ifndef ACTORS_STORE_LOCAL_H
#define ACTORS_STORE_LOCAL_H

#include "actors/store/store_state.h"

void local_answer(struct store *self, enum etcd_method method, const ProtobufCMessage *request,
                  const struct address *from, uint64_t id, struct outbox *out);

/* LeaseKeepAlive, once leadership is confirmed. Of an unknown lease: TTL 0. Appends to `to`. */
enum etcd_error local_keep_alive(struct store *self, const ProtobufCMessage *request,
                                 struct buf *to);

#endif
