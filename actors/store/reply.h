/* Answers to calls. What is too much for the outbox, or for parts.h, is refused instead. */
#ifndef ACTORS_STORE_REPLY_H
#define ACTORS_STORE_REPLY_H

#include "common/etcdapi/errors.h"
#include "common/runtime/outbox.h"

struct store;

/* response: packed; copied. A large one leaves in parts, not before turn_end. */
void store_answer(struct store *self, const struct address *to, uint64_t id, enum outbox_lane lane,
                  struct str response, struct outbox *out);
void store_refuse(const struct address *to, uint64_t id, enum outbox_lane lane,
                  enum etcd_error error, struct outbox *out);
/* With a text that names what it is about. */
void store_refuse_with(const struct address *to, uint64_t id, enum grpc_code code, struct str text,
                       struct outbox *out);

#endif
