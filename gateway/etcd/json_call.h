/* A request in JSON as a call of etcd's API: its body becomes protobuf, each answer JSON again, as
 * etcd's grpc-gateway has it.
 *
 *   web ──body──► rpc: begin, message …, half_closed ──► rpc_app
 *       ◄── 200 {…}, or 200 {"result":{…}}\n … of a stream ──┘
 *       ◄── 4xx, 5xx {"error":…,"message":…,"code":N}
 *
 * The body of a method that takes a stream holds a document a message; they are sent once it has
 * all come. A large answer becomes JSON in steps, one a turn, so that others are served meanwhile.
 */
#ifndef GATEWAY_ETCD_JSON_CALL_H
#define GATEWAY_ETCD_JSON_CALL_H

#include "gateway/etcd/rpc.h"
#include "gateway/etcd/tally.h"
#include "gateway/etcd/web.h"

enum { json_documents_max = 1000 }; /* in one body */

struct json_calls {
    const struct rpc_app *app; /* who serves calls, borrowed */
    void *state;
    uint32_t message_max;    /* bytes of one in protobuf */
    struct tally *tally;     /* borrowed */
    struct json_call *first; /* of those whose answers are being printed: they take turns */
    struct json_call *last;
};

/* cors: what all answers to this request say, head's first headers. Within a turn. */
void json_call_serve(struct json_calls *self, struct web *web, enum etcd_method method,
                     const struct web_head *cors, struct str body);

/* Prints on, a step. */
void json_calls_turn(struct json_calls *self);
/* There is more to print. */
static inline bool json_calls_print(const struct json_calls *self)
{
    return self->first != NULL;
}

#endif
