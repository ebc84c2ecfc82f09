#include "actors/replicator/replicator.h"

#include <assert.h>

#include "actors/replicator/state.h"

static const int64_t tick_ms = 1000;
static const int64_t leave_wait_ms = 2000;
/* A turn that comes so much later than the last: this process stood still. */
static const int64_t stood_ms = 2500;
/* Ticks of the registry that are so far apart have not waited for us together. */
static const int64_t apart_ms = 500;
/* Heartbeats of one tick that are kept for the links. */
static const size_t beats_bytes_max = (size_t)8 << 20;

static const char *const topics[] = {"registry.turn", "registry.protect", NULL};

/* ── asking ─────────────────────────────────────────────────────────────────*/

static const struct {
    ask_answered_fn *answered;
} kinds[ASK_KIND_COUNT] = {
    [ASK_GREETING] = {link_on_greeting},
    [ASK_STATES] = {link_on_states},
    [ASK_WANT] = {link_on_want},
    [ASK_INBOUND] = {inbound_on_merged},
    [ASK_ASIDE] = {NULL},
    [ASK_RELAY] = {relay_on_answer},
    [ASK_AGES] = {ages_on_found},
    [ASK_NODES] = {members_on_nodes},
    [ASK_RENEWS] = {http_on_renews},
    [ASK_TOLD] = {http_on_told},
    [ASK_WALK_MINE] = {repair_on_mine},
    [ASK_WALK_THEIRS] = {repair_on_theirs},
    [ASK_WALK_ENTRIES] = {repair_on_entries},
    [ASK_WALK_COMPARE] = {repair_on_wanted},
    [ASK_WALK_LOOKUP] = {repair_on_found},
    [ASK_WALK_MERGE] = {repair_on_merged},
    [ASK_SYNC_SLICE] = {sync_on_slice},
    [ASK_SYNC_MERGE] = {sync_on_merged},
    [ASK_SYNCED] = {sync_on_synced},
};

static void answered(struct replicator *self, struct ask *ask, const struct msg *answer,
                     const struct now *now, struct outbox *out)
{
    if (kinds[ask->kind].answered != NULL) {
        kinds[ask->kind].answered(self, ask, answer, now, out);
    }
    buf_fini(&ask->keys);
}

uint64_t replicator_ask(struct replicator *self, struct ask *ask, struct msg *msg,
                        const struct now *now, struct outbox *out)
{
    enum err err = ERR_FULL;

    ask->id = asks_id(self->asks, &self->last_id);
    msg->as_ping.id = ask->id; /* the id is every command's first field */
    if (ask->id != 0) {
        err = ask_whom(ask->kind) == ASK_REGISTRY ? outbox_command(out, ACTOR_REGISTRY, 0, msg)
                                                  : outbox_peer(out, ask->peer, msg);
    }
    if (err != ERR_OK) {
        self->counters.asks_refused++;
        buf_fini(&ask->keys);
        return 0;
    }
    asks_add(self->asks, ask, now);
    return ask->id;
}

struct ask replicator_ask_for(const struct replicator *self, enum ask_kind kind,
                              const struct peer *peer)
{
    return (struct ask){.kind = kind, .peer = peers_number(self, peer), .life = peer->life};
}

enum spread replicator_spread_from(const struct replicator *self, struct str zone)
{
    return str_eq(zone, str_from(self->config->node_zone)) ? SPREAD_NOWHERE : SPREAD_ZONE;
}

struct msg_list list_cut(struct str *rest, uint32_t max)
{
    struct msg_list list = {.bytes = {rest->data, 0}};

    while (rest->len > 0 && list.count < max) {
        struct str next = *rest;
        struct msg msg;
        enum err err = msg_decode(&next, &msg);

        assert(err != ERR_MALFORMED); /* it was decoded with its message */
        (void)err;
        if (list.count > 0 && list.bytes.len + (rest->len - next.len) > merge_bytes) {
            break;
        }
        list.bytes.len += rest->len - next.len;
        list.count++;
        *rest = next;
    }
    return list;
}

static struct str beats_cut(struct str *rest)
{
    size_t most = (size_t)merge_heartbeats_max * heartbeat_bytes;
    struct str beats = {rest->data, rest->len < most ? rest->len : most};

