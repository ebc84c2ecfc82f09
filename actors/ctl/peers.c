#include "actors/ctl/peers.h"

#include "actors/ctl/bus.h"

/* Answers borrow from the bus they came by, so both stay open until all is done. */
static enum ctl_exit ask(struct ctl *ctl, struct bus *registry, struct bus *replicator,
                         peers_fn *then)
{
    struct msg digest = {.type = MSG_TYPE_DIGEST};
    struct msg peers = {.type = MSG_TYPE_PEERS};
    struct msg sums;
    struct msg nodes;
    enum ctl_exit outcome =
        bus_demand(replicator, "replicator", &peers, MSG_TYPE_NODE_LIST, &nodes);

    if (outcome == CTL_OK) {
        outcome = bus_demand(registry, "registry", &digest, MSG_TYPE_SUMS, &sums);
    }
    return outcome == CTL_OK ? then(ctl, &nodes.as_node_list, sums.as_sums.root) : outcome;
}

enum ctl_exit peers_ask(struct ctl *ctl, peers_fn *then)
{
    struct bus registry = {0};
    struct bus replicator = {0};
    enum ctl_exit outcome = bus_open(&registry, ctl, "registry");

    if (outcome == CTL_OK) {
        outcome = bus_open(&replicator, ctl, "replicator");
    }
    if (outcome == CTL_OK) {
        outcome = ask(ctl, &registry, &replicator, then);
    }
    bus_close(&replicator);
    bus_close(&registry);
    return outcome;
}
