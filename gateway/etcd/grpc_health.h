/* Service grpc.health.v1.Health: whether this member serves. As etcd has it, the only service it
 * speaks for is "": all of them. It serves while its store is there.
 */
#ifndef GATEWAY_ETCD_GRPC_HEALTH_H
#define GATEWAY_ETCD_GRPC_HEALTH_H

#include "gateway/etcd/relay.h"
#include "gateway/etcd/rpc.h"

struct grpc_health;

struct grpc_health *grpc_health_new(const struct relay *relay); /* borrowed */
void grpc_health_destroy(struct grpc_health **self);            /* open streams are gone before */
/* Tells those who watch, if it has changed. */
void grpc_health_turn(struct grpc_health *self);

extern const struct rpc_app grpc_health_app; /* of a struct grpc_health: Check, Watch */

#endif
