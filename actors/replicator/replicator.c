#include "actors/replicator/replicator.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/replicator/answered.h"
#include "actors/replicator/facts.h"
#include "actors/replicator/http_peers.h"
#include "actors/replicator/last_heard.h"
#include "actors/replicator/link.h"
#include "actors/replicator/link_state.h"
#include "actors/replicator/reach.h"
#include "actors/replicator/relay.h"
#include "actors/replicator/repair.h"
#include "actors/replicator/state.h"
#include "common/base/heap.h"

static const int64_t tick_ms = 1000;
/* A turn that comes so much later than the last: this process stood still. */
static const int64_t stood_ms = 2500;

static const char *const topics[] = {"registry.turn", "registry.protect", "registry.storage", NULL};
/* While there is nobody to pass them on to, each change would wake this process for nothing: it
 * asks for those of a second together, at the tick, or as soon as a node may have come. */
static const char *const topics_alone[] = {"registry.turn.", "registry.protect", "registry.storage",
                                           NULL};

/* ── time ───────────────────────────────────────────────────────────────────*/

/* After a standstill what waits in the sockets is as old: what others are told of it is older by
 * that, and what we wait for may be there. */
static void turn_begin(void *state, const struct now *now, struct outbox *out)
{
    struct replicator *self = state;
    int64_t gap_ms = now->mono_ms - self->turn_ms;

    (void)out;
    if (self->turn_ms >= 0 && gap_ms > stood_ms) {
        log_event(self->log, LOG_WARN, "stood_still", "nobody was heard meanwhile",
                  log_int("ms", gap_ms));
        self->lag_ms = self->lag_ms > gap_ms ? self->lag_ms : gap_ms;
        inflight_forgive(self->inflight, gap_ms);
        self->last_tick.heard_ms = now->mono_ms;
    }
    self->turn_ms = now->mono_ms;
}

/* ── answers ────────────────────────────────────────────────────────────────*/

static void on_answer(void *state, enum actor_name from, uint32_t index, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    struct replicator *self = state;
    struct ask ask;

    (void)from;
    (void)index;
    if (msg->type == MSG_TYPE_RESULT &&
        own_instance_answer(&self->own_instance, &msg->as_result, now)) {
        leaving_answered(self, msg->as_result.seq);
    } else if (inflight_of(self->inflight, msg_id(msg), ASK_REGISTRY, 0) &&
               inflight_take(self->inflight, msg_id(msg), &ask)) {
        replicator_answered(self, &ask, msg, now, out);
    }
}

static void on_peer_answer(void *state, uint32_t peer, const struct msg *msg, const struct now *now,
                           struct outbox *out)
{
    struct replicator *self = state;
    struct ask ask;

    if (inflight_of(self->inflight, msg_id(msg), ASK_PEER, peer) &&
        inflight_take(self->inflight, msg_id(msg), &ask)) {
        replicator_answered(self, &ask, msg, now, out);
    }
}

/* ── turns ──────────────────────────────────────────────────────────────────*/

static bool is_in_step(const struct replicator *self, const struct peer *peer)
{
    switch (peer->way) {
    case WAY_MUSTER:
        return link_is_drained(&peer->link) && repair_is_equal(self, peer);
    case WAY_HTTP:
        return peer->status == NODE_UP && posts_waiting(self->posts, peers_number(self, peer)) == 0;
    case WAY_SEEK:
        return false;
    case WAY_NONE:
        break;
    }
    return true; /* nobody we talk with */
}

/* Gateways let polls wait for it: said when it changes. */
static void look_who_is_in_step(struct replicator *self)
{
    bool in_step = !sync_takes_whole(self);

    for (struct peer *peer = NULL; in_step && (peer = peers_next(self, peer)) != NULL;) {
        in_step = peer->alias || is_in_step(self, peer);
    }
    self->nodes_changed = self->nodes_changed || in_step != self->in_step;
    self->in_step = in_step;
}

static void publish_nodes(struct replicator *self, const struct now *now, struct outbox *out)
{
    struct buf store = {0};
    struct msg msg;

    peers_nodes_msg(self, now, &msg, &store);
    publisher_publish(&self->publisher, "replicator.nodes", &msg, true, out);
    buf_fini(&store);
}

/* The registry's tick has come whole. */
static void pass_on(struct replicator *self, const struct now *now, struct outbox *out)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        repair_tick(self, peer, now, out);
        link_tick(self, peer, now, out);
    }
    look_who_is_in_step(self);
    http_peers_tick(self, now, out);
    self->last_tick.zone.len = 0;
    self->last_tick.everywhere.len = 0;
    self->last_tick.due = false;
}

static void greet(struct replicator *self, const struct now *now, struct outbox *out)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->link.state == LINK_GREETING) {
            link_greet(self, peer, now, out);
        }
    }
}

/* A connection takes a moment, or as long as the other's start: sooner than the tick, for a while.
 */
