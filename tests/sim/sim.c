#include "tests/sim/sim.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const int64_t wall_start_ns = 1700000000000000000;

struct parcel {
    int64_t due_ms;
    uint64_t order; /* of two due at once, the one sent first */
    enum outbox_kind kind;
    unsigned from;
    unsigned to;
    uint64_t from_life;
    uint64_t to_life;
    struct buf topic;
    struct buf frame;
};

struct running {
    const struct sim_process *process;
    void *state; /* NULL: down */
    struct outbox *out;
    uint64_t life; /* counts starts: what was sent to or by an earlier one is lost */
    int64_t tick_ms;
    int64_t paused_until_ms;
    bool due; /* a message came, or it asked to come back */
};

struct sim {
    struct prng prng;
    struct now now;
    struct running processes[sim_process_max];
    unsigned count;
    struct parcel *heap;
    size_t heap_count;
    size_t heap_cap;
    int64_t last_due[sim_process_max][sim_process_max];
    uint64_t order;
    unsigned drop_per_mille;
    struct sim_counts counts;
    void (*watch)(void *context, struct str frame);
    void *watch_context;
};

static bool sooner(const struct parcel *a, const struct parcel *b)
{
    return a->due_ms < b->due_ms || (a->due_ms == b->due_ms && a->order < b->order);
}

static void swap(struct parcel *a, struct parcel *b)
{
    struct parcel t = *a;

    *a = *b;
    *b = t;
}

static void heap_push(struct sim *self, struct parcel parcel)
{
    size_t at = self->heap_count++;

    if (self->heap_count > self->heap_cap) {
        self->heap_cap = self->heap_cap == 0 ? 256 : self->heap_cap * 2;
        self->heap = realloc(self->heap, self->heap_cap * sizeof(self->heap[0]));
        assert(self->heap != NULL);
    }
    self->heap[at] = parcel;
    for (; at > 0 && sooner(&self->heap[at], &self->heap[(at - 1) / 2]); at = (at - 1) / 2) {
        swap(&self->heap[at], &self->heap[(at - 1) / 2]);
    }
}

static struct parcel heap_pop(struct sim *self)
{
    struct parcel top = self->heap[0];

    self->heap[0] = self->heap[--self->heap_count];
    for (size_t at = 0;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < self->heap_count && sooner(&self->heap[child], &self->heap[least])) {
                least = child;
            }
        }
        if (least == at) {
            return top;
        }
        swap(&self->heap[at], &self->heap[least]);
        at = least;
    }
}

struct sim *sim_new(uint64_t seed)
{
    struct sim *self = calloc(1, sizeof(*self));

    assert(self != NULL);
    prng_init(&self->prng, seed);
    self->now = (struct now){.mono_ms = 1000000, .wall_ns = wall_start_ns};
    return self;
}

static void parcel_fini(struct parcel *parcel)
{
    buf_fini(&parcel->topic);
    buf_fini(&parcel->frame);
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
    while ((*self)->heap_count > 0) {
        struct parcel parcel = heap_pop(*self);

        parcel_fini(&parcel);
    }
    free((*self)->heap);
    free(*self);
    *self = NULL;
}

void sim_start(struct sim *self, unsigned process)
{
    struct running *running = &self->processes[process];

    assert(running->state == NULL);
    running->life++;
    running->out = outbox_new((size_t)64 * 1024 * 1024);
    running->state = running->process->start(running->process->context, &self->now);
    assert(running->state != NULL);
    running->tick_ms = self->now.mono_ms;
    running->paused_until_ms = 0;
    running->due = true;
}

unsigned sim_add(struct sim *self, const struct sim_process *process)
{
    assert(self->count < sim_process_max);
    self->processes[self->count].process = process;
    sim_start(self, self->count);
    return self->count++;
}

void sim_kill(struct sim *self, unsigned process)
{
    struct running *running = &self->processes[process];

    if (running->state != NULL) {
        running->process->end(running->process->context, running->state, true);
        running->state = NULL;
        outbox_destroy(&running->out);
        self->counts.kills++;
    }
}

