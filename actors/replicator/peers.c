#include "actors/replicator/peers.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/replicator/state.h"
#include "common/base/heap.h"

/* What was known of a node that nobody here talks to is of no use after so long. */
static const int64_t forget_lost_ms = 60000;

static void fini(struct peer *peer)
{
    buf_fini(&peer->id);
    buf_fini(&peer->trouble);
    buf_fini(&peer->name);
    buf_fini(&peer->zone);
    buf_fini(&peer->addr);
    buf_fini(&peer->endpoint);
    buf_fini(&peer->key);
    link_fini(&peer->link);
    walk_clear(&peer->walk);
}

static void add_seed(struct replicator *self, struct str zone, struct str addr,
                     const struct now *now)
{
    struct peer *peer;

    if (addr.len == 0 || str_eq(addr, str_from(self->config->gateway_advertise)) ||
        peers_unlisted(self, addr) != NULL) {
        return; /* lists are often the same on all nodes */
    }
    peer = peers_add(self, zone, addr);
    if (peer != NULL) {
        peer->seed = true;
        peer->seeking.due_ms = now->mono_ms;
    }
}

void peers_init(struct replicator *self, const struct now *now)
{
    const struct config *config = self->config;

    self->peers = heap_array(outbox_peers_max, sizeof(*self->peers));
    for (uint32_t i = 0; i < config->peers_nodes.count; i++) {
        add_seed(self, str_from(config->node_zone), str_from(config->peers_nodes.items[i]), now);
    }
    for (uint32_t i = 0; i < config->peers_zones.count; i++) {
        struct str item = str_from(config->peers_zones.items[i]);
        const char *equals = memchr(item.data, '=', item.len);

        if (equals != NULL) {
            size_t len = (size_t)(equals - item.data);

            add_seed(self, (struct str){item.data, len},
                     (struct str){equals + 1, item.len - len - 1}, now);
        }
    }
}

void peers_fini(struct replicator *self)
{
    for (uint32_t i = 0; i < self->peer_count; i++) {
        fini(&self->peers[i]);
    }
    free(self->peers);
    self->peers = NULL;
}

struct peer *peers_at(struct replicator *self, uint32_t number)
{
    return number < self->peer_count && self->peers[number].used ? &self->peers[number] : NULL;
}

struct peer *peers_alive(struct replicator *self, uint32_t number, uint64_t life)
{
    struct peer *peer = peers_at(self, number);

    return peer != NULL && peer->life == life ? peer : NULL;
}

uint32_t peers_number(const struct replicator *self, const struct peer *peer)
{
    return (uint32_t)(peer - self->peers);
}

struct peer *peers_next(struct replicator *self, const struct peer *peer)
{
    for (uint32_t i = peer == NULL ? 0 : peers_number(self, peer) + 1; i < self->peer_count; i++) {
        if (self->peers[i].used) {
            return &self->peers[i];
        }
    }
    return NULL;
}

struct peer *peers_identified(struct replicator *self, struct str id)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->listed && id.len > 0 && str_eq(buf_str(&peer->id), id)) {
            return peer;
        }
    }
    return NULL;
}

bool peers_any_seed(struct replicator *self)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->seed && !peer->alias) {
            return true;
        }
    }
    return false;
}

void peers_trouble(struct replicator *self, struct peer *peer, struct str why)
{
    if (!str_eq(buf_str(&peer->trouble), why)) {
        peer->trouble.len = 0;
        buf_add_str(&peer->trouble, why);
        self->nodes_changed = true;
    }
}

struct peer *peers_named(struct replicator *self, struct str zone, struct str name)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->name.len != 0 && str_eq(buf_str(&peer->name), name) &&
            str_eq(buf_str(&peer->zone), zone)) {
            return peer;
        }
    }
    return NULL;
}

struct peer *peers_unlisted(struct replicator *self, struct str addr)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (!peer->listed && str_eq(buf_str(&peer->addr), addr)) {
            return peer;
        }
    }
    return NULL;
}

bool peers_lost(const struct peer *peer)
{
    return peer->said && peer->status == NODE_LOST;
}

struct peer *peers_add(struct replicator *self, struct str zone, struct str addr)
{
    uint32_t number = 0;
    struct peer *peer;

    while (number < self->peer_count && self->peers[number].used) {
        number++;
    }
    if (number == outbox_peers_max) {
        return NULL;
    }
    if (number == self->peer_count) {
        self->peer_count++;
    }
    peer = &self->peers[number];
    *peer = (struct peer){.used = true, .life = ++self->peer_life, .status = NODE_LOST};
    buf_add_str(&peer->zone, zone);
    buf_add_str(&peer->addr, addr);
    peer->own_zone = str_eq(zone, str_from(self->config->node_zone));
    self->nodes_changed = true;
    return peer;
}

bool peers_linked(const struct peer *peer)
{
    return peer->way == WAY_MUSTER || peer->way == WAY_HTTP;
}