static void greet_soon(struct replicator *self, const struct now *now, struct outbox *out)
{
    if (now->mono_ms < self->greet.due_ms) {
        return;
    }
    greet(self, now, out);
    self->greet.pause_ms *= 2;
    self->greet.due_ms =
        self->greet.pause_ms < tick_ms ? now->mono_ms + self->greet.pause_ms : INT64_MAX;
}

static void turn_end(void *state, const struct now *now, struct outbox *out)
{
    struct replicator *self = state;

    if (self->broken || self->members.name_taken) {
        outbox_stop(out);
        return;
    }
    own_instance_step(&self->own_instance, &self->last_id, now, out);
    members_step(self, now, out);
    namesake_step(self, now, out);
    greet_soon(self, now, out);
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        link_step(self, peer, now, out);
    }
    if (self->last_tick.due) {
        pass_on(self, now, out);
    }
    last_heard_step(self, now, out);
    http_peers_step(self, now, out);
    sync_step(self, now, out);
    leaving_step(self, now, out);
    if (self->nodes_changed) {
        look_who_is_in_step(self);
        self->nodes_changed = false;
        publish_nodes(self, now, out);
    }
}

static void on_tick(void *state, const struct now *now, struct outbox *out)
{
    struct replicator *self = state;

    replicator_overdue(self, now, out);
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        link_age(peer);
    }
    greet(self, now, out);
    members_tick(self, now, out);
    namesake_tick(self, now);
    publisher_tick(&self->publisher, out);
}

/* When turn_end has something to do; all else that is due waits for the tick. */
static int64_t due_ms(void *state, const struct now *now)
{
    const struct replicator *self = state;
    int64_t due = self->own_instance.held ? namesake_due_ms(self) : self->own_instance.due_ms;

    (void)now;
    due = sync_due_ms(self) < due ? sync_due_ms(self) : due;
    due = self->greet.due_ms < due ? self->greet.due_ms : due;
    return self->leaving.on && self->leaving.until_ms < due ? self->leaving.until_ms : due;
}

static void on_ask(void *state, const struct address *from, const struct msg *msg,
                   const struct now *now, struct outbox *out)
{
    struct replicator *self = state;

    (void)now;
    publisher_answer(&self->publisher, from, msg, out);
}

static void on_peers(void *state, const struct address *from, const struct msg *msg,
                     const struct now *now, struct outbox *out)
{
    struct replicator *self = state;
    struct buf store = {0};
    struct msg answer;

    peers_list_msg(self, now, msg->as_peers.id, &answer, &store);
    outbox_reply(out, OUTBOX_NOW, from, &answer);
    buf_fini(&store);
}

static void on_states(void *state, const struct address *from, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    inbound_states(state, from, msg, now, out);
}

static void on_question(void *state, const struct address *from, const struct msg *msg,
                        const struct now *now, struct outbox *out)
{
    relay_question(state, from, msg, now, out);
}

static struct position position(void *state)
{
    const struct replicator *self = state;

    return self->publisher.at;
}

static void count_peers(struct replicator *self, const struct counting *to)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        struct str addr = buf_str(&peer->addr);

        if (peer->alias ||
            peer->way == WAY_NONE) { /* spoken to under another name, or not at all */
            continue;
        }
        counting_put_of(to, METRIC_PEER_UP, &addr,
                        peers_linked(peer) && peer->status == NODE_UP ? 1 : 0);
        if (peer->way == WAY_MUSTER) { /* reference nodes have no digests, and take no batches */
            counting_put_of(to, METRIC_PEER_DIGEST_EQUAL, &addr, repair_is_equal(self, peer));
            counting_put_of(to, METRIC_PEER_QUEUE, &addr, link_queued(&peer->link));
            counting_durations(to, METRIC_PEER_LAG, &addr, &peer->lag);
        }
    }
}

static void count(void *state, const struct counting *to)
{
    struct replicator *self = state;
    struct posts_counts posts = posts_counts(self->posts);
    uint32_t nodes = 1;
    uint32_t up = 0;
    size_t queued = 0;

    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        nodes += !peer->alias;
        up += peers_linked(peer) && peer->status == NODE_UP;
        queued += link_queued(&peer->link);
    }
    count_peers(self, to);
#define COUNTER_ADD(field, ROW) counting_put(to, METRIC_REPLICATOR_##ROW, self->counters.field);
    REPLICATOR_COUNTERS(COUNTER_ADD)