void sim_pause(struct sim *self, unsigned process, int64_t ms)
{
    self->processes[process].paused_until_ms = self->now.mono_ms + ms;
    self->counts.pauses++;
}

bool sim_running(const struct sim *self, unsigned process)
{
    return self->processes[process].state != NULL;
}

void *sim_state(struct sim *self, unsigned process)
{
    return self->processes[process].state;
}

void sim_drop_facts(struct sim *self, unsigned per_mille)
{
    self->drop_per_mille = per_mille;
}

struct outbox *sim_outbox(struct sim *self, unsigned process)
{
    return self->processes[process].out;
}

struct now sim_now(const struct sim *self)
{
    return self->now;
}

struct prng *sim_prng(struct sim *self)
{
    return &self->prng;
}

struct sim_counts sim_counts(const struct sim *self)
{
    return self->counts;
}

void sim_watch_facts(struct sim *self, void (*watch)(void *context, struct str frame),
                     void *context)
{
    self->watch = watch;
    self->watch_context = context;
}

static void post(struct sim *self, unsigned from, unsigned to, const struct outbox_item *item)
{
    int64_t delay = prng_below(&self->prng, 20) == 0 ? (int64_t)prng_below(&self->prng, 50)
                                                     : (int64_t)prng_below(&self->prng, 3);
    int64_t *last = &self->last_due[from][to];
    struct parcel parcel = {.kind = item->kind,
                            .from = from,
                            .to = to,
                            .from_life = self->processes[from].life,
                            .to_life = self->processes[to].life,
                            .order = self->order++};

    if (self->processes[to].state == NULL) {
        return; /* nobody is connected */
    }
    *last = self->now.mono_ms + delay > *last ? self->now.mono_ms + delay : *last;
    parcel.due_ms = *last;
    buf_add_str(&parcel.topic, item->topic);
    buf_add_str(&parcel.frame, item->frame);
    heap_push(self, parcel);
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

static const struct actor_link *links_of(struct running *running, size_t *count)
{
    *count = 0;
    return running->process->links == NULL
               ? NULL
               : running->process->links(running->process->context, running->state, count);
}

static void post_fact(struct sim *self, unsigned from, const struct outbox_item *item)
{
    if (self->watch != NULL) {
        self->watch(self->watch_context, item->frame);
    }
    for (unsigned to = 0; to < self->count; to++) {
        size_t count;
        const struct actor_link *links;

        if (self->processes[to].state == NULL) {
            continue;
        }
        links = links_of(&self->processes[to], &count);
        for (size_t i = 0; i < count; i++) {
            if (links[i].follower == NULL || links[i].to != self->processes[from].process->actor ||
                !subscribed(&links[i], item->topic)) {
                continue;
            }
            if (prng_below(&self->prng, 1000) < self->drop_per_mille) {
                self->counts.dropped_facts++;
            } else {
                post(self, from, to, item);
            }
        }
    }
}

static void send_lane(struct sim *self, unsigned from, enum outbox_lane lane)
{
    struct running *running = &self->processes[from];
    struct outbox_item item;
    size_t cursor = 0;

    while (outbox_next(running->out, lane, &cursor, &item)) {
        self->counts.messages++;
        if (item.kind == OUTBOX_FACT) {
            post_fact(self, from, &item);
        } else if (item.kind == OUTBOX_REPLY) {
            post(self, from, item.address.bytes[0], &item);
        } else {
            for (unsigned to = 0; to < self->count; to++) {
                const struct sim_process *process = self->processes[to].process;

                if (process->spec != NULL && process->actor == item.actor) {
                    post(self, from, to, &item);
                }
            }
        }
    }
    outbox_clear(running->out, lane);
}

static void hand_over(struct sim *self, struct parcel *parcel)
{
    struct running *running = &self->processes[parcel->to];
    const struct sim_process *process = running->process;
    struct address from = {.len = 1, .bytes = {(uint8_t)parcel->from}};
    struct str rest = buf_str(&parcel->frame);
    struct msg msg;
    size_t count;
    const struct actor_link *links = links_of(running, &count);

    running->due = true;
    if (parcel->kind == OUTBOX_FACT) {
        for (size_t i = 0; i < count; i++) {
            if (links[i].follower != NULL &&
                links[i].to == self->processes[parcel->from].process->actor) {
                follower_on_fact(links[i].follower, rest, &self->now, running->out);
            }
        }
        return;
    }
    while (rest.len > 0) {
        enum err err = msg_decode(&rest, &msg);

        assert(err == ERR_OK);
        if (parcel->kind == OUTBOX_COMMAND) {
            for (size_t i = 0; i < process->spec->handler_count; i++) {
                if (process->spec->handlers[i].type == msg.type) {
                    process->spec->handlers[i].handle(running->state, &from, &msg, &self->now,
                                                      running->out);
                }
            }
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (links[i].to == self->processes[parcel->from].process->actor &&
                (links[i].follower == NULL ||
                 !follower_on_answer(links[i].follower, &msg, &self->now, running->out))) {
                actor_answer_fn *answer =
                    process->spec != NULL ? process->spec->answer : process->answer;

                if (answer != NULL) {
                    answer(running->state, links[i].to, 0, &msg, &self->now, running->out);
                }
            }
        }
    }
}

/* The rest of a turn, after the messages. */
static void end_turn(struct sim *self, unsigned at)
{
    struct running *running = &self->processes[at];
    const struct actor_spec *spec = running->process->spec;
    size_t count;
    const struct actor_link *links = links_of(running, &count);

    running->due = false;
    if (running->process->turn != NULL) {
        running->process->turn(running->state, &self->now, running->out);
    }
    if (spec != NULL && spec->tick != NULL && self->now.mono_ms >= running->tick_ms) {
        spec->tick(running->state, &self->now, running->out);
        running->tick_ms = self->now.mono_ms + spec->tick_ms;
    }
    for (size_t i = 0; i < count; i++) {
        if (links[i].follower != NULL) {
            follower_step(links[i].follower, &self->now, running->out);
        }
    }
    send_lane(self, at, OUTBOX_NOW);
    if (spec != NULL && spec->turn_end != NULL) {
        spec->turn_end(running->state, &self->now, running->out);
    }
    send_lane(self, at, OUTBOX_SYNCED);
    running->due = outbox_take_again(running->out);
}

static void deliver_due(struct sim *self)
{
    while (self->heap_count > 0 && self->heap[0].due_ms <= self->now.mono_ms) {
        struct parcel parcel = heap_pop(self);
        struct running *to = &self->processes[parcel.to];

        if (to->state != NULL && to->life == parcel.to_life &&
            self->now.mono_ms < to->paused_until_ms) {
            parcel.due_ms = to->paused_until_ms; /* waits in the socket, in order */
            heap_push(self, parcel);
            continue;
        }
        if (to->state != NULL && to->life == parcel.to_life &&
            self->processes[parcel.from].life == parcel.from_life) {
            hand_over(self, &parcel);
        }
        parcel_fini(&parcel);
    }
}

void sim_run(struct sim *self, int64_t ms)
{
    for (int64_t end_ms = self->now.mono_ms + ms; self->now.mono_ms < end_ms;) {
        deliver_due(self);
        for (unsigned i = 0; i < self->count; i++) {
            struct running *running = &self->processes[i];
            bool on_time = self->now.mono_ms % 50 == 0 || running->due ||
                           self->now.mono_ms >= running->tick_ms;

            if (running->state != NULL && self->now.mono_ms >= running->paused_until_ms &&
                on_time) {
                end_turn(self, i);
            }
        }
        self->now.mono_ms++;
        self->now.wall_ns += 1000000;
    }
}
