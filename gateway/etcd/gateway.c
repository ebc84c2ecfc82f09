#include "gateway/etcd/gateway.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/heap.h"
#include "common/runtime/publisher.h"
#include "gateway/etcd/election.h"
#include "gateway/etcd/errand.h"
#include "gateway/etcd/front.h"
#include "gateway/etcd/grpc_health.h"
#include "gateway/etcd/keep_alive.h"
#include "gateway/etcd/lock.h"
#include "gateway/etcd/watch.h"
#include "gateway/etcd/watch_list.h"
#include "gateway/http/heap_trim.h"

enum {
    calls_max = 100 * 1000,
    kept_bytes_max = 16 * 1024 * 1024,
    parts_bytes_max = 1024 * 1024 * 1024,
    request_head_max = 512 * 1024, /* of a message, beyond the request: etcd's gRPC overhead */
    streams_max = 65536,
    request_ms = 5000, /* and two elections: etcd's ReqTimeout */
    store_tick_ms = 100,
    listen_again_ms = 1000,
    watchers_max = 500 * 1000,
    watch_keys_bytes_max = 256 * 1024 * 1024,
    watch_response_bytes_max = 512 * 1024 * 1024,
    watch_requests_max = 100 * 1000, /* that wait for the store */
};

struct service {
    const struct rpc_app *app;
    void *state;
};

struct etcd_gateway {
    struct etcd_gateway_options options;
    struct moment moment;
    struct port *port;
    struct front *front;
    struct subcall_server calls; /* this */
    struct errands *errands;
    struct grpc_health *health;
    struct relay *relay;
    struct keep_alives *keep_alives;
    struct watches *watches;
    struct service services[ETCD_METHOD_END]; /* by method */
    struct follower *follower;                /* of the store */
    struct store_view store;
    struct publisher publisher; /* this process's own (empty) facts */
    struct heap_trim heap_trim;
    bool listens;
    int64_t listen_ms; /* it could not: not before */
    enum err failed;
};

/* ── calls ── */

static void serve_begin(void *state, struct rpc *rpc)
{
    struct etcd_gateway *self = state;
    const struct service *service = &self->services[rpc->method];

    if (rpc->needs_leader && self->store.boot != 0 && self->store.lead == 0) {
        rpc_end_error(rpc, ETCD_ERROR_NO_LEADER);
        return;
    }
    service->app->begin(service->state, rpc);
}

static void serve_message(void *state, struct rpc *rpc, struct str message)
{
    const struct service *service = &((struct etcd_gateway *)state)->services[rpc->method];

    service->app->message(service->state, rpc, message);
}

static void serve_half_closed(void *state, struct rpc *rpc)
{
    const struct service *service = &((struct etcd_gateway *)state)->services[rpc->method];

    service->app->half_closed(service->state, rpc);
}

static void serve_gone(void *state, struct rpc *rpc)
{
    const struct service *service = &((struct etcd_gateway *)state)->services[rpc->method];

    service->app->gone(service->state, rpc);
}

const struct rpc_app etcd_gateway_app = {.begin = serve_begin,
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
    struct etcd_gateway *self = state;

    relay_send(self->relay, rpc, message, self->moment.now, self->moment.out);
}

static void pass_gone(void *state, struct rpc *rpc)
{
    relay_gone(((struct etcd_gateway *)state)->relay, rpc);
}

static const struct rpc_app pass_app = {
    .begin = pass_begin, .message = pass_message, .half_closed = pass_begin, .gone = pass_gone};

static void lay_services(struct etcd_gateway *self)
{
    for (unsigned i = 1; i < ETCD_METHOD_END; i++) {
        self->services[i] = (struct service){&pass_app, self};
    }
    for (unsigned i = ETCD_METHOD_LOCK; i <= ETCD_METHOD_UNLOCK; i++) {
        self->services[i] = (struct service){&lock_app, self->errands};
    }
    for (unsigned i = ETCD_METHOD_CAMPAIGN; i <= ETCD_METHOD_RESIGN; i++) {
        self->services[i] = (struct service){&election_app, self->errands};
    }
    self->services[ETCD_METHOD_OBSERVE] = (struct service){&observe_app, self->errands};
    self->services[ETCD_METHOD_HEALTH_CHECK] = (struct service){&grpc_health_app, self->health};
    self->services[ETCD_METHOD_HEALTH_WATCH] = (struct service){&grpc_health_app, self->health};
    self->services[ETCD_METHOD_LEASE_KEEP_ALIVE] =
        (struct service){&keep_alive_app, self->keep_alives};
    self->services[ETCD_METHOD_WATCH] = (struct service){&watch_app, self->watches};
}

