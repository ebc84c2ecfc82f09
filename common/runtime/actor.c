#include "common/runtime/actor.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/runtime/admin.h"
#include "common/runtime/links.h"
#include "common/runtime/lock.h"
#include "common/runtime/notify.h"
#include "common/runtime/sockets.h"
#include "common/runtime/turn.h"
#include "common/runtime/wait.h"

static const int64_t longest_sleep_ms = 1000;
static const int64_t patience_ms = 5000; /* then who has not been heard yet is named on the log */
static const size_t outbox_bytes = (size_t)64 << 20;

/* Every turn wakes who it sends to, and at the registry it is a write and a sync as well; so a turn
 * for each of a hundred clients costs several times what one for all of them does. Without a pause
 * a fast loop falls into that by itself: the first of many to speak again is taken alone. Who asked
 * for fewer than a crowd at once is never made to wait. */
enum { crowd_min = 4, gather_us = 100 };

struct actor {
    const struct actor_options *options;
    struct turn turn;
    struct sockets sockets;
    struct admin admin;
    struct notify notify; /* the service manager, if there is one */
    struct outbox *out;
    struct inbox commands;
    struct inbox door;
    struct inbox *answers; /* one a link */
    struct inbox fact;     /* what the other sockets brought last */
    zmq_pollitem_t *items; /* commands, facts, signals, guests, then dealer and sub of each link,
                            * then guard, door and the listeners' monitors, then the open ways */
    struct wait wait;
    int64_t cpu_us; /* this thread's, when the last turn ended */
    int signal_fd;
    int64_t patience_end_ms;
    bool waits;       /* some input is left over from this turn */
    bool told_to_end; /* by a signal */
};

enum { ITEM_COMMANDS, ITEM_FACTS, ITEM_SIGNALS, ITEM_GUESTS };
enum {
    ITEM_GUARD,
    ITEM_DOOR,
    ITEM_LISTENERS,
    ITEM_OTHERS = ITEM_LISTENERS + listeners_max
}; /* behind those of the links */

/* What a socket may still take up of a turn. What is beyond waits for the next,
 * which follows at once. */
struct budget {
    size_t messages;
    size_t bytes;
};

static const struct budget whole_budget = {1000, (size_t)4 << 20};
/* Facts are packed: so many bytes may be thousands of changes. */
static const struct budget facts_budget = {1000, (size_t)256 << 10};
static const size_t frame_cost_bytes = 1024; /* what an empty frame costs */

static bool is_spent(const struct budget *budget)
{
    return budget->messages == 0 || budget->bytes == 0;
}

static void spend_frame(struct budget *budget, size_t bytes)
{
    bytes += frame_cost_bytes;
    budget->bytes -= bytes < budget->bytes ? bytes : budget->bytes;
}

/* ── commands ── */

static void handle(struct actor *self, const struct address *from, const struct msg *msg,
                   const struct now *now)
{
    if (from->door) {
        self->admin.door_commands++;
    } else {
        self->admin.commands++;
    }
    if (!turn_command(&self->turn, from, msg, now) &&
        (from->door || !admin_answer(&self->admin, from, msg, now, self->out))) {
        admin_refuse(&self->admin, from, msg->type, msg_id(msg), self->out);
    }
}

/* The messages of the frame in hand, as far as the budget goes. */
static void take_commands(struct actor *self, struct inbox *in, struct budget *budget,
                          const struct now *now)
{
    struct str sender = in->frame.parts[0];
    struct address from = {.len = (uint8_t)sender.len, .door = in == &self->door};

    memcpy(from.bytes, sender.data, sender.len);
    if (from.door) {
        frame_sender_key(&in->frame, from.key);
    }
    while (in->rest.len != 0 && !is_spent(budget)) {
        struct msg msg;
        enum err err = msg_decode(&in->rest, &msg);

        budget->messages--;
        if (err == ERR_OK) {
            handle(self, &from, &msg, now);
            if (outbox_is_enough(self->out)) {
                budget->messages = 0;
            }
        } else if (err == ERR_UNSUPPORTED) {
            admin_refuse(&self->admin, &from, msg.type, msg.as_command.id, self->out);
        } else {
            self->admin.malformed++;
            in->rest.len = 0; /* where its next message begins can't be known */
        }
    }
}

/* The next frame of `count` parts into in. False: nothing waits or the budget is spent. */
static bool next_frame(struct actor *self, void *socket, struct inbox *in, unsigned count,
                       struct budget *budget)
{
    while (!is_spent(budget)) {
        switch (sockets_receive(&self->sockets, socket, &in->frame, count)) {
        case RECEIVED_NOTHING:
            return false;
        case RECEIVED_ODD:
            spend_frame(budget, 0);
            break;
        case RECEIVED:
            in->rest = in->frame.parts[count - 1];
            spend_frame(budget, in->rest.len);
            return true;
        }
    }
    self->waits = true;
    return false;
}

