/* Replicator: this node among the others. Keeps the node's own instance registered, says which
 * nodes there are, and moves states between them and the own registry, which judges them: it
 * follows the registry's facts, sends them on as far as they spread, and relays other nodes'
 * questions. It holds cursors, bounded queues and timers; never a copy of the registry, no rule.
 *
 *   in   TURN, RENEWED, EXPIRING, PROTECT   from the registry's facts
 *        RESULT, MERGED, FOUND, …           answers of the registry
 *        STATES, LOOKUP, DIGEST, LEAVES, SNAPSHOT   from other nodes, through the door
 *        ACK, FOUND, SUMS, ENTRIES, CHUNK   other nodes' answers
 *        PEERS            which nodes it knows
 *        SHUTDOWN         leave: the node's own instance is cancelled first
 *        SNAPSHOT, FACTS  from followers
 *   out  REGISTER, RENEW, CANCEL   of this node's infra.discovery, to the registry
 *        MERGE, LOOKUP, APP, DIGEST, LEAVES, COMPARE, SNAPSHOT   to the registry
 *        SYNCED           to the registry: it has what the others have, or there are none
 *        STATES, LOOKUP, DIGEST, LEAVES, SNAPSHOT   to other nodes
 *        posts.h          to nodes that speak HTTP only
 *        NODES            standing fact, topic replicator.nodes
 *        TICK             fact, topic replicator.tick
 *
 * state.h composes it of its parts, each with a header of its own.
 */
#ifndef ACTORS_REPLICATOR_REPLICATOR_H
#define ACTORS_REPLICATOR_REPLICATOR_H

#include "actors/replicator/options.h"
#include "common/config/networks.h"
#include "common/runtime/actor.h"

struct posts;

struct replicator;

struct replicator *replicator_new(const struct replicator_options *options, const struct now *now);
void replicator_destroy(struct replicator **self);

/* Of the process that ends: ERR_CONFLICT when another node that answers has this node's name. */
enum err replicator_verdict(const struct replicator *self);

/* Whom it follows; the topics are static. */
struct actor_link replicator_link(const struct replicator *self);

/* Requests to nodes that speak HTTP only: the shell (curl.c, or the simulator) carries them. */
struct posts *replicator_posts(struct replicator *self);
/* Where nodes may stand that are not configured; borrowed. */
const struct networks *replicator_networks(const struct replicator *self);

extern const struct actor_spec replicator_spec;

#endif
