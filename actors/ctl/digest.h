/* What this node and its peers hold, each in 16 bytes, side by side. */
#ifndef ACTORS_CTL_DIGEST_H
#define ACTORS_CTL_DIGEST_H

#include "common/wire/codec.h"

/* A line for every node the replicator knows of, itself first: "NAME 32-hex", or with json an
 * object {name, addr, zone, link, status, digest, equal}. root: of this node's registry; of its
 * peers it is what they said last, "-" or null when they said nothing yet or never will. A node
 * without a name, not seen in infra.discovery, goes by its address.
 * False: a muster peer, or one of which it is not known yet what it speaks, is lost, has said
 * nothing, or holds something else. */
bool digest_lines(const struct msg_node_list *nodes, struct str root, bool json, struct buf *to);

#endif