static zmq_pollitem_t *link_items(struct actor *self, size_t at)
{
    return &self->items[ITEM_GUESTS + self->options->guest_count + 2 * at];
}

static zmq_pollitem_t *other_items(struct actor *self)
{
    return link_items(self, self->options->link_count);
}

/* To ask a socket in vain costs libzmq two system calls, so only those are asked of which
 * wait_for has found that they hold something. */
static bool has_input(const zmq_pollitem_t *item)
{
    return (item->revents & ZMQ_POLLIN) != 0;
}

/* Of the commands socket, or of the door. */
static void drain_commands(struct actor *self, void *socket, const zmq_pollitem_t *item,
                           struct inbox *in, const struct now *now)
{
    struct budget budget = whole_budget;

    if (in->rest.len == 0 && !has_input(item)) {
        return;
    }
    while (in->rest.len != 0 || next_frame(self, socket, in, 2, &budget)) {
        if (in->frame.parts[0].len > sizeof(((struct address *)NULL)->bytes)) {
            self->admin.malformed++; /* it chose itself a longer name than we answer */
            in->rest.len = 0;
            continue;
        }
        take_commands(self, in, &budget, now);
        if (in->rest.len != 0) {
            self->waits = true;
            return;
        }
    }
}

/* ── the other inputs ── */

static void drain_answers(struct actor *self, size_t at, const struct now *now)
{
    struct inbox *in = &self->answers[at];
    struct budget budget = whole_budget;

    if (in->rest.len == 0 && !has_input(&link_items(self, at)[0])) {
        return;
    }
    while (in->rest.len != 0 || next_frame(self, self->sockets.links[at].dealer, in, 1, &budget)) {
        while (in->rest.len != 0 && !is_spent(&budget)) {
            struct msg msg;
            enum err err = msg_decode(&in->rest, &msg);

            budget.messages--;
            self->admin.answers++;
            if (err == ERR_MALFORMED) {
                self->admin.malformed++;
                in->rest.len = 0;
            }
            if (err == ERR_OK) {
                (void)turn_answer(&self->turn, at, &msg, now);
            }
        }
        if (in->rest.len != 0) {
            self->waits = true;
            return;
        }
    }
}

/* Answers that way `peer` brought. */
static void drain_way(struct actor *self, uint32_t peer, const struct now *now)
{
    struct peer_socket *way = &self->sockets.peers.ways[peer];
    struct budget budget = whole_budget;

    while (way->in.rest.len != 0 || next_frame(self, way->dealer, &way->in, 1, &budget)) {
        while (way->in.rest.len != 0 && !is_spent(&budget)) {
            struct msg msg;
            enum err err = msg_decode(&way->in.rest, &msg);

            budget.messages--;
            self->admin.peer_answers++;
            if (err == ERR_MALFORMED) {
                self->admin.malformed++;
                way->in.rest.len = 0;
            } else if (err == ERR_OK) {
                turn_peer_answer(&self->turn, peer, &msg, now);
            }
        }
        if (way->in.rest.len != 0) {
            self->waits = true;
            return;
        }
    }
}

static void drain_facts(struct actor *self, size_t at, const struct now *now)
{
    struct budget budget = facts_budget;

    if (!has_input(&link_items(self, at)[1])) {
        return;
    }
    while (next_frame(self, self->sockets.links[at].sub, &self->fact, 2, &budget)) {
        budget.messages--;
        self->admin.facts++;
        turn_fact(&self->turn, at, self->fact.rest, now);
    }
}

/* A subscription is one byte, 1 on or 0 off, and the prefix. */
static void drain_subscriptions(struct actor *self)
{
    struct budget budget = whole_budget;

    if (!has_input(&self->items[ITEM_FACTS])) {
        return;
    }
    while (next_frame(self, self->sockets.facts, &self->fact, 1, &budget)) {
        struct str body = self->fact.rest;

        budget.messages--;
        if (body.len != 0 && (unsigned char)body.data[0] <= 1) {
            struct str prefix = {body.data + 1, body.len - 1};
            bool on = body.data[0] == 1;

            if (outbox_subscribe(self->out, prefix, on) == ERR_FULL) {
                log_event(self->options->log, LOG_WARN, "subscriptions_full",
                          "over %zu different prefixes: every fact is encoded from now on",
                          outbox_subscription_count(self->out));
            }
        }
    }
}

