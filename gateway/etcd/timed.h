/* Streams whose client has said how long they may last (grpc-timeout): each is another call between
 * its client and who serves it, and ends DEADLINE_EXCEEDED. Calls of one message have their time
 * from who serves them, which knows what is to be undone.
 *
 *   client ──rpc──► timed ──rpc of its own──► who serves the method
 */
#ifndef GATEWAY_ETCD_TIMED_H
#define GATEWAY_ETCD_TIMED_H

#include "gateway/etcd/moment.h"
#include "gateway/etcd/rpc.h"

struct timed;

/* services: by method, who serves it; borrowed, like moment. */
struct timed *timed_new(const struct rpc_server *services, const struct moment *moment);
void timed_destroy(struct timed **self); /* none is open */

static inline bool timed_is_for(const struct rpc *rpc)
{
    return rpc->timeout_ms >= 0 && etcd_method_row(rpc->method)->shape != ETCD_SHAPE_ONE;
}
extern const struct rpc_app timed_app; /* of a struct timed: serves those that timed_is_for */

/* Ends those whose time is over. */
void timed_turn(struct timed *self);
int64_t timed_due_ms(const struct timed *self); /* mono; INT64_MAX: none */

#endif
