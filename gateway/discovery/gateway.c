#include "gateway/discovery/gateway.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/heap.h"
#include "common/base/resolver.h"
#include "gateway/bus/pending.h"
#include "gateway/bus/round.h"
#include "gateway/bus/scrape.h"
#include "gateway/discovery/description.h"
#include "gateway/discovery/early.h"
#include "gateway/discovery/form_origin.h"
#include "gateway/discovery/neighbour.h"
#include "gateway/discovery/openness.h"
#include "gateway/discovery/poll.h"
#include "gateway/discovery/replica.h"
#include "gateway/discovery/routes.h"
#include "gateway/discovery/settings.h"
#include "gateway/discovery/source.h"
#include "gateway/discovery/stream.h"
#include "gateway/discovery/write.h"
#include "gateway/operate/operate.h"
#include "gateway/web/web.h"

/* Listening waits so long for the first look-up of peers' names, which some nodes may have. */
static const int64_t names_wait_ms = 1000;
static const int64_t names_look_ms = 10; /* meanwhile it is asked about them so often */

static const int64_t idle_ms = 90000; /* of a connection; longer than SDKs' heartbeats are apart */

/* ── what the server calls ──────────────────────────────────────────────────*/

static void on_serve(void *state, struct request *request, const struct now *now)
{
    route_serve(state, request, now);
}

static struct response *on_refuse(void *state, int status, const char *text)
{
    return route_refuse(state, status, text);
}

/* Polls first: to them it is what the end of their time is. */
static bool on_spare(void *state, const struct now *now)
{
    struct gateway *self = state;

    return polls_spare(self, now) || streams_spare(self) || operate_spare(self->operate);
}

static const struct str headers[] = {{"X1-Bmspy-Timeout", 16}, /* HEADER_BMSPY_TIMEOUT */
                                     {"Traceparent", 11}};     /* HEADER_TRACEPARENT */

static const struct http_app app = {
    .serve = on_serve,
    .gone = parked_gone,
    .refuse = on_refuse,
    .spare = on_spare,
    .own = &bind_own,
    .headers = headers,
    .header_count = sizeof(headers) / sizeof(headers[0]),
};

/* ── listening ──────────────────────────────────────────────────────────────*/

static void fail(struct gateway *self)
{
    self->failed = true;
    outbox_stop(self->out);
}

/* Once the first catch-up is done: before it, answers would be wrong. And once it is known whose
 * forms are believed. */
static bool may_listen(const struct gateway *self, const struct now *now)
{
    return !self->listens && !self->failed && replica_ready(self->replica) &&
           (form_origin_is_settled(self->form_origin) ||
            now->mono_ms - self->begun_ms >= names_wait_ms);
}

static void listen_when_ready(struct gateway *self, const struct now *now)
{
    if (!may_listen(self, now)) {
        return;
    }
    if (http_listen(self->http) != ERR_OK) {
        fail(self);
        return;
    }
    settings_leave(self->config, http_port(self->http), self->log);
    self->listens = true;
    log_event(self->log, LOG_INFO, "listening", NULL,
              log_text("address", self->config->gateway_listen),
              log_uint("port", http_port(self->http)));
}

/* ── making and ending one ──────────────────────────────────────────────────*/

static void add_links(struct gateway *self, enum actor_name to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        self->links[self->link_count++] = (struct actor_link){.to = to, .index = (uint32_t)i};
    }
}

/* The replica's links; and, for their STATS, every gateway of this node, this one too, and the
 * store with its gateways, if it has one. */
static void lay_links(struct gateway *self)
{
    const struct actor_link *followed = replica_links(self->replica);
    const struct config *config = self->config;
    size_t gateways = (size_t)config->gateway_processes;
    size_t etcds = config->store_enabled ? (size_t)config->etcd_processes : 0;

    if (gateways <= config->index) {
        gateways = (size_t)config->index + 1;
    }
    self->links = heap_array(replica_link_count + gateways + 1 + etcds, sizeof(*self->links));
    for (size_t i = 0; i < replica_link_count; i++) {
        self->links[self->link_count++] = followed[i];
    }
    add_links(self, ACTOR_GATEWAY, gateways);
    add_links(self, ACTOR_STORE, config->store_enabled ? 1 : 0);
    add_links(self, ACTOR_ETCD, etcds);
}

