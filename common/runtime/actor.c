#include "common/runtime/actor.h"

#include <assert.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/clock_watch.h"
#include "common/base/heap.h"
#include "common/runtime/intake.h"
#include "common/runtime/lines.h"
#include "common/runtime/links.h"
#include "common/runtime/lock.h"
#include "common/runtime/notify.h"
#include "common/runtime/sockets.h"
#include "common/runtime/turn.h"
#include "common/runtime/wait.h"

static const int64_t longest_sleep_ms = 1000;
static const int64_t watch_ms = 500;     /* between two looks at who has fallen silent */
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
    struct clock_watch clock_watch;
    struct notify notify; /* the service manager, if there is one */
    struct outbox *out;
    struct intake intake;
    zmq_pollitem_t *items; /* commands, facts, signals, guests, then dealer and sub of each link,
                            * then guard, door and the listeners' monitors, then the open ways */
    struct wait wait;
    uint64_t line; /* the next of the log to be published */
    int signal_fd;
    struct link_watch *watch; /* of each link */
    int64_t watch_due_ms;
    int64_t patience_end_ms;
    bool told_to_end; /* by a signal */
};

enum { ITEM_COMMANDS, ITEM_FACTS, ITEM_SIGNALS, ITEM_GUESTS };
enum {
    ITEM_GUARD,
    ITEM_DOOR,
    ITEM_LISTENERS,
    ITEM_OTHERS = ITEM_LISTENERS + listeners_max
}; /* behind those of the links */

static zmq_pollitem_t *link_items(struct actor *self, size_t at)
{
    return &self->items[ITEM_GUESTS + self->options->guest_count + 2 * at];
}

static zmq_pollitem_t *other_items(struct actor *self)
{
    return link_items(self, self->options->link_count);
}

static bool has_input(const zmq_pollitem_t *item)
{
    return (item->revents & ZMQ_POLLIN) != 0;
}

/* Without a socket: an item that poll(2) passes over. */
static zmq_pollitem_t item_of(void *socket)
{
    return (zmq_pollitem_t){.socket = socket, .fd = -1, .events = ZMQ_POLLIN};
}

static void lay_out_monitors(struct actor *self)
{
    for (uint32_t i = 0; i < listeners_max; i++) {
        other_items(self)[ITEM_LISTENERS + i] = item_of(self->sockets.base.listeners.of[i].monitor);
    }
}

