#include "gateway/etcd/gateway.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/heap.h"
#include "gateway/etcd/election.h"
#include "gateway/etcd/errand.h"
#include "gateway/etcd/front.h"
#include "gateway/etcd/grpc_health.h"
#include "gateway/etcd/lock.h"
#include "gateway/etcd/upstream.h"
#include "gateway/etcd/watch_list.h"
#include "gateway/http/heap_trim.h"

enum {
    calls_max = 100 * 1000,
    kept_bytes_max = 16 * 1024 * 1024,
    parts_bytes_max = 1024 * 1024 * 1024,
    request_head_max = 512 * 1024, /* of a message, beyond the request: etcd's gRPC overhead */
    streams_max = 65536,
    request_ms = 5000, /* and two elections: etcd's ReqTimeout */
    listen_again_ms = 1000,
    watchers_max = 500 * 1000,
    watch_keys_bytes_max = 256 * 1024 * 1024,
    watch_response_bytes_max = 512 * 1024 * 1024,
    watch_requests_max = 100 * 1000, /* that wait for the store */
};

struct etcd_gateway {
    struct etcd_gateway_options options;
    struct upstream upstream;
    struct rpc_server calls; /* the upstream's */
    struct port *port;
    struct front *front;
    struct errands *errands;
    struct grpc_health *health;
    struct heap_trim heap_trim;
    bool listens;
    int64_t listen_ms; /* it could not: not before */
};

/* ── the port ── */

static void on_http1(void *state, int fd, const struct now *now)
{
    front_adopt(((struct etcd_gateway *)state)->front, fd, now);
}

/* It listens while the store is there, or was a short time ago. */
static void listen_or_not(struct etcd_gateway *self, const struct now *now)
{
    bool there = relay_is_up(self->upstream.relay);

    if (there && !self->listens && self->listen_ms <= now->mono_ms) {
        if (port_listen(self->port) == ERR_OK) {
            self->listens = true;
            log_event(self->options.log, LOG_INFO, "listening", "serving client requests",
                      log_text("address", self->options.listen));
        } else {
            self->listen_ms = now->mono_ms + listen_again_ms;
        }
    } else if (!there && self->listens &&
               now->mono_ms - self->upstream.view.heard_ms > 3 * self->options.election_ms) {
        self->listens = false;
        port_drain(self->port);
        log_event(self->options.log, LOG_WARN, "store_silent",
                  "clients are sent away until the store is back; its log says why",
                  log_int("silent_ms", now->mono_ms - self->upstream.view.heard_ms));
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
    relay_counts(self->upstream.relay, &calls);
    watches_counts(self->upstream.watches, &watches);
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

    upstream_enter(&self->upstream, now, out);
    if (self->upstream.failed != ERR_OK) {
        outbox_stop(out);
    }
    upstream_turn(&self->upstream, now);
    listen_or_not(self, now);
    grpc_health_turn(self->health);
    if (port_turn(self->port, now)) {
        outbox_again(out);
    }
    watches_turn(self->upstream.watches);
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
    upstream_enter(&((struct etcd_gateway *)state)->upstream, now, out);
}

static void on_answer(void *state, enum actor_name from, uint32_t index, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    struct etcd_gateway *self = state;

    (void)from;
    (void)index;
    if (msg->type == MSG_TYPE_COUNTERS) {
        front_counters(self->front, &msg->as_counters);
    } else {
        upstream_answer(&self->upstream, msg, now, out);
    }
}

static void on_publisher(void *state, const struct address *from, const struct msg *msg,
                         const struct now *now, struct outbox *out)
{
    (void)now;
    publisher_answer(&((struct etcd_gateway *)state)->upstream.publisher, from, msg, out);
}

static void on_tick(void *state, const struct now *now, struct outbox *out)
{
    (void)now;
    publisher_tick(&((struct etcd_gateway *)state)->upstream.publisher, out);
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
    int64_t due = upstream_due_ms(&self->upstream, now);
    int64_t dues[] = {port_due_ms(self->port), front_due_ms(self->front, now),
                      errands_due_ms(self->errands)};

    for (size_t i = 0; i < sizeof(dues) / sizeof(dues[0]); i++) {
        due = dues[i] < due ? dues[i] : due;
    }
    return due;
}

static struct position position(void *state)
{
    return ((const struct etcd_gateway *)state)->upstream.publisher.at;
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
    watch_list(self->upstream.watches, &msg->as_watchers, &store, &answer.as_watcher_list);
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
    return upstream_link(&self->upstream);
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
        .relay = self->upstream.relay,
        .store = &self->upstream.view,
        .watches = self->upstream.watches,
        .moment = &self->upstream.moment,
    };

    return front_new(&self->front, &options);
}

