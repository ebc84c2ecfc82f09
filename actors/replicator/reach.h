/* How a node is reached, and whether it may be. */
#ifndef ACTORS_REPLICATOR_REACH_H
#define ACTORS_REPLICATOR_REACH_H

#include "actors/replicator/ask.h"

/* How a registration of infra.discovery says its node is reached, and who it is; borrowed from it.
 */
struct reach {
    struct str addr;
    struct str endpoint;
    struct str key;
    struct str id;
    struct str ipc;
};
struct reach reach_ways(const struct msg_put *put);
/* Takes what the registration says of its node. True: another way is to be opened to it. */
bool reach_describe(struct replicator *self, struct peer *peer, const struct msg_put *put,
                    const struct reach *ways);
/* Whether its address, and its door if that is to be used, may be sent anything. */
void reach_judge(struct replicator *self, struct peer *peer);
/* actor_spec.may_stand: in a network of peers.networks, or anywhere if peers.nodes or peers.zones
 * name that host. state: a replicator. */
bool reach_may_stand(void *state, struct str host, struct str number);
/* Nothing is sent to it any more; why: after the address. Said once. */
void reach_banned(struct replicator *self, struct peer *peer, struct str where, const char *why);

#endif