static enum err open_http(struct gateway *self)
{
    const struct config *config = self->config;
    struct http_options options = {
        .section = "gateway",
        .listen = config->gateway_listen,
        .reuse_port = config->gateway_processes > 1,
        .pool_bytes = (size_t)config->gateway_pool,
        .body_max_bytes = (size_t)config->gateway_body_max,
        .idle_ms = idle_ms,
        .connections_max = (uint64_t)config->gateway_connections_max,
        .memory_max = (uint64_t)config->gateway_memory_max,
        .sharers = (unsigned)config->gateway_processes,
        .log = self->log,
    };

    return http_new(&self->http, &options, &app, self);
}

static const char *machine_name(char *name, size_t size)
{
    if (gethostname(name, size) != 0) {
        name[0] = '\0';
    }
    name[size - 1] = '\0';
    return name;
}

enum err gateway_new(struct gateway **self, const struct config *config, struct log *log,
                     const struct clock *clock, uint64_t seed)
{
    struct gateway *gateway = heap_new(sizeof(*gateway));
    char machine[256];
    struct now now;
    enum err err;

    gateway->config = config;
    gateway->log = log;
    gateway->clock = clock;
    gateway->id = seed;
    gateway->replica = replica_new_seeded(config->gateway_renew_refresh, log, seed);
    gateway->polls = polls_new(gateway->replica, seed);
    gateway->streams = streams_new(gateway->replica);
    gateway->pending = pending_writes_new(config, seed);
    gateway->early = early_new();
    gateway->form_origin = form_origin_new(config);
    gateway->resolver = resolver_new();
    gateway->web = web_new();
    gateway->neighbour = neighbour_new(config, machine_name(machine, sizeof(machine)));
    lay_links(gateway);
    gateway->round = round_new(gateway->links, gateway->link_count);
    gateway->scrape = scrape_new(gateway->round);
    publisher_init(&gateway->publisher, ACTOR_GATEWAY, config->index, seed);
    now = clock->now(clock);
    gateway->begun_ms = now.mono_ms;
    source_tick(gateway, &now);
    if (config->index == 0) { /* each further one says the same */
        openness_warn(config, log);
    }
    err = open_http(gateway);
    if (err != ERR_OK) {
        gateway_destroy(&gateway);
        return err;
    }
    gateway->operate = description_new(gateway);
    *self = gateway;
    return ERR_OK;
}

void gateway_destroy(struct gateway **self)
{
    struct gateway *it = *self;

    *self = NULL;
    if (it == NULL) {
        return;
    }
    if (it->listens) {
        settings_remove(it->config);
    }
    http_destroy(&it->http); /* first: whoever is parked is told */
    operate_destroy(&it->operate);
    scrape_destroy(&it->scrape);
    round_destroy(&it->round);
    early_destroy(&it->early);
    form_origin_destroy(&it->form_origin);
    resolver_destroy(&it->resolver);
    web_destroy(&it->web);
    neighbour_destroy(&it->neighbour);
    pending_destroy(&it->pending);
    streams_destroy(&it->streams);
    polls_destroy(&it->polls);
    replica_destroy(&it->replica);
    publisher_fini(&it->publisher);
    free(it->links);
    free(it);
}

/* ── turns ──────────────────────────────────────────────────────────────────*/

void gateway_turn(void *state, const struct now *now, struct outbox *out)
{
    struct gateway *self = state;
    const char *broken = replica_broken(self->replica);
    bool written = writes_ready(self);

    self->out = out;
    http_time(self->http, now);
    if (broken != NULL && !self->failed) {
        log_event(self->log, LOG_ERROR, "follower_broken",
                  "this gateway is older than what it follows: update it",
                  log_text("reason", broken));
        fail(self);
    }
    source_turn(self, now);
    listen_when_ready(self, now);
    /* Answers first, so that the server sends them in this very turn. */
    early_turn(self, now);
    writes_turn(self, now);
    if (written && polls_due_ms(self->polls) <= now->mono_ms) {
        /* Who made a change is not kept waiting behind all who are told of it. */
        (void)http_turn(self->http, now);
    }
    polls_turn(self, now);
    streams_turn(self, now);
    operate_turn(self->operate, now, out);
    round_turn(self->round, now);
    if (http_turn(self->http, now)) {
        outbox_again(out);
    }
    self->out = NULL;
}