static void serve_composed(struct etcd_gateway *self)
{
    const struct rpc_server lock = {&lock_app, self->errands};
    const struct rpc_server election = {&election_app, self->errands};
    const struct rpc_server observe = {&observe_app, self->errands};
    const struct rpc_server health = {&grpc_health_app, self->health};

    upstream_serve(&self->upstream, ETCD_METHOD_LOCK, ETCD_METHOD_UNLOCK, lock);
    upstream_serve(&self->upstream, ETCD_METHOD_CAMPAIGN, ETCD_METHOD_RESIGN, election);
    upstream_serve(&self->upstream, ETCD_METHOD_OBSERVE, ETCD_METHOD_OBSERVE, observe);
    upstream_serve(&self->upstream, ETCD_METHOD_HEALTH_CHECK, ETCD_METHOD_HEALTH_WATCH, health);
}

static enum err new_port(struct etcd_gateway *self)
{
    const struct etcd_gateway_options *options = &self->options;
    struct port_options port = {
        .section = "etcd",
        .listen = options->listen,
        .reuse_port = options->reuse_port,
        .connections_max = options->connections_max,
        .h2 = {.message_max = options->request_max + request_head_max, .streams_max = streams_max},
        .log = options->log,
    };
    const struct port_app app = {.calls = self->calls, .http1 = on_http1, .state = self};

    front_join(self->front, &port.h2);
    return port_new(&self->port, &port, &app);
}

enum err etcd_gateway_new(struct etcd_gateway **self, const struct etcd_gateway_options *options,
                          const struct now *now)
{
    const struct upstream_options upstream = {
        .relay = {.to = ACTOR_STORE,
                  .calls_max = calls_max,
                  .kept_max = kept_bytes_max,
                  .parts_max = parts_bytes_max,
                  .answer_ms = request_ms + 2 * options->election_ms,
                  .wait_ms = options->election_ms},
        .watches = {.to = ACTOR_STORE,
                    .watchers_max = watchers_max,
                    .stream_watchers_max = watchers_max,
                    .waiting_max = watch_requests_max,
                    .stream_waiting_max = watch_requests_max,
                    .keys_max = watch_keys_bytes_max,
                    .request_max = options->request_max,
                    .response_max = watch_response_bytes_max,
                    .progress_interval_ms = options->progress_ms,
                    .seed = options->boot},
        .election_ms = options->election_ms,
        .index = options->index,
        .boot = options->boot,
        .log = options->log,
    };
    struct etcd_gateway *made = heap_new(sizeof(*made));
    enum err err;

    made->options = *options;
    upstream_init(&made->upstream, &upstream, now);
    made->calls = (struct rpc_server){&upstream_app, &made->upstream};
    made->errands = errands_new(&made->calls, &made->upstream.moment);
    made->health = grpc_health_new(made->upstream.relay);
    serve_composed(made);
    err = new_front(made);
    if (err == ERR_OK) {
        err = new_port(made);
    }
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
    it->upstream.moment = (struct moment){0};
    port_destroy(&it->port); /* first: open calls are gone */
    front_destroy(&it->front);
    errands_destroy(&it->errands);
    grpc_health_destroy(&it->health);
    upstream_fini(&it->upstream);
    free(it);
}

struct rpc_server etcd_gateway_calls(struct etcd_gateway *self)
{
    return self->calls;
}

const struct store_view *etcd_gateway_store(const struct etcd_gateway *self)
{
    return &self->upstream.view;
}

bool etcd_gateway_healthy(const struct etcd_gateway *self)
{
    return relay_is_up(self->upstream.relay) && self->upstream.view.lead != 0;
}

uint16_t etcd_gateway_port(const struct etcd_gateway *self)
{
    return port_number(self->port);
}

enum err etcd_gateway_failed(const struct etcd_gateway *self)
{
    return self->upstream.failed;
}
