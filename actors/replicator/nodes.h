/* The nodes of this node's zone: itself first, then the configured peers, in the
 * configuration's order and each once. */
#ifndef ACTORS_REPLICATOR_NODES_H
#define ACTORS_REPLICATOR_NODES_H

#include "common/runtime/config.h"
#include "common/wire/codec.h"

enum node_status { NODE_UP = 0, NODE_LOST = 1 };

struct node {
    struct str addr; /* host:port; borrowed from the configuration */
    enum node_status status;
};

struct nodes {
    struct str zone;   /* borrowed */
    struct node *list; /* list[0] is this node */
    uint32_t count;
};

/* config is borrowed for its life. A peer is lost until an exchange with it succeeds.
 * A configured peer that is this node itself is passed over: lists are often the
 * same on all nodes. */
void nodes_init(struct nodes *self, const struct config *config);
void nodes_fini(struct nodes *self);

/* Fills in a NODES that borrows from store and from self. */
void nodes_msg(const struct nodes *self, struct msg *msg, struct buf *store);

#endif