void peers_remove(struct replicator *self, struct peer *peer)
{
    assert(peer->way == WAY_NONE);
    fini(peer);
    *peer = (struct peer){0};
    self->nodes_changed = true;
}

void peers_exchanged(struct replicator *self, struct peer *peer, bool good, const char *how,
                     const struct now *now)
{
    enum node_status status = good ? NODE_UP : NODE_LOST;

    if (peer->status == status && peer->said) {
        return;
    }
    if (peer->alias || peer->namesake != NAMESAKE_NO) { /* no node of its own, or a bad one */
        peer->status = status;
        return;
    }
    if (good) {
        log_event(self->log, LOG_INFO, "peer_up", NULL, log_buf("peer", &peer->addr),
                  log_buf("zone", &peer->zone), log_text("reason", how));
    } else {
        log_event(self->log, LOG_WARN, "peer_lost", "tried again and again",
                  log_buf("peer", &peer->addr), log_buf("zone", &peer->zone),
                  log_text("reason", how));
    }
    if (!good && peer->status == NODE_UP) {
        peer->lost_ms = now->mono_ms;
    }
    self->nodes_changed = self->nodes_changed || peer->status != status;
    self->members.changed = self->members.changed || (!good && peer->chosen);
    /* another registration of that node may be the true one */
    self->members.due = self->members.due || (!good && peer->listed);
    peer->status = status;
    peer->said = true;
}

/* Of a node that we have no way to, only what others say is known: it is listed, so it lives. */
static enum node_status shown_status(const struct peer *peer, const struct now *now)
{
    if (peer->trouble.len > 0) {
        return NODE_LOST;
    }
    if (!peers_linked(peer) && peer->listed &&
        (peer->lost_ms == 0 || now->mono_ms - peer->lost_ms > forget_lost_ms)) {
        return NODE_UP;
    }
    return peer->status;
}

static const char *link_text(const struct peer *peer)
{
    if (peer->kind == PEER_UNKNOWN) {
        return "unknown";
    }
    if (!peers_linked(peer)) {
        return "none";
    }
    return peer->kind == PEER_MUSTER ? "muster" : "http";
}

static struct msg self_node(const struct replicator *self)
{
    struct msg node = {.type = MSG_TYPE_NODE};

    node.as_node = (struct msg_node){.addr = str_from(self->config->gateway_advertise),
                                     .status = NODE_UP,
                                     .zone = str_from(self->config->node_zone),
                                     .self = true,
                                     .node_id = self->own_instance.node_id};
    return node;
}

static struct msg peer_node(const struct peer *peer, const struct now *now)
{
    struct msg node = {.type = MSG_TYPE_NODE};

    node.as_node = (struct msg_node){.addr = buf_str(&peer->addr),
                                     .status = shown_status(peer, now),
                                     .zone = buf_str(&peer->zone),
                                     .node_id = buf_str(&peer->id),
                                     .trouble = buf_str(&peer->trouble)};
    return node;
}

/* One node is shown once. */
static struct peer *next_shown(struct replicator *self, const struct peer *peer)
{
    struct peer *next = peers_next(self, peer);

    while (next != NULL && (next->alias || next->namesake == NAMESAKE_SUSPECT)) {
        next = peers_next(self, next);
    }
    return next;
}

void peers_nodes_msg(struct replicator *self, const struct now *now, struct msg *msg,
                     struct buf *store)
{
    struct msg node = self_node(self);

    *msg = (struct msg){.type = MSG_TYPE_NODES};
    msg->as_nodes.in_step = self->in_step;
    msg_list_add(&msg->as_nodes.nodes, store, &node);
    for (struct peer *peer = NULL; (peer = next_shown(self, peer)) != NULL;) {
        node = peer_node(peer, now);
        msg_list_add(&msg->as_nodes.nodes, store, &node);
    }
}

static struct str root_str(const struct root *root)
{
    return root->set ? (struct str){root->bytes, sizeof(root->bytes)} : STR("");
}

void peers_list_msg(struct replicator *self, const struct now *now, uint64_t id, struct msg *msg,
                    struct buf *store)
{
    struct msg node = self_node(self);

    *msg = (struct msg){.type = MSG_TYPE_NODE_LIST};
    msg->as_node_list.id = id;
    node.as_node.name = str_from(self->config->node_name);
    node.as_node.link = STR("self");
    node.as_node.digest = root_str(&self->last_tick.root);
    msg_list_add(&msg->as_node_list.nodes, store, &node);
    for (struct peer *peer = NULL; (peer = next_shown(self, peer)) != NULL;) {
        node = peer_node(peer, now);
        node.as_node.name = buf_str(&peer->name);
        node.as_node.link = str_from(link_text(peer));
        node.as_node.digest = root_str(&peer->link.root);
        node.as_node.queue_bytes = link_queued(&peer->link);
        msg_list_add(&msg->as_node_list.nodes, store, &node);
    }
}
