/* Replicator: this node among the others. Keeps the node's own instance registered and
 * says which nodes there are. Holds no copy of the registry.
 *
 *   in   RENEWED, TURN    from the registry's facts
 *        RESULT           answers of the registry
 *        SHUTDOWN         leave: the node's own instance is cancelled first
 *        SNAPSHOT, FACTS  from followers
 *   out  REGISTER, RENEW, CANCEL   of this node's infra.discovery, to the registry
 *        SYNCED           to the registry: there are no peers to wait for
 *        NODES            standing fact, topic replicator.nodes
 *        TICK             fact, topic replicator.tick
 */
#ifndef ACTORS_REPLICATOR_REPLICATOR_H
#define ACTORS_REPLICATOR_REPLICATOR_H

#include "actors/replicator/nodes.h"
#include "actors/replicator/own.h"
#include "common/runtime/actor.h"
#include "common/runtime/publisher.h"

struct replicator {
    struct log *log; /* borrowed; may be NULL */
    struct follower *registry;
    struct publisher publisher;
    struct own own;
    struct nodes nodes;
    uint64_t last_id;       /* of our commands to the registry */
    uint64_t registry_boot; /* the run of it that was heard last; 0: none */
    struct {
        bool done; /* the registry's present run knows */
        uint64_t id;
        int64_t due_ms;
    } synced;
    struct {
        bool on;
        struct address from; /* who asked, */
        uint64_t id;         /* … with which command */
        int64_t until_ms;    /* mono: then without the registry's answer */
    } leaving;
    bool met; /* the registry has answered for the first time */
    bool said_nodes;
    bool broken; /* the registry's facts can't be read */
};

/* config is borrowed for its life; epoch is random and not 0: it names this run, also
 * in the ids of its writes. */
void replicator_init(struct replicator *self, const struct config *config, struct log *log,
                     uint64_t epoch, const struct now *now);
void replicator_fini(struct replicator *self);

/* Whom it follows; the topics are static. */
struct actor_link replicator_link(const struct replicator *self);

extern const struct actor_spec replicator_spec;

#endif
