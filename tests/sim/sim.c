#include "tests/sim/sim.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/parcel.h"

static const int64_t wall_start_ns = 1700000000000000000;
static const size_t outbox_bytes = (size_t)64 << 20;

enum { handlers_max = 160, turns_at_once_max = 100000 };

struct running {
    const struct sim_process *process;
    void *state; /* NULL: down */
    struct outbox *out;
    const struct actor_link *links;
    size_t link_count;
    actor_handle_fn *handlers[handlers_max]; /* by type */
    actor_handle_fn *door_handlers[handlers_max];
    uint32_t life; /* counts starts: what was sent to or by an earlier one is lost */
    int64_t tick_ms;
    int64_t paused_until_ms;
};

/* A replicator's way to another node's. */
struct way {
    uint32_t to;         /* sim_no_node: to nobody */
    uint32_t generation; /* 0: closed; of all ways there ever were */
};

struct machine {
    int64_t mono_offset_ms;
    int64_t wall_offset_ns;
    int actors[ACTOR_COUNT]; /* process numbers; -1: none */
    struct way ways[outbox_peers_max];
};

struct sim {
    struct plan *plan;
    struct network *network;
    struct trace *trace;
    struct sim_watch watch;
    struct prng prng;
    int64_t ms;
    struct running processes[sim_process_max];
    int64_t wake_ms[sim_process_max]; /* when each has something to do; INT64_MAX: never */
    unsigned count;
    struct machine machines[plan_nodes_max];
    struct parcels parcels;
    struct parcels held; /* by partitions */
    uint32_t released;
    int64_t last_due[sim_process_max][sim_process_max];
    uint32_t generations;
    unsigned drop_per_mille;
    struct sim_counts counts;
};

struct sim *sim_new(struct plan *plan, struct network *network, struct trace *trace)
{
    struct sim *self = calloc(1, sizeof(*self));

    assert(self != NULL);
    self->plan = plan;
    self->network = network;
    self->trace = trace;
    prng_init(&self->prng, prng_next(&plan->prng));
    for (uint32_t i = 0; i < plan->nodes; i++) {
        self->machines[i].mono_offset_ms = plan->mono_offset_ms[i];
        self->machines[i].wall_offset_ns = plan->wall_offset_ns[i];
        memset(self->machines[i].actors, -1, sizeof(self->machines[i].actors));
    }
    return self;
}

void sim_destroy(struct sim **self)
{
    for (unsigned i = 0; i < (*self)->count; i++) {
        struct running *running = &(*self)->processes[i];

        if (running->state != NULL) {
            running->process->end(running->process->context, running->state, false);
        }
        outbox_destroy(&running->out);
    }
    parcels_fini(&(*self)->parcels);
    parcels_fini(&(*self)->held);
    free(*self);
    *self = NULL;
}

void sim_watch(struct sim *self, const struct sim_watch *watch)
{
    self->watch = *watch;
}

/* ── time ───────────────────────────────────────────────────────────────────*/

int64_t sim_ms(const struct sim *self)
{
    return self->ms;
}

struct now sim_now(const struct sim *self, uint32_t node)
{
    struct now now = {.mono_ms = self->ms, .wall_ns = wall_start_ns + self->ms * 1000000};

    if (node != sim_no_node) {
        now.mono_ms += self->machines[node].mono_offset_ms;
        now.wall_ns += self->machines[node].wall_offset_ns;
    }
    return now;
}

/* A process' monotonic time as the simulator's. */
static int64_t from_mono(const struct sim *self, const struct running *running, int64_t mono_ms)
{
    int64_t offset_ms = running->process->node == sim_no_node
                            ? 0
                            : self->machines[running->process->node].mono_offset_ms;

    return mono_ms == INT64_MAX      ? INT64_MAX
           : mono_ms < INT64_MIN / 2 ? self->ms
                                     : mono_ms - offset_ms;
}

