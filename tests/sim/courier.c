/* Carries what actors send: within a node in order, between nodes as the network has it. */
#include <assert.h>
#include <string.h>

#include "tests/sim/engine.h"

uint32_t sim_node_at(const struct sim *self, struct str endpoint)
{
    uint32_t address = 0;
    uint32_t node = sim_node_of(endpoint, &address);

    return node < self->plan->nodes && network_address(self->network, node) == address
               ? node
               : sim_no_node;
}

uint32_t sim_node_of(struct str endpoint, uint32_t *address)
{
    uint32_t number = 0;
    size_t at = 4;

    if (!str_starts(endpoint, STR("node"))) {
        return sim_no_node;
    }
    for (; at < endpoint.len && endpoint.data[at] >= '0' && endpoint.data[at] <= '9'; at++) {
        number = number * 10 + (uint32_t)(endpoint.data[at] - '0');
    }
    *address = number > 10 ? 1 : 0;
    number -= number > 10 ? 10 : 0;
    return number >= 1 && number <= plan_nodes_max && at < endpoint.len && endpoint.data[at] == ':'
               ? number - 1
               : sim_no_node;
}

/* ── sending within a node ──────────────────────────────────────────────────*/

static void post(struct sim *self, unsigned from, unsigned to, enum outbox_kind kind,
                 struct blob *blob)
{
    int64_t delay = prng_below(&self->prng, 20) == 0 ? (int64_t)prng_below(&self->prng, 50)
                                                     : (int64_t)prng_below(&self->prng, 3);
    int64_t *last = &self->last_due[from][to];
    struct parcel parcel = {.kind = PARCEL_REPLY,
                            .from = (uint8_t)from,
                            .to = (uint8_t)to,
                            .from_life = self->processes[from].life,
                            .to_life = self->processes[to].life,
                            .blob = blob};

    if (self->processes[to].state == NULL) {
        return; /* nobody is connected */
    }
    parcel.kind = kind == OUTBOX_FACT      ? PARCEL_FACT
                  : kind == OUTBOX_COMMAND ? PARCEL_COMMAND
                                           : PARCEL_REPLY;
    *last = self->ms + delay > *last ? self->ms + delay : *last;
    parcel.due_ms = *last;
    parcels_push(&self->parcels, parcel);
}

static void note_lost(struct sim *self, uint32_t node)
{
    assert(node < self->plan->nodes); /* all others publish nothing */
    self->lost_ms[node][self->lost_count[node]++ % sim_lost_max] = self->ms;
}

static void post_fact(struct sim *self, unsigned from, const struct outbox_item *item)
{
    struct running *source = &self->processes[from];
    struct blob *blob = NULL;

    if (self->watch.fact != NULL) {
        self->watch.fact(self->watch.context, source->process->node, item->topic, item->frame);
    }
    for (unsigned to = 0; to < self->count; to++) {
        const struct running *running = &self->processes[to];

        if (running->state == NULL || running->process->node != source->process->node) {
            continue;
        }
        for (size_t i = 0; i < running->turn.link_count; i++) {
            if (!follows(running, &running->turn.links[i], source) ||
                !turn_follows(&running->turn, i, item->topic)) {
                continue;
            }
            if (self->drop_per_mille != 0 && prng_below(&self->prng, 1000) < self->drop_per_mille) {
                self->counts.dropped_facts++;
                note_lost(self, source->process->node);
                continue;
            }
            blob = blob == NULL ? blob_new(item->frame) : blob;
            post(self, from, to, OUTBOX_FACT, blob);
        }
    }
    blob_unref(&blob);
}

/* ── sending between nodes ──────────────────────────────────────────────────*/

static void send_parcel(struct sim *self, struct parcel parcel)
{
    uint32_t from = self->processes[parcel.from].process->node;
    uint32_t to = self->processes[parcel.to].process->node;
    struct fate fate = network_send(self->network, from, to, self->ms);

    if (fate.held) {
        parcels_push(&self->held, parcel);
        return;
    }
    parcel.connection = fate.connection;
    for (uint32_t i = 0; i < fate.copies; i++) {
        parcel.due_ms = fate.due_ms[i];
        parcels_push(&self->parcels, parcel);
    }
}

