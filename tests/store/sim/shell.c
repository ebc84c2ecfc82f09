#include "tests/store/sim/shell.h"

#include <stdlib.h>

#include "common/base/array.h"

enum { first_cap = 16, hears_max_ms = 200, latency_max_ms = 2, turn_again_ms = 1 };

static const int64_t mono_offset_ms = 1000000;

void shell_init(struct shell *self, struct plan *plan, struct trace *trace,
                const struct shell_watch *watch)
{
    memset(self, 0, sizeof(*self));
    self->plan = plan;
    self->trace = trace;
    self->watch = *watch;
    self->count = 1 + plan->gateways;
    self->wall_ns = INT64_C(1700000000000000000);
}

static void empty(struct process *process)
{
    for (size_t i = 0; i < process->inbox_count; i++) {
        buf_fini(&process->inbox[i].bytes);
    }
    process->inbox_count = 0;
}

void shell_fini(struct shell *self)
{
    for (unsigned i = 0; i < shell_processes_max; i++) {
        empty(&self->processes[i]);
        free(self->processes[i].inbox);
    }
    post_fini(&self->post);
}

struct now shell_now(const struct shell *self)
{
    return (struct now){.mono_ms = self->now_ms + mono_offset_ms,
                        .wall_ns = self->wall_ns + self->now_ms * 1000000};
}

void shell_start(struct shell *self, unsigned process, const struct actor_spec *spec, void *state,
                 struct outbox *out, const struct actor_link *link)
{
    struct process *it = &self->processes[process];
    struct now now = shell_now(self);

    it->spec = spec;
    it->state = state;
    it->out = out;
    it->life++;
    it->paused_until_ms = 0;
    it->wake_ms = self->now_ms;
    if (link != NULL) {
        it->link = *link;
        it->hears_ms = self->now_ms + plan_between(self->plan, 0, hears_max_ms);
    }
    turn_init(&it->turn, spec, state, out, link != NULL ? &it->link : NULL, link != NULL,
              now.mono_ms);
    for (unsigned i = 1; process == shell_store && i < self->count; i++) {
        self->processes[i].hears_ms = self->now_ms + plan_between(self->plan, 0, hears_max_ms);
    }
}

void shell_gone(struct shell *self, unsigned process)
{
    struct process *it = &self->processes[process];

    it->state = NULL;
    if (plan_one_in(self->plan, 2)) {
        it->lost_lives |= UINT64_C(1) << (it->life % 64);
    } else {
        it->lost_lives &= ~(UINT64_C(1) << (it->life % 64));
    }
    empty(it);
}

void shell_pause(struct shell *self, unsigned process, int64_t ms)
{
    self->processes[process].paused_until_ms = self->now_ms + ms;
}

void shell_wake(struct shell *self, unsigned process, int64_t at_ms)
{
    struct process *it = &self->processes[process];

    it->wake_ms = at_ms < it->wake_ms ? at_ms : it->wake_ms;
}

/* ── what is sent ── */

static void send_to(struct shell *self, unsigned from, unsigned to, uint32_t to_life,
                    enum parcel_kind kind, struct str bytes)
{
    int64_t *last = &self->last_due[from][to][kind];
    struct parcel parcel = {.kind = kind,
                            .from = from,
                            .to = to,
                            .from_life = self->processes[from].life,
                            .to_life = to_life};

    parcel.due_ms = self->now_ms + plan_between(self->plan, 0, latency_max_ms + self->delay_ms);
    parcel.due_ms += from == shell_store ? self->sync_ms : 0;
    parcel.due_ms = parcel.due_ms > *last ? parcel.due_ms : *last;
    *last = parcel.due_ms;
    buf_add_str(&parcel.bytes, bytes);
    post_push(&self->post, parcel);
    self->messages++;
}

static void send_fact(struct shell *self, unsigned from, const struct outbox_item *item)
{
    if (from != shell_store || (!str_starts(item->topic, STR("store.revision")) &&
                                !str_starts(item->topic, STR("store.events")))) {
        return;
    }
    for (unsigned i = 1; i < self->count; i++) {
        const struct process *to = &self->processes[i];

        if (to->state == NULL || to->hears_ms > self->now_ms) {
            continue;
        }
        if (plan_below(self->plan, 100) < self->drop) {
            self->facts_dropped++;
            continue;
        }
        send_to(self, from, i, to->life, PARCEL_FACT, item->frame);
    }
}

static void send_command(struct shell *self, unsigned from, struct str frame)
{
    const struct process *store = &self->processes[shell_store];

    if (store->state != NULL) {
        send_to(self, from, shell_store, store->life, PARCEL_COMMAND, frame);
    } else if (plan_one_in(self->plan, 2)) { /* it waits in the gateway's socket */
        send_to(self, from, shell_store, 0, PARCEL_COMMAND, frame);
    }
}

static void send_reply(struct shell *self, unsigned from, const struct outbox_item *item)
{
    const uint8_t *bytes = item->address.bytes;
    uint32_t life = 0;

    memcpy(&life, bytes + 1, sizeof(life));
    if (bytes[0] != from) {
        send_to(self, from, bytes[0], life, PARCEL_REPLY, item->frame);
    }
}

struct sending {
    struct shell *shell;
    unsigned process;
};

