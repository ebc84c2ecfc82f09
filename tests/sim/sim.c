#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/engine.h"

static const int64_t wall_start_ns = 1700000000000000000;
static const size_t outbox_bytes = (size_t)64 << 20;

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
    return self->count++;
}

/* To all that it may follow: what it does not want at the time is not carried (courier.c). */
static void subscribe(const struct running *running, struct running *source)
{
    for (size_t i = 0; i < running->turn.link_count; i++) {
        const char *const *topic = running->turn.links[i].topics;

        for (; follows(running, &running->turn.links[i], source) && topic != NULL && *topic != NULL;
             topic++) {
            (void)outbox_subscribe(source->out, str_from(*topic), true);
        }
    }
}

void sim_start(struct sim *self, unsigned process)
{
    struct running *running = &self->processes[process];
    struct now now = sim_now(self, running->process->node);
    const struct actor_link *links = NULL;
    size_t link_count = 0;

    assert(running->state == NULL);
    running->life++;
    running->out = outbox_new(outbox_bytes);
    outbox_subscribe(running->out, STR(""), false); /* what nobody wants is not encoded */
    for (const char *const *at = self->watch.topics; at != NULL && *at != NULL; at++) {
        (void)outbox_subscribe(running->out, str_from(*at), true);
    }
    running->state = running->process->start(running->process->context, &now);
    assert(running->state != NULL);
    if (running->process->links != NULL) {
        links = running->process->links(running->process->context, running->state, &link_count);
    }
    turn_init(&running->turn, running->process->spec, running->state, running->out, links,
              link_count, now.mono_ms);
    for (unsigned i = 0; i < self->count; i++) {
        if (self->processes[i].state != NULL) {
            subscribe(running, &self->processes[i]);
            if (i != process) {
                subscribe(&self->processes[i], running);
            }
        }
    }
    running->paused_until_ms = 0;
    self->wake_ms[process] = self->ms;
}

static void end_process(struct sim *self, unsigned process, bool killed)
{
    struct running *running = &self->processes[process];
    uint32_t node = running->process->node;

    running->process->end(running->process->context, running->state, killed);
    running->state = NULL;
    outbox_destroy(&running->out);
    self->wake_ms[process] = INT64_MAX;
    if (running->process->actor == ACTOR_REPLICATOR && node != sim_no_node) {
        memset(self->machines[node].ways, 0, sizeof(self->machines[node].ways));
    }
}

void sim_kill(struct sim *self, unsigned process)
{
    if (self->processes[process].state != NULL) {
        end_process(self, process, true);
        self->counts.kills++;
    }
}

void sim_end(struct sim *self, unsigned process)
{
    if (self->processes[process].state != NULL) {
        end_process(self, process, false);
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

bool sim_lost_fact(const struct sim *self, uint32_t node, int64_t from_ms, int64_t to_ms)
{
    uint64_t count = self->lost_count[node];
    uint64_t kept = count < sim_lost_max ? count : sim_lost_max;

    for (uint64_t i = 0; i < kept; i++) {
        int64_t at_ms = self->lost_ms[node][(count - 1 - i) % sim_lost_max];

        if (at_ms >= from_ms && at_ms <= to_ms) {
            return true;
        }
    }
    /* what was overwritten is not known */
    return count > kept && self->lost_ms[node][count % sim_lost_max] > from_ms;
}

struct sim_counts sim_counts(const struct sim *self)
{
    return self->counts;
}

struct network *sim_network(const struct sim *self)
{
    return self->network;
}

/* ── turns ──────────────────────────────────────────────────────────────────*/

static int64_t next_wake(struct sim *self, struct running *running, const struct now *now)
{
    int64_t wake;

    if (outbox_take_again(running->out)) {
        return self->ms;
    }
    wake = from_mono(self, running, turn_due_ms(&running->turn, now));
    if (running->process->due_ms != NULL) {
        int64_t due = running->process->due_ms(running->process->context);

        wake = due < wake ? due : wake;
    }
    return wake > self->ms ? wake : self->ms + 1;
}

struct lane_of {
    struct sim *sim;
    unsigned process;
};

static void send_lane(void *context, enum outbox_lane lane)
{
    const struct lane_of *of = context;

    courier_send(of->sim, of->process, lane);
}

/* The rest of a turn, after the messages. */
static void end_turn(struct sim *self, unsigned at)
{
    struct running *running = &self->processes[at];
    struct now now = sim_now(self, running->process->node);

    turn_begin(&running->turn, &now);
    turn_time(&running->turn, &now);
    turn_end(&running->turn, &now, send_lane, &(struct lane_of){self, at});
    if (running->process->turn != NULL) {
        running->process->turn(running->process->context, running->state, &now, running->out);
    }
    courier_send(self, at, OUTBOX_SYNCED);
    (void)outbox_take_trim(running->out);
    if (outbox_stopping(running->out)) {
        end_process(self, at, false);
        if (running->process->ended != NULL) {
            running->process->ended(running->process->context);
        }
        return;
    }
    self->wake_ms[at] = next_wake(self, running, &now);
}

/* ── handing over ───────────────────────────────────────────────────────────*/

static void hand_fact(struct sim *self, struct running *running, const struct parcel *parcel,
                      const struct now *now)
{
    const struct running *source = &self->processes[parcel->from];

    for (size_t i = 0; i < running->turn.link_count; i++) {
        if (follows(running, &running->turn.links[i], source)) {
            turn_fact(&running->turn, i, blob_str(parcel->blob), now);
        }
    }
}

static void hand_reply(struct sim *self, struct running *running, const struct parcel *parcel,
                       const struct msg *msg, const struct now *now)
{
    const struct sim_process *process = running->process;
    const struct sim_process *source = self->processes[parcel->from].process;

    for (size_t i = 0; i < running->turn.link_count; i++) {
        if (running->turn.links[i].to == source->actor &&
            turn_answer(&running->turn, i, msg, now)) {
            return;
        }
    }
    if (process->answer != NULL) {
        process->answer(process->context, source->actor, source->node, msg, now, running->out);
    }
}

static void hand_command(struct sim *self, struct running *running, const struct parcel *parcel,
                         const struct msg *msg, const struct now *now)
{
    struct address from = {.len = 1, .bytes = {parcel->from}};

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
    } else if (self->watch.command != NULL) {
        self->watch.command(self->watch.context, running->process->node, running->process->actor,
                            msg);
    }
    (void)turn_command(&running->turn, &from, msg, now);
}

static void hand_over(struct sim *self, struct parcel *parcel)
{
    struct running *running = &self->processes[parcel->to];
    struct now now = sim_now(self, running->process->node);
    struct str rest = blob_str(parcel->blob);

    self->wake_ms[parcel->to] = self->ms;
    turn_begin(&running->turn, &now);
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
            turn_peer_answer(&running->turn, parcel->peer, &msg, &now);
        } else {
            if (outbox_is_enough(running->out)) {
                end_turn(self, parcel->to);
                if (running->state == NULL) {
                    return;
                }
                self->wake_ms[parcel->to] = self->ms;
                turn_begin(&running->turn, &now);
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

    courier_release(self);
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