/* ── the store ── */

static void on_revision(struct etcd_gateway *self, const struct msg_revision *fact,
                        const struct now *now, struct outbox *out)
{
    struct store_view *store = &self->store;

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
        relay_up(self->relay, fact->boot, now, out);
    }
}

/* A member's term only rises. What it said before comes later than an answer may have: they take
 * different ways. */
static bool is_late(const struct etcd_gateway *self, const struct msg *msg)
{
    return msg->type == MSG_TYPE_REVISION && msg->as_revision.epoch == self->store.epoch &&
           msg->as_revision.term < self->store.term;
}

static void on_fact(void *state, const struct msg *msg, const struct now *now)
{
    struct etcd_gateway *self = state;

    if (is_late(self, msg)) {
        return;
    }
    watches_fact(self->watches, msg);
    if (msg->type == MSG_TYPE_REVISION) {
        on_revision(self, &msg->as_revision, now, self->moment.out);
    }
}

static void on_broken(void *state, unsigned type)
{
    struct etcd_gateway *self = state;

    log_event(self->options.log, LOG_ERROR, "follower_broken",
              "the store tells of something that this gateway does not know: update it",
              log_uint("type", type));
    self->failed = ERR_UNSUPPORTED;
}

static const struct follower_owner store_owner = {
    .jumps = true, .fact = on_fact, .broken = on_broken};

static void look_after_store(struct etcd_gateway *self, const struct now *now)
{
    const struct store_view *store = &self->store;
    int64_t patience_ms = 3 * self->options.election_ms;
    bool silent = store->boot == 0 || now->mono_ms - store->heard_ms > store_silent_ms;

    if (silent) {
        relay_down(self->relay);
    }
    if (store->boot != 0 && (now->mono_ms - store->heard_ms > patience_ms ||
                             (store->leaderless_ms != INT64_MAX &&
                              now->mono_ms - store->leaderless_ms > patience_ms))) {
        keep_alives_no_leader(self->keep_alives);
        watches_no_leader(self->watches);
    }
}

/* ── the port ── */

static void on_http1(void *state, int fd, const struct now *now)
{
    front_adopt(((struct etcd_gateway *)state)->front, fd, now);
}

static const struct port_app port_app = {
    .h2 = {.begin = serve_begin,
           .message = serve_message,
           .half_closed = serve_half_closed,
           .gone = serve_gone},
    .http1 = on_http1,
};

/* It listens while the store is there, or was a short time ago. */
static void listen_or_not(struct etcd_gateway *self, const struct now *now)
{
    bool there = relay_is_up(self->relay);

    if (there && !self->listens && self->listen_ms <= now->mono_ms) {
        if (port_listen(self->port) == ERR_OK) {
            self->listens = true;
            log_event(self->options.log, LOG_INFO, "listening", "serving client requests",
                      log_text("address", self->options.listen));
        } else {
            self->listen_ms = now->mono_ms + listen_again_ms;
        }
    } else if (!there && self->listens &&
               now->mono_ms - self->store.heard_ms > 3 * self->options.election_ms) {
        self->listens = false;
        port_drain(self->port);
        log_event(self->options.log, LOG_WARN, "store_silent",
                  "clients are sent away until the store is back; its log says why",
                  log_int("silent_ms", now->mono_ms - self->store.heard_ms));
    }
}

/* ── turns ── */

/* What many clients have left. After 16,000 connections it takes 80 ms, for which no call waits. */
static void give_back(struct etcd_gateway *self, const struct now *now)
{
    struct port_counts port;
    struct relay_counts calls;
    struct watches_counts watches;
    uint64_t connections;

    port_counts(self->port, &port);
    relay_counts(self->relay, &calls);
    watches_counts(self->watches, &watches);
    connections = port.connections + front_connections(self->front);
    if (heap_trim_is_due(&self->heap_trim, connections + watches.streams + watches.watchers,
                         now->mono_ms) &&
        calls.under_way == 0) {
        port_forget(self->port);
        front_forget(self->front);
        heap_trim_give_back(&self->heap_trim, now->mono_ms);
    }
}