#undef COUNTER_ADD
    counting_put(to, METRIC_REPLICATOR_POSTS_SENT, posts.sent);
    counting_put(to, METRIC_REPLICATOR_POSTS_FAILED, posts.failed);
    counting_put(to, METRIC_REPLICATOR_POSTS_DROPPED, posts.dropped);
    counting_put(to, METRIC_REPLICATOR_POSTS_PASSED, posts.passed);
    counting_put(to, METRIC_REPLICATOR_ASKED, self->last_id);
    counting_put(to, METRIC_REPLICATOR_NODES, nodes);
    counting_put(to, METRIC_REPLICATOR_PEERS_UP, up);
    counting_put(to, METRIC_REPLICATOR_ASKS, inflight_count(self->inflight));
    counting_put(to, METRIC_REPLICATOR_RELAYS, self->relays);
    counting_put(to, METRIC_REPLICATOR_INBOUND, inbound_count(self));
    counting_put(to, METRIC_REPLICATOR_QUEUE, queued);
    counting_put(to, METRIC_REPLICATOR_QUEUE_MAX, self->queue_bytes_max);
    counting_put(to, METRIC_REPLICATOR_QUEUE_LIMIT, link_queue_bytes);
    counting_put(to, METRIC_REPLICATOR_POSTS_WAITING, posts.waiting);
    counting_put(to, METRIC_REPLICATOR_POSTS_UNDER_WAY, posts.under_way);
    counting_put(to, METRIC_REPLICATOR_TOLD, self->told.count);
}

/* ── the actor ──────────────────────────────────────────────────────────────*/

struct replicator *replicator_new(const struct replicator_options *options, const struct now *now)
{
    struct replicator *self = heap_get(sizeof(*self));

    assert(options->epoch != 0);
    *self = (struct replicator){.config = options->config,
                                .log = options->log,
                                .keys = options->public_key != NULL,
                                .door_waits = options->door_waits,
                                .place = options->place,
                                .turn_ms = -1,
                                .last_tick = {.heard_ms = -1},
                                .members = {.hold_ms = -1, .began_ns = now->wall_ns},
                                .greet = {.due_ms = INT64_MAX},
                                .nodes_changed = true};
    networks_init(&self->networks, options->config);
    prng_init(&self->prng, options->seed);
    self->registry = follower_new(ACTOR_REGISTRY, 0, tick_ms, &replicator_facts, self);
    publisher_init(&self->publisher, ACTOR_REPLICATOR, 0, options->epoch);
    own_instance_init(&self->own_instance, options, now);
    self->inflight = inflight_new();
    peers_init(self, now);
    self->members.changed = true;
    inbound_init(self);
    http_peers_init(self);
    sync_init(self, now);
    return self;
}

void replicator_destroy(struct replicator **owned)
{
    struct replicator *self = *owned;

    if (self == NULL) {
        return;
    }
    sync_fini(self);
    http_peers_fini(self);
    inbound_fini(self);
    peers_fini(self);
    inflight_destroy(&self->inflight);
    own_instance_fini(&self->own_instance);
    follower_destroy(&self->registry);
    publisher_fini(&self->publisher);
    buf_fini(&self->last_tick.zone);
    buf_fini(&self->last_tick.everywhere);
    buf_fini(&self->expiring);
    namesake_fini(self);
    free(self);
    *owned = NULL;
}

static const char *const *topics_now(void *state, const struct actor_link *link)
{
    (void)link;
    return peers_next(state, NULL) == NULL ? topics_alone : topics;
}

enum err replicator_verdict(const struct replicator *self)
{
    return self->members.name_taken ? ERR_CONFLICT : ERR_OK;
}

const struct networks *replicator_networks(const struct replicator *self)
{
    return &self->networks;
}

struct actor_link replicator_link(const struct replicator *self)
{
    return (struct actor_link){.to = ACTOR_REGISTRY, .follower = self->registry, .topics = topics};
}

struct posts *replicator_posts(struct replicator *self)
{
    return self->posts;
}

static const struct actor_handler handlers[] = {
    {MSG_TYPE_SHUTDOWN, leaving_on_shutdown},
    {MSG_TYPE_PEERS, on_peers},
    {MSG_TYPE_SNAPSHOT, on_ask},
    {MSG_TYPE_FACTS, on_ask},
};

static const struct actor_handler door_handlers[] = {
    {MSG_TYPE_STATES, on_states},     {MSG_TYPE_LOOKUP, on_question},
    {MSG_TYPE_DIGEST, on_question},   {MSG_TYPE_LEAVES, on_question},
    {MSG_TYPE_SNAPSHOT, on_question},
};

const struct actor_spec replicator_spec = {
    .name = ACTOR_REPLICATOR,
    .handlers = handlers,
    .handler_count = sizeof(handlers) / sizeof(handlers[0]),
    .answer = on_answer,
    .door_handlers = door_handlers,
    .door_handler_count = sizeof(door_handlers) / sizeof(door_handlers[0]),
    .peer_answer = on_peer_answer,
    .may_stand = reach_may_stand,
    .turn_begin = turn_begin,
    .turn_end = turn_end,
    .tick = on_tick,
    .tick_ms = tick_ms,
    .due_ms = due_ms,
    .position = position,
    .count = count,
    .may_stop = leaving_may_stop,
    .topics = topics_now,
};
