#include "tests/store/sim/edge.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "common/runtime/publisher.h"
#include "gateway/etcd/keep_alive.h"
#include "gateway/etcd/relay.h"
#include "gateway/etcd/watch.h"

enum { store_tick_ms = 100, store_silent_ms = 500, request_ms = 5000 };

struct edge {
    int64_t election_ms;
    struct moment moment;
    struct relay *relay;
    struct keep_alives *keep_alives;
    struct watches *watches;
    struct follower *follower;
    struct publisher publisher;
    uint64_t boot, term, lead; /* of the store; 0: none */
    int64_t heard_ms;
    int64_t leaderless_ms; /* since then; INT64_MAX: it has one */
    bool failed;
};

/* ── calls ── */

static void pass_begin(void *state, struct rpc *rpc)
{
    (void)state;
    (void)rpc;
}

static void pass_message(void *state, struct rpc *rpc, struct str message)
{
    struct edge *self = state;

    relay_send(self->relay, rpc, message, self->moment.now, self->moment.out);
}

static void pass_gone(void *state, struct rpc *rpc)
{
    relay_gone(((struct edge *)state)->relay, rpc);
}

static const struct rpc_app pass_app = {
    .begin = pass_begin, .message = pass_message, .half_closed = pass_begin, .gone = pass_gone};

struct service {
    const struct rpc_app *app;
    void *state;
};

static struct service service_of(struct edge *self, enum etcd_method method)
{
    switch (method) {
    case ETCD_METHOD_WATCH:
        return (struct service){&watch_app, self->watches};
    case ETCD_METHOD_LEASE_KEEP_ALIVE:
        return (struct service){&keep_alive_app, self->keep_alives};
    default:
        return (struct service){&pass_app, self};
    }
}

static void serve_begin(void *state, struct rpc *rpc)
{
    struct edge *self = state;
    struct service service = service_of(self, rpc->method);

    if (rpc->needs_leader && self->boot != 0 && self->lead == 0) {
        rpc_end_error(rpc, ETCD_ERROR_NO_LEADER);
    } else {
        service.app->begin(service.state, rpc);
    }
}

static void serve_message(void *state, struct rpc *rpc, struct str message)
{
    struct service service = service_of(state, rpc->method);

    service.app->message(service.state, rpc, message);
}

static void serve_half_closed(void *state, struct rpc *rpc)
{
    struct service service = service_of(state, rpc->method);

    service.app->half_closed(service.state, rpc);
}

static void serve_gone(void *state, struct rpc *rpc)
{
    struct service service = service_of(state, rpc->method);

    service.app->gone(service.state, rpc);
}

const struct rpc_app edge_app = {.begin = serve_begin,
                                 .message = serve_message,
                                 .half_closed = serve_half_closed,
                                 .gone = serve_gone};

/* ── the store ── */

static void on_fact(void *state, const struct msg *msg, const struct now *now)
{
    struct edge *self = state;
    const struct msg_revision *fact = &msg->as_revision;

    if (msg->type == MSG_TYPE_REVISION && fact->term < self->term) {
        return; /* of a run that is over */
    }
    watches_fact(self->watches, msg);
    if (msg->type != MSG_TYPE_REVISION) {
        return;
    }
    if (fact->lead != 0) {
        self->leaderless_ms = INT64_MAX;
    } else if (self->leaderless_ms == INT64_MAX) {
        self->leaderless_ms = now->mono_ms;
    }
    self->boot = fact->boot;
    self->term = fact->term;
    self->lead = fact->lead;
    self->heard_ms = now->mono_ms;
    if (!relay_is_up(self->relay) || relay_boot(self->relay) != fact->boot) {
        relay_up(self->relay, fact->boot, now, self->moment.out);
    }
}

static void on_broken(void *state, unsigned type)
{
    (void)type;
    ((struct edge *)state)->failed = true;
}

static const struct follower_owner store_owner = {
    .jumps = true, .fact = on_fact, .broken = on_broken};