static void on_port(void *state, const struct now *now, struct outbox *out)
{
    struct etcd_gateway *self = state;

    self->moment = (struct moment){now, out};
    if (self->failed != ERR_OK) {
        outbox_stop(out);
    }
    look_after_store(self, now);
    listen_or_not(self, now);
    relay_turn(self->relay, now);
    grpc_health_turn(self->health);
    if (port_turn(self->port, now)) {
        outbox_again(out);
    }
    watches_turn(self->watches);
    errands_turn(self->errands, now);
    port_flush(self->port);
    give_back(self, now);
}

static void on_http1_turn(void *state, const struct now *now, struct outbox *out)
{
    struct etcd_gateway *self = state;
    struct port_counts port;

    port_counts(self->port, &port);
    if (front_turn(self->front, &port, now)) {
        outbox_again(out);
    }
    errands_turn(self->errands, now);
    port_flush(self->port); /* what they have answered over HTTP/2 */
}

static void on_turn_begin(void *state, const struct now *now, struct outbox *out)
{
    ((struct etcd_gateway *)state)->moment = (struct moment){now, out};
}

static void on_answer(void *state, enum actor_name from, uint32_t index, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    struct etcd_gateway *self = state;

    (void)from;
    (void)index;
    if (msg->type == MSG_TYPE_ANSWERED) {
        relay_answer(self->relay, msg, now, out);
    } else if (msg->type == MSG_TYPE_COUNTERS) {
        front_counters(self->front, &msg->as_counters);
    } else {
        watches_answer(self->watches, msg); /* or it is an answer to nobody's question */
    }
}

static void on_publisher(void *state, const struct address *from, const struct msg *msg,
                         const struct now *now, struct outbox *out)
{
    (void)now;
    publisher_answer(&((struct etcd_gateway *)state)->publisher, from, msg, out);
}

static void on_tick(void *state, const struct now *now, struct outbox *out)
{
    (void)now;
    publisher_tick(&((struct etcd_gateway *)state)->publisher, out);
}

static void on_stop(void *state, const struct now *now, struct outbox *out)
{
    struct etcd_gateway *self = state;

    (void)now;
    (void)out;
    port_drain(self->port);
    port_flush(self->port);
}

static int64_t due_ms(void *state, const struct now *now)
{
    const struct etcd_gateway *self = state;
    int64_t due = now->mono_ms + store_tick_ms; /* to see that the store is silent */
    int64_t dues[] = {port_due_ms(self->port), relay_due_ms(self->relay),
                      front_due_ms(self->front, now), watches_due_ms(self->watches),
                      errands_due_ms(self->errands)};

    for (size_t i = 0; i < sizeof(dues) / sizeof(dues[0]); i++) {
        due = dues[i] < due ? dues[i] : due;
    }
    return due;
}

static struct position position(void *state)
{
    return ((const struct etcd_gateway *)state)->publisher.at;
}

static bool ready(void *state, const struct now *now, struct buf *words)
{
    const struct etcd_gateway *self = state;
    struct port_counts counts;

    (void)now;
    if (!self->listens) {
        buf_printf(words, "waits for the store");
        return false;
    }
    port_counts(self->port, &counts);
    buf_printf(words, "serves port %u, %" PRIu64 " connections", (unsigned)port_number(self->port),
               counts.connections);
    return true;
}

static void on_watchers(void *state, const struct address *from, const struct msg *msg,
                        const struct now *now, struct outbox *out)
{
    const struct etcd_gateway *self = state;
    struct msg answer = {.type = MSG_TYPE_WATCHER_LIST};
    struct buf store = {0};

    (void)now;
    watch_list(self->watches, &msg->as_watchers, &store, &answer.as_watcher_list);
    (void)outbox_reply(out, OUTBOX_NOW, from, &answer);
    buf_fini(&store);
}

static const struct actor_handler handlers[] = {
    {MSG_TYPE_WATCHERS, on_watchers},
    {MSG_TYPE_SNAPSHOT, on_publisher},
    {MSG_TYPE_FACTS, on_publisher},
};

const struct actor_spec etcd_gateway_spec = {
    .name = ACTOR_ETCD,
    .handlers = handlers,
    .handler_count = sizeof(handlers) / sizeof(handlers[0]),
    .answer = on_answer,
    .turn_begin = on_turn_begin,
    .tick = on_tick,
    .tick_ms = 1000,
    .due_ms = due_ms,
    .position = position,
    .ready = ready,
    .stop = on_stop,
};

struct actor_link etcd_gateway_link(struct etcd_gateway *self)
{
    static const char *const topics[] = {"store.revision", "store.events", NULL};