    *rest = (struct str){rest->data + beats.len, rest->len - beats.len};
    return beats;
}

/* Heartbeats go behind the last record: what they are of may be among those. */
uint32_t replicator_merge(struct replicator *self, const struct ask *ask,
                          const struct msg_merge *merge, const struct now *now, struct outbox *out,
                          bool *whole)
{
    struct str records = merge->records.bytes;
    struct str beats = merge->heartbeats;
    uint32_t count = 0;

    while (records.len > 0 || beats.len > 0) {
        struct msg msg = {.type = MSG_TYPE_MERGE};
        struct ask one = *ask;

        msg.as_merge = *merge;
        msg.as_merge.records = list_cut(&records, merge_records_max);
        msg.as_merge.heartbeats = records.len == 0 && beats.len > 0 ? beats_cut(&beats) : STR("");
        if (replicator_ask(self, &one, &msg, now, out) == 0) {
            *whole = false;
            return count;
        }
        count++;
    }
    *whole = true;
    return count;
}

static void take_overdue(struct replicator *self, const struct now *now, struct outbox *out)
{
    uint32_t cursor = 0;
    struct ask ask;

    while (asks_take_overdue(self->asks, now->mono_ms, &cursor, &ask)) {
        answered(self, &ask, NULL, now, out);
    }
}

/* ── time ───────────────────────────────────────────────────────────────────*/

/* First in whatever is called. After a standstill what waits in the sockets is as old: what others
 * are told of it is older by that, and what we wait for may be there. */
static void wake(struct replicator *self, const struct now *now)
{
    int64_t gap_ms = now->mono_ms - self->turn_ms;

    if (self->turn_ms >= 0 && gap_ms > stood_ms) {
        log_event(self->log, LOG_WARN, "stood_still", "for %lld ms", (long long)gap_ms);
        self->lag_ms = self->lag_ms > gap_ms ? self->lag_ms : gap_ms;
        asks_forgive(self->asks, gap_ms);
        self->beats.heard_ms = now->mono_ms;
    }
    self->turn_ms = now->mono_ms;
}

/* ── the registry's facts ───────────────────────────────────────────────────*/

static void on_new_registry(struct replicator *self, uint64_t boot, const struct now *now)
{
    if (self->registry_boot != 0) { /* it may have lost what we told the last run */
        self->sync.fresh = false;
        own_hurry(&self->own, now);
        sync_again(self, now);
        self->members.due = true;
    }
    self->registry_boot = boot;
}

static void add_beats(struct replicator *self, struct buf *to, struct str beats)
{
    if (beats.len % heartbeat_bytes != 0 || to->len + beats.len > beats_bytes_max) {
        self->counters.heartbeats_dropped += beats.len / heartbeat_bytes;
        return;
    }
    buf_add_str(to, beats);
}

static void on_renewed(struct replicator *self, const struct msg_renewed *renewed,
                       const struct now *now)
{
    if (renewed->boot != self->registry_boot) {
        on_new_registry(self, renewed->boot, now);
    }
    if (self->beats.zone.len == 0) {
        self->beats.since_ms = now->mono_ms;
    }
    add_beats(self, &self->beats.zone, renewed->zone);
    add_beats(self, &self->beats.zone, renewed->everywhere);
    add_beats(self, &self->beats.everywhere, renewed->everywhere);
    if (renewed->more) {
        return;
    }
    if (self->beats.heard_ms < 0 || now->mono_ms - self->beats.heard_ms >= apart_ms) {
        self->lag_ms = 0;
    }
    self->beats.heard_ms = now->mono_ms;
    self->beats.live = renewed->live;
    self->beats.before = self->beats.root;
    self->beats.root.set = renewed->digest.len == sizeof(self->beats.root.bytes);
    if (self->beats.root.set) {
        memcpy(self->beats.root.bytes, renewed->digest.data, renewed->digest.len);
    }
    self->beats.due = true;
}

static void on_fact(void *state, const struct msg *msg, const struct now *now)
{
    struct replicator *self = state;

    wake(self, now);
    switch (msg->type) {
    case MSG_TYPE_RENEWED:
        on_renewed(self, &msg->as_renewed, now);
        break;
    case MSG_TYPE_PROTECT:
        self->registry_protect = msg->as_protect.on;
        break;
    case MSG_TYPE_EXPIRING:
        ages_to_ask(self, msg->as_expiring.keys);
        break;
    default:
        break;
    }
}