static void read_signals(struct actor *self)
{
    struct signalfd_siginfo info;

    if (self->items[ITEM_SIGNALS].revents == 0) {
        return;
    }
    while (read(self->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        log_event(self->options->log, LOG_INFO, "stopping", "a signal has come",
                  log_uint("signal", info.ssi_signo), log_uint("from_pid", info.ssi_pid));
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
        intake_answers(&self->intake, i, has_input(&link_items(self, i)[0]), now);
        if (follower != NULL && has_input(&link_items(self, i)[1])) {
            intake_facts(&self->intake, i, now);
        }
    }
}

static void follow_links(struct actor *self)
{
    for (size_t i = 0; i < self->options->link_count; i++) {
        sockets_follow(&self->sockets, i, turn_topics(&self->turn, i));
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
        intake_door(&self->intake, has_input(&items[ITEM_DOOR]), now);
    }
    for (uint32_t i = 0; i < self->sockets.peers.count; i++) {
        intake_way(&self->intake, self->sockets.peers.numbers[i],
                   has_input(&items[ITEM_OTHERS + i]), now);
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

static void publish_lines(struct actor *self)
{
    const struct actor_options *options = self->options;
    struct position at = options->spec->position(options->state);

    lines_publish(options->log, self->admin.name, &at, &self->line, self->out);
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

static void look_at_clock(struct actor *self, const struct now *now)
{
    int64_t by_ms = clock_watch_look(&self->clock_watch, now);

    if (by_ms != 0) {
        self->admin.clock_sets++;
        log_event(self->options->log, LOG_WARN, "clock_set",
                  "the time of day is another one than it was: ages and deadlines do not count by "
                  "it, timestamps do; see that the hosts of a cluster agree (NTP)",
                  log_int("by_ms", by_ms));
    }
}

static void turn(struct actor *self)
{
    const struct clock *clock = self->options->clock;
    const struct now now = clock->now(clock);

    self->intake.waits = false;
    look_at_clock(self, &now);
    turn_begin(&self->turn, &now);
    read_signals(self);
    if (has_input(&self->items[ITEM_FACTS])) {
        intake_subscriptions(&self->intake);
    }
    intake_commands(&self->intake, has_input(&self->items[ITEM_COMMANDS]), &now);
    take_others(self, &now);
    take_links(self, &now);
    take_guests(self, &now);
    turn_time(&self->turn, &now);
    end_if_told(self, &now);
    turn_end(&self->turn, &now, send_lane, self);
    publish_lines(self);
    send_lane(self, OUTBOX_SYNCED);
    if (peer_sockets_step(&self->sockets.peers, self->options, now.mono_ms)) {
        lay_out_monitors(self);
    }
    follow_links(self);
    end_guests(self, &now);
    if (now.mono_ms >= self->watch_due_ms) {
        self->watch_due_ms = now.mono_ms + watch_ms;
        links_watch(self->options, self->watch, &now);
    }
    if (now.mono_ms >= self->patience_end_ms) { /* once */
        self->patience_end_ms = INT64_MAX;
        links_name_missing(self->options);
    }
    tell_manager(self, &now);
    if (outbox_take_trim(self->out)) {
        (void)malloc_trim(0);
    }
    self->admin.turns++;
    self->admin.full_turns += self->intake.waits ? 1 : 0;
    turn_cost_add(&self->admin.cost, clock, &now);
}

/* The last turn passed answers on to many clients: lets the next questions of those come together.
 */
static void gather(struct actor *self, uint64_t answers_before)
{
    if (self->admin.answers - answers_before >= crowd_min) {
        self->admin.gathered++;
        wait_pause(gather_us);
    }
}

static void run_turns(struct actor *self)
{
    bool at_once = true; /* the first turn lets the followers ask */

    turn_cost_init(&self->admin.cost, self->options->clock);
    while (!outbox_stopping(self->out)) {
        uint64_t answers_before = self->admin.answers;

        sleep_until(self, at_once);
        turn(self);
        at_once = outbox_take_again(self->out) || self->intake.waits;
        if (!at_once) {
            gather(self, answers_before);
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
    lay_out_monitors(self);
}

static void actor_init(struct actor *self, const struct actor_options *options, struct str name)
{
    const struct actor_spec *spec = options->spec;

    *self = (struct actor){.options = options, .signal_fd = -1};
    self->out = outbox_new(outbox_bytes);
    self->items = heap_array(items_max(options), sizeof(*self->items));
    self->watch = heap_array(options->link_count + 1, sizeof(*self->watch));
    wait_init(&self->wait, items_max(options));
    self->admin = (struct admin){.options = options, .sockets = &self->sockets, .name = name};
    launched_read(&self->admin.launched);
    self->admin.started_ms = options->clock->now(options->clock).mono_ms;
    turn_init(&self->turn, spec, options->state, self->out, options->links, options->link_count,
              self->admin.started_ms + spec->tick_ms);
    intake_init(&self->intake, options, &self->sockets, &self->turn, &self->admin, self->out);
    self->patience_end_ms = self->admin.started_ms + patience_ms;
    outbox_subscribe(self->out, STR(""), false); /* from here on the set is kept: it is empty */
    if (notify_init(&self->notify) != ERR_OK) {
        log_event(options->log, LOG_WARN, "notify_socket_odd",
                  "NOTIFY_SOCKET is neither a path nor @name of a socket: nobody is told of "
                  "this process");
    }
}

static void actor_fini(struct actor *self)
{
    intake_fini(&self->intake);
    wait_fini(&self->wait);
    free(self->items);
    free(self->watch);
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
        log_event(options->log, LOG_INFO, "started", NULL, log_text("version", MUSTER_VERSION),
                  log_int("pid", getpid()), log_text("run_dir", options->run_dir));
        follow_links(self); /* before they are asked what there is */
        run_turns(self);
        log_event(options->log, LOG_INFO, "stopped", NULL, log_uint("turns", self->admin.turns),
                  log_int("turn_cpu_us_max", self->admin.cost.cpu_us_max));
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