    return (struct actor_link){.to = ACTOR_STORE, .follower = self->follower, .topics = topics};
}

struct actor_guest etcd_gateway_guest(struct etcd_gateway *self)
{
    return (struct actor_guest){.fd = port_fd(self->port), .always = true, .ready = on_port};
}

struct actor_guest etcd_gateway_http1_guest(struct etcd_gateway *self)
{
    return (struct actor_guest){
        .fd = front_fd(self->front), .always = true, .ready = on_http1_turn};
}

/* ── its life ── */

static enum err new_front(struct etcd_gateway *self)
{
    const struct front_options options = {
        .version = self->options.version,
        .origins = self->options.origins,
        .origin_count = self->options.origin_count,
        .message_max = self->options.request_max + request_head_max,
        .connections_max = self->options.connections_max,
        .memory_max = self->options.memory_max,
        .sharers = self->options.sharers,
        .log = self->options.log,
        .calls = self->calls,
        .relay = self->relay,
        .store = &self->store,
        .watches = self->watches,
        .moment = &self->moment,
    };

    return front_new(&self->front, &options);
}

enum err etcd_gateway_new(struct etcd_gateway **self, const struct etcd_gateway_options *options,
                          const struct now *now)
{
    const struct relay_options relay = {
        .to = ACTOR_STORE,
        .calls_max = calls_max,
        .kept_max = kept_bytes_max,
        .parts_max = parts_bytes_max,
        .answer_ms = request_ms + 2 * options->election_ms,
        .wait_ms = options->election_ms,
    };
    struct port_options port = {
        .section = "etcd",
        .listen = options->listen,
        .reuse_port = options->reuse_port,
        .connections_max = options->connections_max,
        .h2 = {.message_max = options->request_max + request_head_max, .streams_max = streams_max},
        .log = options->log,
    };
    const struct watches_options watches = {
        .to = ACTOR_STORE,
        .watchers_max = watchers_max,
        .stream_watchers_max = watchers_max,
        .waiting_max = watch_requests_max,
        .stream_waiting_max = watch_requests_max,
        .keys_max = watch_keys_bytes_max,
        .request_max = options->request_max,
        .response_max = watch_response_bytes_max,
        .progress_interval_ms = options->progress_ms,
        .seed = options->boot,
    };
    struct etcd_gateway *made = heap_new(sizeof(*made));
    enum err err;

    made->options = *options;
    made->store.leaderless_ms = INT64_MAX;
    made->store.heard_ms = now->mono_ms;
    made->relay = relay_new(&relay);
    made->keep_alives = keep_alives_new(made->relay, &made->moment);
    made->watches = watches_open(&watches, made->relay, &made->moment);
    made->follower = follower_new(ACTOR_STORE, 0, store_tick_ms, &store_owner, made);
    publisher_init(&made->publisher, ACTOR_ETCD, options->index, options->boot);
    made->calls = (struct subcall_server){&etcd_gateway_app, made};
    made->errands = errands_new(&made->calls, &made->moment);
    made->health = grpc_health_new(made->relay);
    lay_services(made);
    err = new_front(made);
    if (err != ERR_OK) {
        etcd_gateway_destroy(&made);
        return err;
    }
    front_join(made->front, &port.h2);
    err = port_new(&made->port, &port, &port_app, made);
    if (err != ERR_OK) {
        etcd_gateway_destroy(&made);
        return err;
    }
    *self = made;
    return ERR_OK;
}

void etcd_gateway_destroy(struct etcd_gateway **self)
{
    struct etcd_gateway *it = *self;

    *self = NULL;
    if (it == NULL) {
        return;
    }
    it->moment = (struct moment){0};
    port_destroy(&it->port); /* first: open calls are gone */
    front_destroy(&it->front);
    errands_destroy(&it->errands);
    grpc_health_destroy(&it->health);
    keep_alives_destroy(&it->keep_alives);
    watches_close(&it->watches);
    relay_destroy(&it->relay);
    follower_destroy(&it->follower);
    publisher_fini(&it->publisher);
    free(it);
}

const struct store_view *etcd_gateway_store(const struct etcd_gateway *self)
{
    return &self->store;
}

bool etcd_gateway_healthy(const struct etcd_gateway *self)
{
    return relay_is_up(self->relay) && self->store.lead != 0;
}

uint16_t etcd_gateway_port(const struct etcd_gateway *self)
{
    return port_number(self->port);
}

enum err etcd_gateway_failed(const struct etcd_gateway *self)
{
    return self->failed;
}