static void send_lane(void *context, enum outbox_lane lane)
{
    const struct sending *sending = context;
    struct shell *self = sending->shell;
    struct outbox *out = self->processes[sending->process].out;
    struct outbox_item item;
    size_t cursor = 0;

    self->watch.sends(self->watch.context, sending->process, lane);
    while (outbox_next(out, lane, &cursor, &item)) {
        switch (item.kind) {
        case OUTBOX_REPLY:
            send_reply(self, sending->process, &item);
            break;
        case OUTBOX_COMMAND:
            send_command(self, sending->process, item.frame);
            break;
        case OUTBOX_FACT:
            send_fact(self, sending->process, &item);
            break;
        default:
            break;
        }
    }
    outbox_clear(out, lane);
}

/* ── what comes ── */

static struct address address_of(const struct parcel *parcel)
{
    struct address address = {.len = 1 + sizeof(parcel->from_life)};

    address.bytes[0] = (uint8_t)parcel->from;
    memcpy(address.bytes + 1, &parcel->from_life, sizeof(parcel->from_life));
    return address;
}

static void take(struct shell *self, unsigned process, const struct parcel *parcel,
                 const struct now *now)
{
    struct process *it = &self->processes[process];
    struct address from = address_of(parcel);
    struct str rest = buf_str(&parcel->bytes);
    struct msg msg;

    if (parcel->kind == PARCEL_FACT) {
        turn_fact(&it->turn, 0, rest, now);
        return;
    }
    while (rest.len > 0 && msg_decode(&rest, &msg) == ERR_OK) {
        if (parcel->kind == PARCEL_REPLY) {
            (void)turn_answer(&it->turn, 0, &msg, now);
        } else {
            self->watch.command(self->watch.context, parcel->from, parcel->from_life, &msg);
            (void)turn_command(&it->turn, &from, &msg, now);
        }
    }
}

static void take_inbox(struct shell *self, unsigned process, const struct now *now)
{
    struct process *it = &self->processes[process];
    size_t count =
        it->inbox_count < self->plan->batch_max ? it->inbox_count : self->plan->batch_max;

    for (size_t i = 0; i < count; i++) {
        take(self, process, &it->inbox[i], now);
        buf_fini(&it->inbox[i].bytes);
    }
    it->inbox_count -= count;
    if (count > 0) {
        memmove(it->inbox, it->inbox + count, it->inbox_count * sizeof(it->inbox[0]));
    }
}

static void turn(struct shell *self, unsigned process)
{
    struct process *it = &self->processes[process];
    struct sending sending = {self, process};
    struct now now = shell_now(self);
    int64_t due_ms;

    turn_begin(&it->turn, &now);
    take_inbox(self, process, &now);
    self->watch.guest(self->watch.context, process, &now);
    turn_time(&it->turn, &now);
    turn_end(&it->turn, &now, send_lane, &sending);
    if (!self->watch.turned(self->watch.context, process)) {
        return;
    }
    send_lane(&sending, OUTBOX_SYNCED);
    due_ms = turn_due_ms(&it->turn, &now);
    it->wake_ms = due_ms == INT64_MAX ? INT64_MAX : due_ms - mono_offset_ms;
    if (outbox_take_again(it->out) || it->inbox_count > 0 || it->wake_ms <= self->now_ms) {
        it->wake_ms = self->now_ms + turn_again_ms;
    }
    if (process == shell_store && self->sync_ms > 0) {
        shell_pause(self, process, self->sync_ms);
    }
}

static bool is_lost(const struct shell *self, const struct parcel *parcel)
{
    const struct process *from = &self->processes[parcel->from];
    const struct process *to = &self->processes[parcel->to];
    bool sender_died = parcel->from_life != from->life || from->state == NULL;

    if (sender_died && (from->lost_lives >> (parcel->from_life % 64) & 1) != 0) {
        return true;
    }
    return parcel->to_life != 0 && (to->state == NULL || parcel->to_life != to->life);
}

static void arrive(struct shell *self)
{
    while (post_due_ms(&self->post) <= self->now_ms) {
        struct parcel parcel = post_pop(&self->post);
        struct process *to = &self->processes[parcel.to];

        if (is_lost(self, &parcel)) {
            buf_fini(&parcel.bytes);
            continue;
        }
        ARRAY_ROOM(to->inbox, to->inbox_count, to->inbox_cap, first_cap);
        to->inbox[to->inbox_count++] = parcel;
        to->wake_ms = self->now_ms < to->wake_ms ? self->now_ms : to->wake_ms;
    }
}

static int64_t due_of(const struct process *process)
{
    if (process->state == NULL) {
        return INT64_MAX;
    }
    return process->wake_ms > process->paused_until_ms ? process->wake_ms
                                                       : process->paused_until_ms;
}

bool shell_step(struct shell *self, int64_t until_ms)
{
    int64_t next_ms;

    arrive(self);
    for (unsigned i = 0; i < self->count; i++) {
        if (due_of(&self->processes[i]) <= self->now_ms) {
            turn(self, i);
        }
    }
    next_ms = post_due_ms(&self->post);
    for (unsigned i = 0; i < self->count; i++) {
        int64_t due_ms = due_of(&self->processes[i]);

        next_ms = due_ms < next_ms ? due_ms : next_ms;
    }
    next_ms = next_ms > self->now_ms ? next_ms : self->now_ms;
    if (next_ms >= until_ms) {
        self->now_ms = until_ms;
        return false;
    }
    self->now_ms = next_ms;
    return true;
}
