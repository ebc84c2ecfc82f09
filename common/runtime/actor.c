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
#include "common/runtime/items.h"
#include "common/runtime/lines.h"
#include "common/runtime/links.h"
#include "common/runtime/lock.h"
#include "common/runtime/notify.h"
#include "common/runtime/turn.h"

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
    struct items items;
    uint64_t line; /* the next of the log to be published */
    int signal_fd;
    struct link_watch *watch; /* of each link */
    int64_t watch_due_ms;
    int64_t patience_end_ms;
    bool told_to_end; /* by a signal */
};

static void read_signals(struct actor *self)
{
    struct signalfd_siginfo info;

    if (!items_signals(&self->items)) {
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

/* Until the next turn begins at the latest. */
static int64_t sleep_ms(struct actor *self)
{
    const struct now now = self->options->clock->now(self->options->clock);
    int64_t ping = notify_due_ms(&self->notify);
    int64_t names = peer_sockets_due_ms(&self->sockets.peers, now.mono_ms);
    int64_t due = turn_due_ms(&self->turn, &now);

    due = ping < due ? ping : due;
    due = names < due ? names : due;
    if (due <= now.mono_ms) {
        return 0;
    }
    return due - now.mono_ms < longest_sleep_ms ? due - now.mono_ms : longest_sleep_ms;
}

static void take_links(struct actor *self, const struct now *now)
{
    for (size_t i = 0; i < self->options->link_count; i++) {
        struct socket_link *link = &self->sockets.links[i];
        struct follower *follower = self->options->links[i].follower;

        if (link->blocked && items_link_opened(&self->items, i)) {
            link->blocked = false;
            if (follower != NULL) {
                follower_hurry(follower);
            }
        }
        intake_answers(&self->intake, i, items_answers(&self->items, i), now);
        if (follower != NULL && items_link_facts(&self->items, i)) {
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
    listeners_step(&self->sockets.base.listeners, now->mono_ms, self->options->log);
    if (items_guard(&self->items)) {
        curve_guard_answer(&self->sockets.base.guard, self->options->log);
    }
    if (self->sockets.peers.door != NULL) {
        intake_door(&self->intake, items_door(&self->items), now);
    }
    for (uint32_t i = 0; i < self->sockets.peers.count; i++) {
        intake_way(&self->intake, self->sockets.peers.numbers[i], items_way(&self->items, i), now);
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

        if (guest->always || items_guest(&self->items, i)) {
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
    if (items_facts(&self->items)) {
        intake_subscriptions(&self->intake);
    }
    intake_commands(&self->intake, items_commands(&self->items), &now);
    take_others(self, &now);
    take_links(self, &now);
    take_guests(self, &now);
    turn_time(&self->turn, &now);
    end_if_told(self, &now);
    turn_end(&self->turn, &now, send_lane, self);
    publish_lines(self);
    send_lane(self, OUTBOX_SYNCED);
    if (peer_sockets_step(&self->sockets.peers, self->options, now.mono_ms)) {
        items_lay_out_door(&self->items);
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

        items_sleep(&self->items, at_once ? 0 : sleep_ms(self));
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

static void actor_init(struct actor *self, const struct actor_options *options, struct str name)
{
    const struct actor_spec *spec = options->spec;

    *self = (struct actor){.options = options, .signal_fd = -1};
    self->out = outbox_new(outbox_bytes);
    items_init(&self->items, options, &self->sockets);
    self->watch = heap_array(options->link_count + 1, sizeof(*self->watch));
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
    items_fini(&self->items);
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
        items_lay_out(&self->items, self->signal_fd);
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