static enum spread spread_of(const struct msg *record)
{
    uint32_t kind = record->as_gone.kind; /* PUT and GONE begin alike */

    return kind == CHANGE_EVICT || kind == CHANGE_FORGET ? SPREAD_NOWHERE
                                                         : (enum spread)record->as_gone.spread;
}

static struct hash128 key_of(const struct msg *record)
{
    const struct msg_gone *gone = &record->as_gone;
    const struct msg_put *put = &record->as_put;

    return identity_key(
        record->type == MSG_TYPE_PUT
            ? &(struct identity){put->env, put->appid, put->zone, put->hostname}
            : &(struct identity){gone->env, gone->appid, gone->zone, gone->hostname});
}

/* A record says how old it was when it was decided. What comes out of the history was that long
 * ago, nobody knows how long: what is held of it now is asked for. */
static void queue_for(struct replicator *self, struct peer *peer, const struct msg *record,
                      bool fresh, struct buf *encoded, const struct now *now)
{
    if (!fresh) {
        struct buf key = {0};

        key_pack(&key, key_of(record));
        link_want(self, peer, buf_str(&key));
        buf_fini(&key);
        return;
    }
    if (encoded->len == 0) {
        msg_encode(encoded, record);
    }
    link_queue(self, peer, buf_str(encoded), now->mono_ms);
}

/* Everywhere: to nodes of the own zone too. */
static void on_record(void *state, const struct msg *record, const struct now *now)
{
    struct replicator *self = state;
    enum spread spread = spread_of(record);
    struct follower_state at;
    struct buf encoded = {0};

    wake(self, now);
    members_record(self, record, now);
    if (spread == SPREAD_NOWHERE) {
        return;
    }
    follower_state(self->registry, &at);
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (!peer->own_zone && spread != SPREAD_EVERYWHERE) {
            continue;
        }
        if (peer->way == WAY_HTTP) {
            posts_change(self->posts, peers_number(self, peer), record);
        } else if (peer->link.state == LINK_UP) {
            queue_for(self, peer, record, at.current, &encoded, now);
        }
    }
    buf_fini(&encoded);
}

/* What others lack now, the digests find; who is in infra.discovery has to be asked. */
static void on_gap(void *state, const struct now *now)
{
    struct replicator *self = state;

    wake(self, now);
    self->members.due = true;
}

/* What was sent before the registry was there is lost: no need to wait for the resend. */
static void on_current(void *state, uint64_t epoch, uint64_t seq, const struct now *now)
{
    struct replicator *self = state;

    (void)epoch;
    if (!self->met) {
        self->met = true;
        self->sync.fresh = seq <= 1; /* this node itself */
        self->members.seek = true;
        own_hurry(&self->own, now);
        self->members.due = true;
        if (self->sync.state == SYNC_TELL) {
            self->sync.due_ms = now->mono_ms;
        }
    }
}

static void on_broken(void *state, unsigned type)
{
    struct replicator *self = state;

    log_event(self->log, LOG_ERROR, "facts_unreadable",
              "the registry published a fact of type %u, which version " MUSTER_VERSION
              " can't read: run the same version of all actors",
              type);
    self->broken = true;
}

static const struct follower_owner follower_owner = {.record = on_record,
                                                     .fact = on_fact,
                                                     .gap = on_gap,
                                                     .current = on_current,
                                                     .broken = on_broken};

/* ── answers ────────────────────────────────────────────────────────────────*/

static void on_answer(void *state, enum actor_name from, uint32_t index, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    struct replicator *self = state;
    struct ask ask;

    (void)from;
    (void)index;
    wake(self, now);
    if (msg->type == MSG_TYPE_RESULT && own_answer(&self->own, &msg->as_result, now)) {
        self->leaving.seq = msg->as_result.seq;
    } else if (asks_of(self->asks, msg_id(msg), ASK_REGISTRY, 0) &&
               asks_take(self->asks, msg_id(msg), &ask)) {
        answered(self, &ask, msg, now, out);
    }
}

