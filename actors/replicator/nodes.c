#include "actors/replicator/nodes.h"

#include <assert.h>
#include <stdlib.h>

static bool listed(const struct nodes *self, struct str addr)
{
    for (uint32_t i = 0; i < self->count; i++) {
        if (str_eq(self->list[i].addr, addr)) {
            return true;
        }
    }
    return false;
}

void nodes_init(struct nodes *self, const struct config *config)
{
    *self = (struct nodes){.zone = str_from(config->node_zone)};
    self->list = calloc((size_t)config->peers_nodes.count + 1, sizeof(*self->list));
    assert(self->list != NULL);
    self->list[self->count++] = (struct node){str_from(config->gateway_advertise), NODE_UP};
    for (uint32_t i = 0; i < config->peers_nodes.count; i++) {
        struct str addr = str_from(config->peers_nodes.items[i]);

        if (!listed(self, addr)) {
            self->list[self->count++] = (struct node){addr, NODE_LOST};
        }
    }
}

void nodes_fini(struct nodes *self)
{
    free(self->list);
    *self = (struct nodes){0};
}

void nodes_msg(const struct nodes *self, struct msg *msg, struct buf *store)
{
    *msg = (struct msg){.type = MSG_TYPE_NODES};
    for (uint32_t i = 0; i < self->count; i++) {
        struct msg node = {.type = MSG_TYPE_NODE};

        node.as_node = (struct msg_node){.addr = self->list[i].addr,
                                         .status = self->list[i].status,
                                         .zone = self->zone,
                                         .self = i == 0};
        msg_list_add(&msg->as_nodes.nodes, store, &node);
    }
}