/* The followers' own steps come after the guests: what they brought is not left
 * until something else wakes the loop. */
static void on_turn_end(void *state, const struct now *now, struct outbox *out)
{
    const struct gateway *self = state;

    if (may_listen(self, now) || writes_ready(self)) {
        outbox_again(out);
    }
}

static void on_answer(void *state, enum actor_name from, uint32_t index, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    struct gateway *self = state;

    (void)out;
    if (msg->type == MSG_TYPE_RESULT && from == ACTOR_REGISTRY) {
        writes_result(self, msg, now);
    } else if (msg->type == MSG_TYPE_COUNTERS) {
        round_counters(self->round, from, index, msg, now);
    } else if (msg->type == MSG_TYPE_NODE_LIST && from == ACTOR_REPLICATOR) {
        operate_nodes(self->operate, &msg->as_node_list, now);
    } else if (msg->type == MSG_TYPE_TAIL) {
        operate_lines(self->operate, from, index, &msg->as_tail);
    } /* anything else is an answer to nobody's question */
}

static void on_publisher(void *state, const struct address *from, const struct msg *msg,
                         const struct now *now, struct outbox *out)
{
    struct gateway *self = state;

    (void)now;
    publisher_answer(&self->publisher, from, msg, out);
}

static void on_tick(void *state, const struct now *now, struct outbox *out)
{
    struct gateway *self = state;

    if (replica_has_shrunk(self->replica)) {
        outbox_trim(out);
    }
    publisher_tick(&self->publisher, out);
    source_tick(self, now);
    operate_tick(self->operate, now);
}

static int64_t due_ms(void *state, const struct now *now)
{
    const struct gateway *self = state;
    const int64_t dues[] = {http_due_ms(self->http, now),
                            pending_due_ms(self->pending),
                            polls_due_ms(self->polls),
                            streams_due_ms(self->streams),
                            operate_due_ms(self->operate),
                            round_due_ms(self->round),
                            early_due_ms(self->early),
                            self->listens || resolver_is_idle(self->resolver)
                                ? INT64_MAX
                                : now->mono_ms + names_look_ms};
    int64_t due = INT64_MAX;

    for (size_t i = 0; i < sizeof(dues) / sizeof(dues[0]); i++) {
        due = dues[i] < due ? dues[i] : due;
    }
    return due;
}

static struct position position(void *state)
{
    const struct gateway *self = state;

    return self->publisher.at;
}

/* In words, for a service manager. */
static bool ready(void *state, const struct now *now, struct buf *words)
{
    const struct gateway *self = state;
    struct http_counts http;
    int64_t stale_ms = replica_stale_ms(self->replica, now);

    if (!self->listens) {
        buf_printf(words, "waits for the registry's state");
        return false;
    }
    http_counts(self->http, &http);
    buf_printf(words, "serves port %u, %" PRIu64 " connections, %" PRIu64 " requests waiting",
               (unsigned)http_port(self->http), http.connections, http.parked);
    if (stale_ms > 0) {
        buf_printf(words, "; the registry has been silent for %" PRId64 " s", stale_ms / 1000);
    }
    return true;
}

static const struct actor_handler handlers[] = {
    {MSG_TYPE_SNAPSHOT, on_publisher},
    {MSG_TYPE_FACTS, on_publisher},
};

const struct actor_spec gateway_spec = {
    .name = ACTOR_GATEWAY,
    .handlers = handlers,
    .handler_count = sizeof(handlers) / sizeof(handlers[0]),
    .answer = on_answer,
    .turn_end = on_turn_end,
    .tick = on_tick,
    .tick_ms = 1000,
    .due_ms = due_ms,
    .position = position,
    .count = gateway_count,
    .ready = ready,
};