static void on_peer_answer(void *state, uint32_t peer, const struct msg *msg, const struct now *now,
                           struct outbox *out)
{
    struct replicator *self = state;
    struct ask ask;

    wake(self, now);
    if (asks_of(self->asks, msg_id(msg), ASK_PEER, peer) &&
        asks_take(self->asks, msg_id(msg), &ask)) {
        answered(self, &ask, msg, now, out);
    }
}

/* ── leaving ────────────────────────────────────────────────────────────────*/

static void end(struct replicator *self, const struct address *from, uint64_t id, struct str text,
                struct outbox *out)
{
    struct msg msg = {.type = MSG_TYPE_RESULT};

    msg.as_result = (struct msg_result){.id = id,
                                        .err = ERR_OK,
                                        .epoch = self->publisher.at.epoch,
                                        .boot = self->publisher.at.boot,
                                        .seq = self->publisher.at.seq,
                                        .text = text};
    outbox_reply(out, OUTBOX_NOW, from, &msg);
    outbox_stop(out);
}

static void on_shutdown(void *state, const struct address *from, const struct msg *msg,
                        const struct now *now, struct outbox *out)
{
    struct replicator *self = state;

    if (!msg->as_shutdown.leave) {
        end(self, from, msg->as_shutdown.id, STR(""), out);
        return;
    }
    if (!self->leaving.on) {
        self->leaving.on = true;
        self->leaving.until_ms = now->mono_ms + leave_wait_ms;
        own_leave(&self->own, now);
    }
    self->leaving.from = *from;
    self->leaving.id = msg->as_shutdown.id;
}

/* Whether the others know that this node leaves, as far as they can be reached. */
static bool is_said(struct replicator *self)
{
    struct follower_state at;

    follower_state(self->registry, &at);
    if (at.seq < self->leaving.seq) {
        return false;
    }
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->way == WAY_HTTP && peer->status == NODE_UP &&
            posts_waiting(self->posts, peers_number(self, peer)) > 0) {
            return false;
        }
        if (peer->link.state == LINK_UP &&
            (peer->link.under_way > 0 || link_queued(&peer->link) > 0)) {
            return false;
        }
    }
    return true;
}

static void step_leaving(struct replicator *self, const struct now *now, struct outbox *out)
{
    bool late = now->mono_ms >= self->leaving.until_ms;

    if (!self->leaving.on) {
        return;
    }
    if (self->own.state == OWN_GONE && (late || is_said(self))) {
        end(self, &self->leaving.from, self->leaving.id, STR(""), out);
    } else if (late) {
        log_event(self->log, LOG_WARN, "left_unheard",
                  "the registry has not answered: this node's infra.discovery stays in it until "
                  "it falls silent");
        end(self, &self->leaving.from, self->leaving.id,
            STR("the registry has not answered: infra.discovery was not cancelled"), out);
    }
}

/* ── turns ──────────────────────────────────────────────────────────────────*/

static void publish_nodes(struct replicator *self, const struct now *now, struct outbox *out)
{
    struct buf store = {0};
    struct msg msg;

    peers_nodes_msg(self, now, &msg, &store);
    publisher_publish(&self->publisher, "replicator.nodes", &msg, true, out);
    buf_fini(&store);
}

/* The registry's tick has come whole. */
static void beat(struct replicator *self, const struct now *now, struct outbox *out)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        repair_beat(self, peer, now, out);
        link_beat(self, peer, now, out);
    }
    http_beat(self, now, out);
    self->beats.zone.len = 0;
    self->beats.everywhere.len = 0;
    self->beats.due = false;
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

    wake(self, now);
    if (self->broken) {
        outbox_stop(out);
        return;
    }
    own_step(&self->own, &self->last_id, now, out);
    members_step(self, now, out);
    greet_soon(self, now, out);
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        link_step(self, peer, now, out);
    }
    if (self->beats.due) {
        beat(self, now, out);
    }
    ages_step(self, now, out);
    http_step(self, now, out);
    sync_step(self, now, out);
    step_leaving(self, now, out);
    if (self->nodes_changed) {
        self->nodes_changed = false;
        publish_nodes(self, now, out);
    }
}

