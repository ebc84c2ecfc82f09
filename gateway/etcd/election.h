/* Service v3electionpb.Election: the leader of a name is who has the oldest key below it; others
 * campaign behind it. As etcd's v3election has it.
 */
#ifndef GATEWAY_ETCD_ELECTION_H
#define GATEWAY_ETCD_ELECTION_H

#include "gateway/etcd/rpc.h"

extern const struct rpc_app election_app; /* of a struct errands: all its methods but Observe */
extern const struct rpc_app observe_app;  /* of a struct errands: Observe */

#endif
