/* Answers to calls. What is too much for the outbox is refused instead. */
#ifndef ACTORS_STORE_REPLY_H
#define ACTORS_STORE_REPLY_H

#include "common/etcdapi/errors.h"
#include "common/runtime/outbox.h"

/* response: packed; copied. */
void store_answer(const struct address *to, uint64_t id, enum outbox_lane lane, struct str response,
                  struct outbox *out);
void store_refuse(const struct address *to, uint64_t id, enum outbox_lane lane,
                  enum etcd_error error, struct outbox *out);
/* With a text that names what it is about. */
void store_refuse_with(const struct address *to, uint64_t id, enum grpc_code code, struct str text,
                       struct outbox *out);

#endif