void courier_release(struct sim *self)
{
    struct parcels held = self->held;

    if (self->released == network_released(self->network)) {
        return;
    }
    self->released = network_released(self->network);
    self->held = (struct parcels){0};
    while (held.count > 0) {
        struct parcel parcel = parcels_pop(&held);

        send_parcel(self, parcel);
        blob_unref(&parcel.blob);
    }
    parcels_fini(&held);
}

static void send_peer(struct sim *self, unsigned from, const struct outbox_item *item)
{
    uint32_t node = self->processes[from].process->node;
    struct way *way = &self->machines[node].ways[item->index];
    struct parcel parcel = {.kind = PARCEL_DOOR,
                            .from = (uint8_t)from,
                            .peer = (uint8_t)item->index,
                            .generation = way->generation};
    int to;

    if (item->kind == OUTBOX_PEER_CLOSE) {
        *way = (struct way){0};
    } else if (item->kind == OUTBOX_PEER_OPEN) {
        way->to = sim_node_of(item->topic, &way->address);
        way->to = way->to < self->plan->nodes ? way->to : sim_no_node;
        way->generation = ++self->generations;
    } else if (way->generation != 0 && way->to != sim_no_node &&
               network_address(self->network, way->to) == way->address) {
        if (self->watch.door_command != NULL) {
            self->watch.door_command(self->watch.context, node, way->to, item->frame);
        }
        to = self->machines[way->to].actors[ACTOR_REPLICATOR];
        if (to >= 0 && self->processes[to].state != NULL) {
            parcel.to = (uint8_t)to;
            parcel.to_life = self->processes[to].life;
            parcel.blob = blob_new(item->frame);
            send_parcel(self, parcel);
            blob_unref(&parcel.blob);
        }
    }
}

static void reply_through_door(struct sim *self, unsigned from, const struct outbox_item *item)
{
    struct door_address address;
    struct parcel parcel = {.kind = PARCEL_ANSWER, .from = (uint8_t)from};
    int to;

    assert(item->address.len == sizeof(address));
    memcpy(&address, item->address.bytes, sizeof(address));
    if (self->watch.door_reply != NULL) {
        self->watch.door_reply(self->watch.context, self->processes[from].process->node,
                               &item->address, item->frame);
    }
    to = self->machines[address.node].actors[ACTOR_REPLICATOR];
    if (to < 0 || self->processes[to].state == NULL) {
        return;
    }
    parcel.to = (uint8_t)to;
    parcel.to_life = self->processes[to].life;
    parcel.peer = address.peer;
    parcel.generation = address.generation;
    parcel.blob = blob_new(item->frame);
    send_parcel(self, parcel);
    blob_unref(&parcel.blob);
}

static void post_to(struct sim *self, unsigned from, int to, const struct outbox_item *item)
{
    struct blob *blob;

    if (to >= 0) {
        blob = blob_new(item->frame);
        post(self, from, (unsigned)to, item->kind, blob);
        blob_unref(&blob);
    }
}

static void send_item(struct sim *self, unsigned from, const struct outbox_item *item)
{
    uint32_t node = self->processes[from].process->node;

    self->counts.messages++;
    switch (item->kind) {
    case OUTBOX_FACT:
        post_fact(self, from, item);
        break;
    case OUTBOX_REPLY:
        if (item->address.door) {
            reply_through_door(self, from, item);
        } else {
            post_to(self, from, item->address.bytes[0], item);
        }
        break;
    case OUTBOX_COMMAND:
        if (node == sim_no_node) {
            node = item->index;
        }
        post_to(self, from, self->machines[node].actors[item->actor], item);
        break;
    default:
        send_peer(self, from, item);
        break;
    }
}

void courier_send(struct sim *self, unsigned from, enum outbox_lane lane)
{
    struct outbox *out = self->processes[from].out;
    struct outbox_item item;
    size_t cursor = 0;

    while (outbox_next(out, lane, &cursor, &item)) {
        send_item(self, from, &item);
    }
    outbox_clear(out, lane);
}