static void read_signals(struct actor *self)
{
    struct signalfd_siginfo info;

    if (self->items[ITEM_SIGNALS].revents == 0) {
        return;
    }
    while (read(self->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        log_event(self->options->log, LOG_INFO, "stopping", "signal=%u from pid=%u", info.ssi_signo,
                  info.ssi_pid);
        self->told_to_end = true;
    }
}

static void end_if_told(struct actor *self, const struct now *now)
{
    const struct actor_spec *spec = self->options->spec;

    if (self->told_to_end &&
        (spec->may_stop == NULL || spec->may_stop(self->options->state, now, self->out))) {
        outbox_stop(self->out);
    }
}

/* ── turns ── */

/* When the next turn begins at the latest, mono ms. */
static int64_t due_ms(struct actor *self, const struct now *now)
{
    int64_t ping = notify_due_ms(&self->notify);
    int64_t own = turn_due_ms(&self->turn, now);
    int64_t due = now->mono_ms + longest_sleep_ms;

    due = ping < due ? ping : due;
    return own < due ? own : due;
}

static size_t items_max(const struct actor_options *options)
{
    return ITEM_GUESTS + options->guest_count + 2 * options->link_count + ITEM_OTHERS +
           outbox_peers_max;
}

static void lay_out_ways(struct actor *self)
{
    zmq_pollitem_t *items = &other_items(self)[ITEM_OTHERS];

    for (uint32_t i = 0; i < self->sockets.peers.count; i++) {
        void *dealer = self->sockets.peers.ways[self->sockets.peers.numbers[i]].dealer;

        items[i] = (zmq_pollitem_t){.socket = dealer, .events = ZMQ_POLLIN};
    }
    self->sockets.peers.changed = false;
    wait_anew(&self->wait, (size_t)(items - self->items), items_max(self->options));
}

/* Sockets that are used past sockets.c, which marks all others: they are asked each time. */
static void use_others(struct actor *self)
{
    used_add(&self->sockets.used, self->sockets.base.guard.socket);
    for (uint32_t i = 0; i < listeners_max; i++) {
        used_add(&self->sockets.used, self->sockets.base.listeners.of[i].monitor);
    }
}

static void sleep_until(struct actor *self, bool at_once)
{
    size_t count =
        ITEM_GUESTS + self->options->guest_count + ITEM_OTHERS + self->sockets.peers.count;
    int64_t wait_ms = 0;

    for (size_t i = 0; i < self->options->link_count; i++) {
        zmq_pollitem_t *items = link_items(self, i);

        items[0].events = (short)(ZMQ_POLLIN | (self->sockets.links[i].blocked ? ZMQ_POLLOUT : 0));
        count += 2;
    }
    if (self->sockets.peers.changed) {
        lay_out_ways(self);
    }
    if (!at_once) {
        struct now now = self->options->clock->now(self->options->clock);
        int64_t due = due_ms(self, &now);

        wait_ms = due > now.mono_ms ? due - now.mono_ms : 0;
    }
    use_others(self);
    wait_for(&self->wait, self->items, count, wait_ms, &self->sockets.used, self->options->clock);
}

static void take_links(struct actor *self, const struct now *now)
{
    for (size_t i = 0; i < self->options->link_count; i++) {
        struct socket_link *link = &self->sockets.links[i];
        struct follower *follower = self->options->links[i].follower;

        if (link->blocked && (link_items(self, i)[0].revents & ZMQ_POLLOUT) != 0) {
            link->blocked = false;
            if (follower != NULL) {
                follower_hurry(follower);
            }
        }
        drain_answers(self, i, now);
        if (follower != NULL) {
            drain_facts(self, i, now);
        }
    }
}

/* What other nodes ask and answer. The ways are as they were when wait_for looked: they are opened
 * and closed at a turn's end. */
static void take_others(struct actor *self, const struct now *now)
{
    const zmq_pollitem_t *items = other_items(self);

    listeners_step(&self->sockets.base.listeners, now->mono_ms, self->options->log);
    if (has_input(&items[ITEM_GUARD])) {
        curve_guard_answer(&self->sockets.base.guard, self->options->log);
    }
    if (self->sockets.peers.door != NULL) {
        drain_commands(self, self->sockets.peers.door, &items[ITEM_DOOR], &self->door, now);
    }
    for (uint32_t i = 0; i < self->sockets.peers.count; i++) {
        uint32_t peer = self->sockets.peers.numbers[i];

        if (has_input(&items[ITEM_OTHERS + i]) || self->sockets.peers.ways[peer].in.rest.len != 0) {
            drain_way(self, peer, now);
        }
    }
}

static void *guest_state(const struct actor *self, const struct actor_guest *guest)
{
    return guest->state != NULL ? guest->state : self->options->state;
}

static void take_guests(struct actor *self, const struct now *now)
{
    for (size_t i = 0; i < self->options->guest_count; i++) {
        const struct actor_guest *guest = &self->options->guests[i];

        if (guest->always || self->items[ITEM_GUESTS + i].revents != 0) {
            guest->ready(guest_state(self, guest), now, self->out);
        }
    }
}

static void end_guests(struct actor *self, const struct now *now)
{
    for (size_t i = 0; i < self->options->guest_count; i++) {
        const struct actor_guest *guest = &self->options->guests[i];

        if (guest->turn_end != NULL) {
            guest->turn_end(guest_state(self, guest), now, self->out);
        }
    }
}

static void send_lane(void *context, enum outbox_lane lane)
{
    struct actor *self = context;

    sockets_send(&self->sockets, self->options, self->out, lane);
}

static void tell_manager(struct actor *self, const struct now *now)
{
    const struct actor_options *options = self->options;
    const struct actor_spec *spec = options->spec;
    struct buf words = {0};
    bool ready;

    notify_ping(&self->notify, now->mono_ms);
    if (!notify_asks(&self->notify, now->mono_ms)) {
        return;
    }
    ready = spec->ready != NULL ? spec->ready(options->state, now, &words)
                                : links_ready(options, &words);
    notify_tell(&self->notify, ready, buf_str(&words), now->mono_ms);
    buf_fini(&words);
}

static void turn(struct actor *self)
{
    const struct clock *clock = self->options->clock;
    const struct now now = clock->now(clock);
    int64_t cpu_us;

    self->waits = false;
    turn_begin(&self->turn, &now);
    read_signals(self);
    drain_subscriptions(self);
    drain_commands(self, self->sockets.commands, &self->items[ITEM_COMMANDS], &self->commands,
                   &now);
    take_others(self, &now);
    take_links(self, &now);
    take_guests(self, &now);
    turn_time(&self->turn, &now);
    end_if_told(self, &now);
    turn_end(&self->turn, &now, send_lane, self);
    send_lane(self, OUTBOX_SYNCED);
    end_guests(self, &now);
    if (now.mono_ms >= self->patience_end_ms) { /* once */
        self->patience_end_ms = INT64_MAX;
        links_name_missing(self->options);
    }
    tell_manager(self, &now);
    if (outbox_take_trim(self->out)) {
        (void)malloc_trim(0);
    }
    cpu_us = clock->cpu_us(clock);
    self->admin.turns++;
    self->admin.full_turns += self->waits ? 1 : 0;
    if (cpu_us - self->cpu_us > self->admin.turn_cpu_us_max) {
        self->admin.turn_cpu_us_max = cpu_us - self->cpu_us;
    }
    self->cpu_us = cpu_us;
}

/* So many answers were just passed on to clients: lets the next questions of those come together.
 */
static void gather(struct actor *self, uint64_t answers)
{
    if (answers >= crowd_min) {
        self->admin.gathered++;
        wait_pause(gather_us);
    }
}

static void run_turns(struct actor *self)
{
    bool at_once = true; /* the first turn lets the followers ask */

    self->cpu_us = self->options->clock->cpu_us(self->options->clock);
    while (!outbox_stopping(self->out)) {
        uint64_t before = self->admin.answers;

        sleep_until(self, at_once);
        turn(self);
        at_once = outbox_take_again(self->out) || self->waits;
        if (!at_once) {
            gather(self, self->admin.answers - before);
        }
    }
    notify_stopping(&self->notify);
    if (self->options->spec->stop != NULL) {
        struct now now = self->options->clock->now(self->options->clock);

        self->options->spec->stop(self->options->state, &now, self->out);
        send_lane(self, OUTBOX_NOW);
        send_lane(self, OUTBOX_SYNCED);
    }
}

/* ── beginning and end ── */

/* Without a socket: an item that poll(2) passes over. */
static zmq_pollitem_t item_of(void *socket)
{
    return (zmq_pollitem_t){.socket = socket, .fd = -1, .events = ZMQ_POLLIN};
}

static void lay_out_items(struct actor *self)
{
    const struct actor_options *options = self->options;

    self->items[ITEM_COMMANDS] =
        (zmq_pollitem_t){.socket = self->sockets.commands, .events = ZMQ_POLLIN};
    self->items[ITEM_FACTS] = (zmq_pollitem_t){.socket = self->sockets.facts, .events = ZMQ_POLLIN};
    self->items[ITEM_SIGNALS] = (zmq_pollitem_t){.fd = self->signal_fd, .events = ZMQ_POLLIN};
    for (size_t i = 0; i < options->guest_count; i++) {
        self->items[ITEM_GUESTS + i] =
            (zmq_pollitem_t){.fd = options->guests[i].fd, .events = ZMQ_POLLIN};
    }
    for (size_t i = 0; i < options->link_count; i++) {
        zmq_pollitem_t *items = link_items(self, i);

        items[0] = (zmq_pollitem_t){.socket = self->sockets.links[i].dealer};
        items[1] = item_of(self->sockets.links[i].sub);
    }
    other_items(self)[ITEM_GUARD] = item_of(self->sockets.base.guard.socket);
    other_items(self)[ITEM_DOOR] = item_of(self->sockets.peers.door);
    for (uint32_t i = 0; i < listeners_max; i++) {
        other_items(self)[ITEM_LISTENERS + i] = item_of(self->sockets.base.listeners.of[i].monitor);
    }
}

static void actor_init(struct actor *self, const struct actor_options *options, struct str name)
{
    const struct actor_spec *spec = options->spec;

    *self = (struct actor){.options = options, .signal_fd = -1};
    self->out = outbox_new(outbox_bytes);
    self->answers = calloc(options->link_count + 1, sizeof(*self->answers));
    self->items = calloc(items_max(options), sizeof(*self->items));
    wait_init(&self->wait, items_max(options));
    assert(self->answers != NULL && self->items != NULL);
    self->admin = (struct admin){.options = options, .sockets = &self->sockets, .name = name};
    self->admin.started_ms = options->clock->now(options->clock).mono_ms;
    turn_init(&self->turn, spec, options->state, self->out, options->links, options->link_count,
              self->admin.started_ms + spec->tick_ms);
    self->patience_end_ms = self->admin.started_ms + patience_ms;
    outbox_subscribe(self->out, STR(""), false); /* from here on the set is kept: it is empty */
    if (notify_init(&self->notify) != ERR_OK) {
        log_event(options->log, LOG_WARN, "notify_socket_odd",
                  "NOTIFY_SOCKET is neither a path nor @name of a socket: nobody is told of this "
                  "process");
    }
}

static void actor_fini(struct actor *self)
{
    frame_fini(&self->commands.frame);
    frame_fini(&self->door.frame);
    frame_fini(&self->fact.frame);
    for (size_t i = 0; i < self->options->link_count; i++) {
        frame_fini(&self->answers[i].frame);
    }
    free(self->answers);
    wait_fini(&self->wait);
    free(self->items);
    sockets_close(&self->sockets);
    outbox_destroy(&self->out);
    if (self->signal_fd >= 0) {
        close(self->signal_fd);
    }
}

static enum err run(struct actor *self, const char *name)
{
    const struct actor_options *options = self->options;
    enum err err = sockets_open(&self->sockets, options);

    if (err == ERR_OK) {
        err = run_pid_write(options->run_dir, name, options->log);
    }
    if (err == ERR_OK) {
        lay_out_items(self);
        log_event(options->log, LOG_INFO, "started", "version=%s pid=%ld run_dir=%s",
                  MUSTER_VERSION, (long)getpid(), options->run_dir);
        run_turns(self);
        log_event(options->log, LOG_INFO, "stopped", "turns=%llu turn_cpu_us_max=%lld",
                  (unsigned long long)self->admin.turns, (long long)self->admin.turn_cpu_us_max);
    }
    return err;
}

enum err actor_run(const struct actor_options *options)
{
    struct actor self;
    struct buf name = {0};
    struct run_lock lock;
    sigset_t caught;
    sigset_t before;
    enum err err;

    actor_name_print(&name, options->spec->name, options->index);
    err = run_lock_take(&lock, options->run_dir, name.data, options->log);
    if (err != ERR_OK) {
        buf_fini(&name);
        return err;
    }
    sigemptyset(&caught);
    sigaddset(&caught, SIGTERM);
    sigaddset(&caught, SIGINT);
    sigprocmask(SIG_BLOCK, &caught, &before);
    signal(SIGPIPE, SIG_IGN);
    actor_init(&self, options, buf_str(&name));
    self.signal_fd = signalfd(-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC);
    assert(self.signal_fd >= 0);
    err = run(&self, name.data);
    actor_fini(&self);
    run_pid_remove(options->run_dir, name.data);
    run_lock_release(&lock);
    sigprocmask(SIG_SETMASK, &before, NULL);
    buf_fini(&name);
    return err;
}