void edge_turn(struct edge *self, const struct now *now, struct outbox *out)
{
    int64_t patience_ms = 3 * self->election_ms;

    self->moment = (struct moment){now, out};
    if (self->boot == 0 || now->mono_ms - self->heard_ms > store_silent_ms) {
        relay_down(self->relay);
    }
    if (self->boot != 0 &&
        (now->mono_ms - self->heard_ms > patience_ms ||
         (self->leaderless_ms != INT64_MAX && now->mono_ms - self->leaderless_ms > patience_ms))) {
        keep_alives_no_leader(self->keep_alives);
        watches_no_leader(self->watches);
    }
    relay_turn(self->relay, now);
    watches_turn(self->watches);
}

static void on_turn_begin(void *state, const struct now *now, struct outbox *out)
{
    ((struct edge *)state)->moment = (struct moment){now, out};
}

static void on_answer(void *state, enum actor_name from, uint32_t index, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    struct edge *self = state;

    (void)from;
    (void)index;
    if (msg->type == MSG_TYPE_ANSWERED) {
        relay_answer(self->relay, msg, now, out);
    } else {
        watches_answer(self->watches, msg);
    }
}

static int64_t due_ms(void *state, const struct now *now)
{
    const struct edge *self = state;
    int64_t due = now->mono_ms + store_tick_ms;
    int64_t relay = relay_due_ms(self->relay);
    int64_t watches = watches_due_ms(self->watches);

    due = relay < due ? relay : due;
    return watches < due ? watches : due;
}

static struct position position(void *state)
{
    return ((const struct edge *)state)->publisher.at;
}

const struct actor_spec edge_spec = {
    .name = ACTOR_ETCD,
    .answer = on_answer,
    .turn_begin = on_turn_begin,
    .due_ms = due_ms,
    .position = position,
};

struct actor_link edge_link(struct edge *self)
{
    static const char *const topics[] = {"store.revision", "store.events", NULL};

    return (struct actor_link){.to = ACTOR_STORE, .follower = self->follower, .topics = topics};
}

struct edge *edge_new(struct plan *plan, const struct now *now)
{
    const struct watches_options watches = {.to = ACTOR_STORE,
                                            .watchers_max = plan->watchers_max,
                                            .stream_watchers_max = plan->watchers_max,
                                            .waiting_max = plan->watch_waiting_max,
                                            .stream_waiting_max = plan->watch_waiting_max,
                                            .keys_max = (size_t)1 << 20,
                                            .request_max = plan->fragment_bytes,
                                            .response_max = (size_t)512 << 20,
                                            .progress_interval_ms = plan->progress_ms,
                                            .seed = plan_below(plan, UINT64_MAX)};
    const struct relay_options relay = {.to = ACTOR_STORE,
                                        .calls_max = plan->calls_max,
                                        .kept_max = plan->kept_max,
                                        .answer_ms = request_ms + 2 * plan->election_ms,
                                        .wait_ms = plan->election_ms};
    struct edge *self = heap_new(sizeof(*self));

    self->election_ms = plan->election_ms;
    self->heard_ms = now->mono_ms;
    self->leaderless_ms = INT64_MAX;
    self->relay = relay_new(&relay);
    self->keep_alives = keep_alives_new(self->relay, &self->moment);
    self->watches = watches_open(&watches, self->relay, &self->moment);
    self->follower = follower_new(ACTOR_STORE, 0, store_tick_ms, &store_owner, self);
    publisher_init(&self->publisher, ACTOR_ETCD, 0, 1);
    return self;
}

void edge_destroy(struct edge **self)
{
    struct edge *gone = *self;

    if (gone == NULL) {
        return;
    }
    keep_alives_destroy(&gone->keep_alives);
    watches_close(&gone->watches);
    relay_destroy(&gone->relay);
    follower_destroy(&gone->follower);
    publisher_fini(&gone->publisher);
    free(gone);
    *self = NULL;
}

bool edge_failed(const struct edge *self)
{
    return self->failed;
}
