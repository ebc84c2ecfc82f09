#include "gateway/etcd/upstream.h"

enum { store_tick_ms = 100 };

/* ── calls ── */

static struct rpc_server service_of(const void *state, const struct rpc *rpc)
{
    const struct upstream *self = state;

    return timed_is_for(rpc) ? (struct rpc_server){&timed_app, self->timed}
                             : self->services[rpc->method];
}

static void serve_begin(void *state, struct rpc *rpc)
{
    const struct store_view *store = &((const struct upstream *)state)->view;
    struct rpc_server service = service_of(state, rpc);

    if (rpc->needs_leader && store->boot != 0 && store->lead == 0) {
        rpc_end_error(rpc, ETCD_ERROR_NO_LEADER);
        return;
    }
    service.app->begin(service.state, rpc);
}

static void serve_message(void *state, struct rpc *rpc, struct str message)
{
    struct rpc_server service = service_of(state, rpc);

    service.app->message(service.state, rpc, message);
}

static void serve_half_closed(void *state, struct rpc *rpc)
{
    struct rpc_server service = service_of(state, rpc);

    service.app->half_closed(service.state, rpc);
}

static void serve_gone(void *state, struct rpc *rpc)
{
    struct rpc_server service = service_of(state, rpc);

    service.app->gone(service.state, rpc);
}

const struct rpc_app upstream_app = {.begin = serve_begin,
                                     .message = serve_message,
                                     .half_closed = serve_half_closed,
                                     .gone = serve_gone};

/* ── calls that are the store's ── */

static void pass_begin(void *state, struct rpc *rpc)
{
    (void)state;
    (void)rpc;
}

static void pass_message(void *state, struct rpc *rpc, struct str message)
{
    struct upstream *self = state;

    relay_send(self->relay, rpc, message, self->moment.now, self->moment.out);
}

static void pass_gone(void *state, struct rpc *rpc)
{
    relay_gone(((struct upstream *)state)->relay, rpc);
}

static const struct rpc_app pass_app = {
    .begin = pass_begin, .message = pass_message, .half_closed = pass_begin, .gone = pass_gone};

void upstream_serve(struct upstream *self, enum etcd_method first, enum etcd_method last,
                    struct rpc_server by)
{
    for (unsigned i = first; i <= last; i++) {
        self->services[i] = by;
    }
}

/* ── what the store tells ── */

static void note_run(struct upstream *self, const struct msg_revision *fact)
{
    const struct store_view *store = &self->view;

    if (fact->boot != store->boot && fact->epoch == store->epoch && fact->term < store->term) {
        log_event(self->log, LOG_WARN, "store_went_back",
                  "the store runs on an older copy of its data: what was written since is not in "
                  "it; watches end",
                  log_int("revision", fact->revision), log_int("was", store->revision));
    }
}

static void on_revision(struct upstream *self, const struct msg_revision *fact,
                        const struct now *now)
{
    struct store_view *store = &self->view;

    note_run(self, fact);
    store->leader_changes += fact->lead != 0 && fact->lead != store->lead;
    if (fact->lead != 0) {
        store->leaderless_ms = INT64_MAX;
    } else if (store->leaderless_ms == INT64_MAX) {
        store->leaderless_ms = now->mono_ms;
    }
    store->epoch = fact->epoch;
    store->boot = fact->boot;
    store->revision = fact->revision;
    store->compacted = fact->compacted;
    store->cluster = fact->cluster;
    store->member = fact->member;
    store->term = fact->term;
    store->lead = fact->lead;
    store->heard_ms = now->mono_ms;
    if (!relay_is_up(self->relay) || relay_boot(self->relay) != fact->boot) {
        relay_up(self->relay, fact->boot, now, self->moment.out);
    }
}

/* A member's term only rises. What it said before comes later than an answer may have: they take
 * different ways. Where nothing else has been heard for long it is not late: the store runs on a
 * copy of an earlier day. */
static bool is_late(const struct upstream *self, const struct msg *msg, const struct now *now)
{
    const struct msg_revision *fact = &msg->as_revision;

    return msg->type == MSG_TYPE_REVISION && fact->epoch == self->view.epoch &&
           fact->term < self->view.term &&
           (fact->boot == self->view.boot ||
            now->mono_ms - self->view.heard_ms <= 3 * self->election_ms);
}

static void on_fact(void *state, const struct msg *msg, const struct now *now)
{
    struct upstream *self = state;

    if (is_late(self, msg, now)) {
        return;
    }
    watches_fact(self->watches, msg);
    if (msg->type == MSG_TYPE_REVISION) {
        on_revision(self, &msg->as_revision, now);
    }
}