void sim_jump_wall(struct sim *self, uint32_t node, int64_t ns)
{
    self->machines[node].wall_offset_ns += ns;
    self->counts.jumps++;
}

void sim_boot_machine(struct sim *self, uint32_t node)
{
    self->machines[node].mono_offset_ms = 1000 - self->ms;
}

/* ── processes ──────────────────────────────────────────────────────────────*/

unsigned sim_add(struct sim *self, const struct sim_process *process)
{
    struct running *running = &self->processes[self->count];

    assert(self->count < sim_process_max);
    running->process = process;
    self->wake_ms[self->count] = INT64_MAX;
    if (process->node != sim_no_node) {
        self->machines[process->node].actors[process->actor] = (int)self->count;
    }
    for (size_t i = 0; process->spec != NULL && i < process->spec->handler_count; i++) {
        assert((unsigned)process->spec->handlers[i].type < handlers_max);
        running->handlers[process->spec->handlers[i].type] = process->spec->handlers[i].handle;
    }
    for (size_t i = 0; process->spec != NULL && i < process->spec->door_handler_count; i++) {
        running->door_handlers[process->spec->door_handlers[i].type] =
            process->spec->door_handlers[i].handle;
    }
    return self->count++;
}

/* Whether this link follows facts of that process. */
static bool follows(const struct running *running, const struct actor_link *link,
                    const struct running *source)
{
    return link->follower != NULL && running->process->node == source->process->node &&
           link->to == source->process->actor && source->process->node != sim_no_node;
}

static void subscribe(const struct running *running, struct running *source)
{
    for (size_t i = 0; i < running->link_count; i++) {
        const char *const *topic = running->links[i].topics;

        for (; follows(running, &running->links[i], source) && topic != NULL && *topic != NULL;
             topic++) {
            (void)outbox_subscribe(source->out, str_from(*topic), true);
        }
    }
}

void sim_start(struct sim *self, unsigned process)
{
    struct running *running = &self->processes[process];
    struct now now = sim_now(self, running->process->node);

    assert(running->state == NULL);
    running->life++;
    running->out = outbox_new(outbox_bytes);
    outbox_subscribe(running->out, STR(""), false); /* what nobody wants is not encoded */
    for (const char *const *at = self->watch.topics; at != NULL && *at != NULL; at++) {
        (void)outbox_subscribe(running->out, str_from(*at), true);
    }
    running->state = running->process->start(running->process->context, &now);
    assert(running->state != NULL);
    running->link_count = 0;
    if (running->process->links != NULL) {
        running->links = running->process->links(running->process->context, running->state,
                                                 &running->link_count);
    }
    for (unsigned i = 0; i < self->count; i++) {
        if (self->processes[i].state != NULL) {
            subscribe(running, &self->processes[i]);
            if (i != process) {
                subscribe(&self->processes[i], running);
            }
        }
    }
    running->tick_ms = self->ms;
    running->paused_until_ms = 0;
    self->wake_ms[process] = self->ms;
}

void sim_kill(struct sim *self, unsigned process)
{
    struct running *running = &self->processes[process];
    uint32_t node = running->process->node;

    if (running->state == NULL) {
        return;
    }
    running->process->end(running->process->context, running->state, true);
    running->state = NULL;
    outbox_destroy(&running->out);
    self->wake_ms[process] = INT64_MAX;
    self->counts.kills++;
    if (running->process->actor == ACTOR_REPLICATOR && node != sim_no_node) {
        memset(self->machines[node].ways, 0, sizeof(self->machines[node].ways));
    }
}

void sim_pause(struct sim *self, unsigned process, int64_t ms)
{
    struct running *running = &self->processes[process];

    running->paused_until_ms = self->ms + ms;
    if (self->wake_ms[process] < running->paused_until_ms) {
        self->wake_ms[process] = running->paused_until_ms;
    }
    self->counts.pauses++;
}

