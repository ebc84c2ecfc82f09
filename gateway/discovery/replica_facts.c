#include "gateway/discovery/replica_facts.h"

#include <stdlib.h>

#include "common/base/heap.h"

enum { nodes_max = 1024 };

static void keep_text(struct buf *to, struct str text)
{
    to->len = 0;
    buf_add_str(to, text);
}

static void keep_node(struct replica_facts *self, const struct replica_node *node)
{
    buf_add_str(&self->node_text, node->addr);
    buf_add_str(&self->node_text, node->zone);
    buf_add_str(&self->node_text, node->node_id);
    buf_add_str(&self->node_text, node->trouble);
}

static void place_node(struct replica_facts *self, struct replica_node *node, size_t *at)
{
    struct str *texts[] = {&node->addr, &node->zone, &node->node_id, &node->trouble};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        texts[i]->data = self->node_text.data + *at;
        *at += texts[i]->len;
    }
}

static void take_nodes(struct replica_facts *self, const struct msg_list *list)
{
    struct str rest = list->bytes;
    size_t count = list->count < nodes_max ? list->count : nodes_max;
    struct msg msg;
    size_t at = 0;

    self->nodes = heap_resize(self->nodes, count * sizeof(*self->nodes));
    self->node_count = 0;
    self->node_text.len = 0;
    while (self->node_count < count && msg_next(&rest, &msg)) {
        if (msg.type == MSG_TYPE_NODE) {
            struct replica_node *node = &self->nodes[self->node_count++];

            *node = (struct replica_node){
                .addr = msg.as_node.addr,
                .zone = msg.as_node.zone,
                .node_id = msg.as_node.node_id,
                .trouble = msg.as_node.trouble,
                .status = msg.as_node.status,
                .self = msg.as_node.self,
            };
            keep_node(self, node);
        }
    }
    for (size_t i = 0; i < self->node_count; i++) { /* the text stands still now */
        place_node(self, &self->nodes[i], &at);
    }
}

static void take_protection(struct replica_facts *self, const struct msg_protection *fact,
                            const struct now *now)
{
    keep_text(&self->protection_reason, fact->reason);
    self->protection = (struct replica_protection){
        .known = true,
        .on = fact->on,
        .heard = fact->heard,
        .expected = fact->expected,
        .threshold = fact->threshold,
        .live = fact->live,
        .next_round_ms = now->mono_ms + fact->next_round_ms,
    };
}

void replica_facts_take(struct replica_facts *self, const struct msg *msg, const struct now *now)
{
    switch (msg->type) {
    case MSG_TYPE_PROTECT:
        self->protect.on = msg->as_protect.on;
        self->protect.syncing = msg->as_protect.syncing;
        self->protect_ends_ms = now->mono_ms + msg->as_protect.left_ms;
        keep_text(&self->protect_reason, msg->as_protect.reason);
        break;
    case MSG_TYPE_STORAGE:
        self->storage_bad = !msg->as_storage.ok;
        keep_text(&self->storage_reason, msg->as_storage.reason);
        self->storage_damaged = msg->as_storage.damaged;
        keep_text(&self->storage_damage, msg->as_storage.damage);
        break;
    case MSG_TYPE_NODES:
        take_nodes(self, &msg->as_nodes.nodes);
        self->in_step = msg->as_nodes.in_step;
        break;
    case MSG_TYPE_PROTECTION:
        take_protection(self, &msg->as_protection, now);
        break;
    default:
        break; /* readable topics are not subscribed to; newer facts are not ours */
    }
}

void replica_facts_fini(struct replica_facts *self)
{
    free(self->nodes);
    buf_fini(&self->node_text);
    buf_fini(&self->protect_reason);
    buf_fini(&self->storage_reason);
    buf_fini(&self->storage_damage);
    buf_fini(&self->protection_reason);
}

struct replica_protect replica_facts_protect(const struct replica_facts *self,
                                             const struct now *now)
{
    struct replica_protect protect = self->protect;
    int64_t left_ms = self->protect_ends_ms - now->mono_ms;

    protect.left_ms = protect.on && left_ms > 0 ? left_ms : 0;
    protect.reason = buf_str(&self->protect_reason);
    return protect;
}

struct replica_storage replica_facts_storage(const struct replica_facts *self)
{
    return (struct replica_storage){!self->storage_bad, buf_str(&self->storage_reason),
                                    self->storage_damaged, buf_str(&self->storage_damage)};
}

struct replica_protection replica_facts_protection(const struct replica_facts *self,
                                                   const struct now *now)
{
    struct replica_protection protection = self->protection;
    int64_t left_ms = protection.next_round_ms - now->mono_ms;

    protection.next_round_ms = left_ms > 0 ? left_ms : 0;
    protection.reason = buf_str(&self->protection_reason);
    return protection;
}