static void on_broken(void *state, unsigned type)
{
    struct upstream *self = state;

    log_event(self->log, LOG_ERROR, "follower_broken",
              "the store tells of something that this gateway does not know: update it",
              log_uint("type", type));
    self->failed = ERR_UNSUPPORTED;
}

static const struct follower_owner store_owner = {
    .jumps = true, .fact = on_fact, .broken = on_broken};

struct actor_link upstream_link(struct upstream *self)
{
    static const char *const topics[] = {"store.revision", "store.events", NULL};

    return (struct actor_link){.to = ACTOR_STORE, .follower = self->follower, .topics = topics};
}

void upstream_answer(struct upstream *self, const struct msg *msg, const struct now *now,
                     struct outbox *out)
{
    if (msg->type == MSG_TYPE_ANSWERED) {
        relay_answer(self->relay, msg, now, out);
    } else {
        watches_answer(self->watches, msg); /* or it is an answer to nobody's question */
    }
}

/* ── turns ── */

void upstream_enter(struct upstream *self, const struct now *now, struct outbox *out)
{
    self->moment = (struct moment){now, out};
}

static int64_t later(int64_t at_ms, int64_t by_ms, const struct now *now)
{
    return at_ms + by_ms < now->mono_ms ? at_ms + by_ms : now->mono_ms;
}

/* Its facts may wait to be read. */
static void forgive(struct upstream *self, const struct now *now)
{
    int64_t stood_ms = now->mono_ms - self->turned_ms;
    struct store_view *store = &self->view;

    if (self->turned_ms != 0 && stood_ms > store_silent_ms) {
        store->heard_ms = later(store->heard_ms, stood_ms, now);
        if (store->leaderless_ms != INT64_MAX) {
            store->leaderless_ms = later(store->leaderless_ms, stood_ms, now);
        }
    }
    self->turned_ms = now->mono_ms;
}

void upstream_turn(struct upstream *self, const struct now *now)
{
    const struct store_view *store = &self->view;
    int64_t patience_ms = 3 * self->election_ms;

    forgive(self, now);
    if (store->boot == 0 || now->mono_ms - store->heard_ms > store_silent_ms) {
        relay_down(self->relay);
    }
    if (store->boot != 0 && (now->mono_ms - store->heard_ms > patience_ms ||
                             (store->leaderless_ms != INT64_MAX &&
                              now->mono_ms - store->leaderless_ms > patience_ms))) {
        keep_alives_no_leader(self->keep_alives);
        watches_no_leader(self->watches);
    }
    relay_turn(self->relay, now);
    timed_turn(self->timed);
}

int64_t upstream_due_ms(const struct upstream *self, const struct now *now)
{
    int64_t due = now->mono_ms + store_tick_ms; /* to see that the store is silent */
    int64_t relay = relay_due_ms(self->relay);
    int64_t watches = watches_due_ms(self->watches);
    int64_t timed = timed_due_ms(self->timed);

    due = relay < due ? relay : due;
    due = timed < due ? timed : due;
    return watches < due ? watches : due;
}

/* ── its life ── */

void upstream_init(struct upstream *self, const struct upstream_options *options,
                   const struct now *now)
{
    *self = (struct upstream){
        .election_ms = options->election_ms,
        .log = options->log,
        .view = {.leaderless_ms = INT64_MAX, .heard_ms = now->mono_ms},
        .relay = relay_new(&options->relay),
        .follower = follower_new(ACTOR_STORE, 0, store_tick_ms, &store_owner, self),
    };
    self->timed = timed_new(self->services, &self->moment);
    self->keep_alives = keep_alives_new(self->relay, &self->moment);
    self->watches = watches_open(&options->watches, self->relay, &self->moment);
    publisher_init(&self->publisher, ACTOR_ETCD, options->index, options->boot);
    upstream_serve(self, 1, ETCD_METHOD_END - 1, (struct rpc_server){&pass_app, self});
    upstream_serve(self, ETCD_METHOD_LEASE_KEEP_ALIVE, ETCD_METHOD_LEASE_KEEP_ALIVE,
                   (struct rpc_server){&keep_alive_app, self->keep_alives});
    upstream_serve(self, ETCD_METHOD_WATCH, ETCD_METHOD_WATCH,
                   (struct rpc_server){&watch_app, self->watches});
}

void upstream_fini(struct upstream *self)
{
    timed_destroy(&self->timed);
    keep_alives_destroy(&self->keep_alives);
    watches_close(&self->watches);
    relay_destroy(&self->relay);
    follower_destroy(&self->follower);
    publisher_fini(&self->publisher);
}