static void on_tick(void *state, const struct now *now, struct outbox *out)
{
    struct replicator *self = state;

    wake(self, now);
    take_overdue(self, now, out);
    greet(self, now, out);
    members_tick(self, now, out);
    publisher_tick(&self->publisher, out);
}

/* When turn_end has something to do; all else that is due waits for the tick. */
static int64_t due_ms(void *state, const struct now *now)
{
    const struct replicator *self = state;
    int64_t due = self->own.due_ms;

    (void)now;
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
    wake(state, now);
    inbound_states(state, from, msg, now, out);
}

static void on_question(void *state, const struct address *from, const struct msg *msg,
                        const struct now *now, struct outbox *out)
{
    wake(state, now);
    relay_question(state, from, msg, now, out);
}

static struct position position(void *state)
{
    const struct replicator *self = state;

    return self->publisher.at;
}

static void count(void *state, struct msg_counts *counters, struct buf *counter_store,
                  struct msg_counts *sizes, struct buf *size_store)
{
    struct replicator *self = state;
    struct posts_counts posts = posts_counts(self->posts);
    uint32_t nodes = 1;
    uint32_t up = 0;
    size_t queued = 0;

    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        nodes++;
        up += peers_linked(peer) && peer->status == NODE_UP;
        queued += link_queued(&peer->link);
    }
#define COUNTER_ADD(field, name)                                                                   \
    counts_add(counters, counter_store, name, (int64_t)self->counters.field);
    REPLICATOR_COUNTERS(COUNTER_ADD)
#undef COUNTER_ADD
    counts_add(counters, counter_store, "posts_sent_total", (int64_t)posts.sent);
    counts_add(counters, counter_store, "posts_failed_total", (int64_t)posts.failed);
    counts_add(counters, counter_store, "posts_dropped_total", (int64_t)posts.dropped);
    counts_add(counters, counter_store, "posts_passed_over_total", (int64_t)posts.passed);
    counts_add(counters, counter_store, "asked", (int64_t)self->last_id);
    counts_add(sizes, size_store, "nodes", nodes);
    counts_add(sizes, size_store, "peers_up", up);
    counts_add(sizes, size_store, "asks", asks_count(self->asks));
    counts_add(sizes, size_store, "relays", self->relays);
    counts_add(sizes, size_store, "inbound", inbound_count(self));
    counts_add(sizes, size_store, "queue_bytes", (int64_t)queued);
    counts_add(sizes, size_store, "queue_bytes_max", (int64_t)self->queue_bytes_max);
    counts_add(sizes, size_store, "posts_waiting", (int64_t)posts.waiting);
    counts_add(sizes, size_store, "posts_under_way", (int64_t)posts.under_way);
    counts_add(sizes, size_store, "told", self->told_count);
}

/* ── the actor ──────────────────────────────────────────────────────────────*/

void replicator_init(struct replicator *self, const struct replicator_options *options,
                     const struct now *now)
{
    assert(options->epoch != 0);
    *self = (struct replicator){.config = options->config,
                                .log = options->log,
                                .keys = options->public_key != NULL,
                                .turn_ms = -1,
                                .beats = {.heard_ms = -1},
                                .greet = {.due_ms = INT64_MAX},
                                .nodes_changed = true};
    prng_init(&self->prng, options->seed);
    self->registry = follower_new(ACTOR_REGISTRY, 0, tick_ms, &follower_owner, self);
    publisher_init(&self->publisher, ACTOR_REPLICATOR, 0, options->epoch);
    own_init(&self->own, options, now);
    self->asks = asks_new();
    peers_init(self, now);
    self->members.changed = true;
    inbound_init(self);
    http_init(self);
    sync_init(self, now);
}

void replicator_fini(struct replicator *self)
{
    sync_fini(self);
    http_fini(self);
    inbound_fini(self);
    peers_fini(self);
    asks_destroy(&self->asks);
    own_fini(&self->own);
    follower_destroy(&self->registry);
    publisher_fini(&self->publisher);
    buf_fini(&self->beats.zone);
    buf_fini(&self->beats.everywhere);
    buf_fini(&self->expiring);
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
    {MSG_TYPE_SHUTDOWN, on_shutdown},
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
    .turn_end = turn_end,
    .tick = on_tick,
    .tick_ms = tick_ms,
    .due_ms = due_ms,
    .position = position,
    .count = count,
};
