/* Calls that are refused. What is answered: parts.h. */
#ifndef ACTORS_STORE_REPLY_H
#define ACTORS_STORE_REPLY_H

#include "common/etcdapi/errors.h"
#include "common/runtime/outbox.h"

void store_refuse(const struct address *to, uint64_t id, enum outbox_lane lane,
                  enum etcd_error error, struct outbox *out);
/* With a text that names what it is about. */
void store_refuse_with(const struct address *to, uint64_t id, enum grpc_code code, struct str text,
                       struct outbox *out);

#endif
