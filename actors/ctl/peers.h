/* Whom this node knows, and what it and they hold: asked of the replicator and the registry. */
#ifndef ACTORS_CTL_PEERS_H
#define ACTORS_CTL_PEERS_H

#include "actors/ctl/ctl.h"
#include "common/wire/codec.h"

/* nodes: itself first; root: of this node's digests; both borrowed until the return. */
typedef enum ctl_exit peers_fn(struct ctl *ctl, const struct msg_node_list *nodes, struct str root);

/* Calls then with the answers; what it returns is returned. Errors, said: those of bus_demand. */
enum ctl_exit peers_ask(struct ctl *ctl, peers_fn *then);

#endif
