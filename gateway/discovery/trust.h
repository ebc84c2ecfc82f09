/* Whose word is taken for a node's: a form post that says replication or from_zone is
 * judged as a peer's only if it comes from the address of a configured or followed
 * node, or security.trust_client_nodes is on (differences row 16). */
#ifndef GATEWAY_DISCOVERY_TRUST_H
#define GATEWAY_DISCOVERY_TRUST_H

#include "gateway/discovery/gateway.h"

/* Resolves the configured nodes once. */
struct trust *trust_new(const struct config *config);
void trust_destroy(struct trust **self);

bool trust_request(const struct gateway *self, const struct request *request);
/* Whether one of the nodes (this one left out) has this numeric address. */
struct replica_node;
bool trust_has(const struct trust *self, const struct replica_node *nodes, size_t count,
               struct str address);

#endif