bool sim_running(const struct sim *self, unsigned process)
{
    return self->processes[process].state != NULL;
}

bool sim_paused(const struct sim *self, unsigned process)
{
    return self->processes[process].paused_until_ms > self->ms;
}

void *sim_state(struct sim *self, unsigned process)
{
    return self->processes[process].state;
}

void sim_drop_facts(struct sim *self, unsigned per_mille)
{
    self->drop_per_mille = per_mille;
}

struct sim_counts sim_counts(const struct sim *self)
{
    return self->counts;
}

struct network *sim_network(const struct sim *self)
{
    return self->network;
}

uint32_t sim_node_of(struct str endpoint)
{
    uint32_t number = 0;
    size_t at = 4;

    if (!str_starts(endpoint, STR("node"))) {
        return sim_no_node;
    }
    for (; at < endpoint.len && endpoint.data[at] >= '0' && endpoint.data[at] <= '9'; at++) {
        number = number * 10 + (uint32_t)(endpoint.data[at] - '0');
    }
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

static bool subscribed(const struct actor_link *link, struct str topic)
{
    for (const char *const *prefix = link->topics; prefix != NULL && *prefix != NULL; prefix++) {
        if (str_starts(topic, str_from(*prefix))) {
            return true;
        }
    }
    return false;
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
        for (size_t i = 0; i < running->link_count; i++) {
            if (!follows(running, &running->links[i], source) ||
                !subscribed(&running->links[i], item->topic)) {
                continue;
            }
            if (self->drop_per_mille != 0 && prng_below(&self->prng, 1000) < self->drop_per_mille) {
                self->counts.dropped_facts++;
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

static void release_held(struct sim *self)
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

/* The address of who asks through a door: its node, its number for the way, which way that was. */
struct door_address {
    uint8_t node;
    uint8_t peer;
    uint32_t generation;
};

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
        way->to = sim_node_of(item->topic);
        way->to = way->to < self->plan->nodes ? way->to : sim_no_node;
        way->generation = ++self->generations;
    } else if (way->generation != 0 && way->to != sim_no_node) {
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

static void send_lane(struct sim *self, unsigned from, enum outbox_lane lane)
{
    struct outbox *out = self->processes[from].out;
    struct outbox_item item;
    size_t cursor = 0;

    while (outbox_next(out, lane, &cursor, &item)) {
        send_item(self, from, &item);
    }
    outbox_clear(out, lane);
}

/* ── turns ──────────────────────────────────────────────────────────────────*/

static int64_t next_wake(struct sim *self, struct running *running, const struct now *now)
{
    const struct actor_spec *spec = running->process->spec;
    int64_t wake = INT64_MAX;

    if (outbox_take_again(running->out)) {
        return self->ms;
    }
    if (spec != NULL && spec->tick != NULL) {
        wake = running->tick_ms;
    }
    if (spec != NULL && spec->due_ms != NULL) {
        int64_t due = from_mono(self, running, spec->due_ms(running->state, now));

        wake = due < wake ? due : wake;
    }
    if (running->process->due_ms != NULL) {
        int64_t due = running->process->due_ms(running->process->context);

        wake = due < wake ? due : wake;
    }
    for (size_t i = 0; i < running->link_count; i++) {
        if (running->links[i].follower != NULL) {
            int64_t due = from_mono(self, running, follower_due_ms(running->links[i].follower));

            wake = due < wake ? due : wake;
        }
    }
    return wake > self->ms ? wake : self->ms + 1;
}

/* The rest of a turn, after the messages. */
static void end_turn(struct sim *self, unsigned at)
{
    struct running *running = &self->processes[at];
    const struct actor_spec *spec = running->process->spec;
    struct now now = sim_now(self, running->process->node);

    if (spec != NULL && spec->tick != NULL && self->ms >= running->tick_ms) {
        running->tick_ms += spec->tick_ms;
        if (running->tick_ms <= self->ms) {
            running->tick_ms = self->ms + spec->tick_ms;
        }
        spec->tick(running->state, &now, running->out);
    }
    for (size_t i = 0; i < running->link_count; i++) {
        if (running->links[i].follower != NULL) {
            follower_step(running->links[i].follower, &now, running->out);
        }
    }
    send_lane(self, at, OUTBOX_NOW);
    if (spec != NULL && spec->turn_end != NULL) {
        spec->turn_end(running->state, &now, running->out);
        send_lane(self, at, OUTBOX_NOW);
    }
    if (running->process->turn != NULL) {
        running->process->turn(running->process->context, running->state, &now, running->out);
    }
    send_lane(self, at, OUTBOX_SYNCED);
    (void)outbox_take_trim(running->out);
    self->wake_ms[at] = next_wake(self, running, &now);
}

/* ── handing over ───────────────────────────────────────────────────────────*/

static void hand_fact(struct sim *self, struct running *running, const struct parcel *parcel,
                      const struct now *now)
{
    const struct running *source = &self->processes[parcel->from];

    for (size_t i = 0; i < running->link_count; i++) {
        if (follows(running, &running->links[i], source)) {
            follower_on_fact(running->links[i].follower, blob_str(parcel->blob), now, running->out);
        }
    }
}

static void hand_reply(struct sim *self, struct running *running, const struct parcel *parcel,
                       const struct msg *msg, const struct now *now)
{
    const struct sim_process *process = running->process;
    const struct sim_process *source = self->processes[parcel->from].process;

    for (size_t i = 0; i < running->link_count; i++) {
        const struct actor_link *link = &running->links[i];

        if (link->to == source->actor && link->follower != NULL &&
            follower_on_answer(link->follower, msg, now, running->out)) {
            return;
        }
    }
    if (process->spec != NULL && process->spec->answer != NULL) {
        process->spec->answer(running->state, source->actor, 0, msg, now, running->out);
    } else if (process->answer != NULL) {
        process->answer(running->state, source->actor, source->node, msg, now, running->out);
    }
}

static void hand_command(struct sim *self, struct running *running, const struct parcel *parcel,
                         const struct msg *msg, const struct now *now)
{
    struct address from = {.len = 1, .bytes = {parcel->from}};
    actor_handle_fn *handle = NULL;

    if (parcel->kind == PARCEL_DOOR) {
        struct door_address address;

        memset(&address, 0, sizeof(address));
        address.node = (uint8_t)self->processes[parcel->from].process->node;
        address.peer = parcel->peer;
        address.generation = parcel->generation;
        from.len = sizeof(address);
        from.door = true;
        memcpy(from.bytes, &address, sizeof(address));
        if (self->watch.door != NULL) {
            self->watch.door(self->watch.context, running->process->node, &from, msg);
        }
        handle = (unsigned)msg->type < handlers_max ? running->door_handlers[msg->type] : NULL;
    } else {
        if (self->watch.command != NULL) {
            self->watch.command(self->watch.context, running->process->node,
                                running->process->actor, msg);
        }
        handle = (unsigned)msg->type < handlers_max ? running->handlers[msg->type] : NULL;
    }
    if (handle != NULL) {
        handle(running->state, &from, msg, now, running->out);
    }
}

static void hand_over(struct sim *self, struct parcel *parcel)
{
    struct running *running = &self->processes[parcel->to];
    struct now now = sim_now(self, running->process->node);
    struct str rest = blob_str(parcel->blob);

    self->wake_ms[parcel->to] = self->ms;
    if (parcel->kind == PARCEL_FACT) {
        hand_fact(self, running, parcel, &now);
        return;
    }
    if (parcel->kind == PARCEL_CALL) {
        parcel->call(parcel->context, running->state, rest, &now, running->out);
        return;
    }
    while (rest.len > 0) {
        struct msg msg;
        enum err err = msg_decode(&rest, &msg);

        assert(err == ERR_OK);
        (void)err;
        if (parcel->kind == PARCEL_REPLY) {
            hand_reply(self, running, parcel, &msg, &now);
        } else if (parcel->kind == PARCEL_ANSWER) {
            if (running->process->spec->peer_answer != NULL) {
                running->process->spec->peer_answer(running->state, parcel->peer, &msg, &now,
                                                    running->out);
            }
        } else {
            if (outbox_is_enough(running->out)) {
                end_turn(self, parcel->to);
                self->wake_ms[parcel->to] = self->ms;
            }
            hand_command(self, running, parcel, &msg, &now);
        }
    }
}

/* Whether it still has somebody who takes it. */
static bool arrives(const struct sim *self, const struct parcel *parcel)
{
    const struct running *to = &self->processes[parcel->to];
    const struct running *from = &self->processes[parcel->from];

    if (to->state == NULL || to->life != parcel->to_life) {
        return false;
    }
    if (parcel->kind == PARCEL_DOOR || parcel->kind == PARCEL_ANSWER) {
        const struct way *way = &self->machines[to->process->node].ways[parcel->peer];

        return parcel->connection ==
                   network_connection(self->network, from->process->node, to->process->node) &&
               (parcel->kind == PARCEL_DOOR || way->generation == parcel->generation);
    }
    return parcel->kind == PARCEL_CALL || from->life == parcel->from_life;
}

static void deliver_due(struct sim *self)
{
    while (self->parcels.count > 0 && self->parcels.heap[0].due_ms <= self->ms) {
        struct parcel parcel = parcels_pop(&self->parcels);
        struct running *to = &self->processes[parcel.to];

        if (to->state != NULL && self->ms < to->paused_until_ms) {
            parcel.due_ms = to->paused_until_ms; /* waits in the socket, in order */
            parcels_push_again(&self->parcels, parcel);
            blob_unref(&parcel.blob);
            continue;
        }
        if (arrives(self, &parcel)) {
            hand_over(self, &parcel);
        }
        blob_unref(&parcel.blob);
    }
}

static int64_t next_ms(const struct sim *self)
{
    int64_t next = self->parcels.count > 0 ? self->parcels.heap[0].due_ms : INT64_MAX;

    for (unsigned i = 0; i < self->count; i++) {
        next = self->wake_ms[i] < next ? self->wake_ms[i] : next;
    }
    return next;
}

void sim_run(struct sim *self, int64_t ms)
{
    int64_t end_ms = self->ms + ms;
    unsigned at_once = 0;

    release_held(self);
    for (;;) {
        int64_t next = next_ms(self);

        if (next > end_ms || (next == end_ms && ms > 0)) {
            self->ms = end_ms;
            return;
        }
        at_once = next > self->ms ? 0 : at_once + 1;
        assert(at_once < turns_at_once_max); /* somebody asks for turns for ever */
        self->ms = next > self->ms ? next : self->ms;
        deliver_due(self);
        for (unsigned i = 0; i < self->count; i++) {
            if (self->wake_ms[i] <= self->ms && self->processes[i].state != NULL) {
                if (self->ms < self->processes[i].paused_until_ms) {
                    self->wake_ms[i] = self->processes[i].paused_until_ms;
                } else {
                    end_turn(self, i);
                }
            }
        }
    }
}

void sim_later(struct sim *self, unsigned process, int64_t ms, sim_call_fn *call, void *context,
               struct str arg)
{
    struct parcel parcel = {.kind = PARCEL_CALL,
                            .due_ms = self->ms + ms,
                            .from = (uint8_t)process,
                            .to = (uint8_t)process,
                            .to_life = self->processes[process].life,
                            .call = call,
                            .context = context,
                            .blob = blob_new(arg)};

    parcels_push(&self->parcels, parcel);
    blob_unref(&parcel.blob);
}
