#include "tests/sim/judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const int64_t shun_ms = 60000;
static const int64_t settle_ms = 10000;
static const int64_t rounding_ms = 5000;

void judge_fail(struct judge *self, const char *format, ...)
{
    va_list args;

    if (self->failed) {
        return;
    }
    self->failed = true;
    self->failed_ms = sim_ms(self->sim);
    va_start(args, format);
    (void)vsnprintf(self->failure, sizeof(self->failure), format, args);
    va_end(args);
    trace_add(self->trace, self->failed_ms, -1, "FAILED: %s", self->failure);
}

struct state judge_state(const struct registry *registry, struct hash128 key)
{
    uint32_t slot = registry_find(registry, key);
    struct state state = {.dirty = -1};
    struct instance instance;

    if (slot == REGISTRY_NONE) {
        return state;
    }
    registry_instance(registry, slot, &instance);
    state.dirty = instance.dirty_timestamp;
    state.gone = !registry_is_live(registry, slot);
    state.hash = state.gone ? 0 : instance_hash(&instance);
    return state;
}

bool judge_same(const struct state *a, const struct state *b)
{
    return a->dirty == b->dirty && (a->dirty == -1 || (a->gone == b->gone && a->hash == b->hash));
}

uint32_t judge_round_limit(const struct judge *self, uint32_t live)
{
    uint32_t limit = live - (uint32_t)(live * self->sites[0].config.evictor_share);

    return limit == 0 ? 1 : limit;
}

bool judge_by_client(const struct judge *self, const struct change *change)
{
    return change->gateway >> 8 << 8 == self->client->gateway;
}

int64_t judge_agree_ms(const struct judge *self)
{
    return self->plan->with.forms       ? judge_forms_agree_ms
           : self->plan->with.reference ? judge_links_agree_ms + shun_ms
                                        : judge_links_agree_ms;
}

/* The node holds a live state that wins over what the sign was given for. */
static bool holds_newer(const struct judge *self, const struct sign *sign, uint32_t at,
                        uint32_t node)
{
    const struct view *theirs = &self->nodes[sign->node].held[at];
    const struct view *held = &self->nodes[node].held[at];

    return held->known && !held->state.gone && theirs->known &&
           state_beats(&held->state, &theirs->state);
}

/* The fact of it may have been lost within the node that took it: then others ask that node for it,
 * in a minute, and are told unless it has started anew meanwhile or is not reached. But nobody asks
 * for what loses against his own: who holds a newer state, and as idle in no digest, goes by its
 * age until a heartbeat has told him of the older one, and he its holder of the newer (judge.h). */
static bool may_be_lost(const struct judge *self, const struct sign *sign, uint32_t at,
                        uint32_t node)
{
    return sim_lost_fact(self->sim, sign->node, sign->sent_ms, sign->acked_ms + 2000) &&
           (holds_newer(self, sign, at, node) ||
            !network_was_good(self->network, sign->node, node, sign->sent_ms, sim_ms(self->sim)));
}

/* A tombstone has ended, at the node that took the sign, what it was given for: nobody finds it
 * there any more. Others know it if they were told at once, and had something live to know it of.
 */
static bool has_ended(const struct judge *self, const struct sign *sign, uint32_t at, uint32_t node)
{
    const struct view *theirs = &self->nodes[sign->node].held[at];
    const struct view *held = &self->nodes[node].held[at];

    if (!theirs->ended.gone || theirs->ended_ms < sign->sent_ms) {
        return false;
    }
    return (sign->node != node &&
            sim_lost_fact(self->sim, sign->node, sign->sent_ms, sign->acked_ms + 2000)) ||
           (held->known && !held->state.gone && held->born_ms > sign->acked_ms &&
            state_beats(&held->born, &theirs->ended));
}

bool judge_heard(const struct judge *self, const struct sign *sign, uint32_t at, uint32_t node)
{
    int64_t from_ms = sign->node == node ? sign->sent_ms : sign->sent_ms - 10000;

    if (self->plan->with.forms && sign->node != node) {
        return false; /* a form that is lost is not sent again */
    }
    return sign->acked_ms + settle_ms < sim_ms(self->sim) &&
           self->plan->zone_of[sign->node] == self->plan->zone_of[node] &&
           network_was_good(self->network, sign->node, node, from_ms, sign->acked_ms + settle_ms) &&
           !has_ended(self, sign, at, node) &&
           (sign->node == node || !may_be_lost(self, sign, at, node));
}

/* ── one change of a registry ───────────────────────────────────────────────*/

/* Invariant 3, through a third node; which must hold the same state, or its signs are of another.
 * A sign that has just been given has not had the time: node asked for the last time before its own
 * picture was idle, and what it holds as idle is in its digests no more, which takes a walk to
 * find. Who gives a sign each heartbeat has always given one that is old enough. */
static bool heard_by_relay(const struct judge *self, const struct sign *sign, uint32_t at,
                           uint32_t node)
{
    const struct state *state = &self->nodes[node].held[at].state;
    int64_t now_ms = sim_ms(self->sim);

    if (sign->acked_ms + settle_ms + judge_agree_ms(self) > now_ms) {
        return false;
    }
    for (uint32_t k = 0; k < self->plan->nodes && !self->plan->with.forms; k++) {
        const struct view *held = &self->nodes[k].held[at];

        if (k != node && k != sign->node && held->known && judge_same(&held->state, state) &&
            !has_ended(self, sign, at, k) && self->plan->zone_of[k] == self->plan->zone_of[node] &&
            self->plan->zone_of[k] == self->plan->zone_of[sign->node] &&
            network_was_good(self->network, k, node, now_ms - judge_idle_ms - 40000, now_ms) &&
            network_was_good(self->network, k, sign->node, now_ms - judge_idle_ms - 40000,
                             now_ms)) {
            return true;
        }
    }
    return false;
}

static void on_evicted(struct judge *self, struct judge_node *node, uint32_t at)
{
    const struct host *host = &self->client->hosts[at];
    int64_t now_ms = sim_ms(self->sim);
    uint64_t kept = host->sign_count < host_signs ? host->sign_count : host_signs;

    self->evicted++;
    for (uint64_t i = 0; i < kept; i++) {
        const struct sign *sign = &host->signs[(host->sign_count - 1 - i) % host_signs];
        bool relayed = !judge_heard(self, sign, at, node->index) &&
                       client_keeps(self->client, at) &&
                       host->kept_since_ms < now_ms - judge_idle_ms - 40000 &&
                       heard_by_relay(self, sign, at, node->index);

        if (now_ms - sign->sent_ms < judge_idle_ms - 2000 &&
            (judge_heard(self, sign, at, node->index) || relayed)) {
            judge_fail(self,
                       "node%u evicted %s, whose heartbeat node%u took %.3f s ago and had every "
                       "chance to %s",
                       (unsigned)node->index + 1, host->name, (unsigned)sign->node + 1,
                       (double)(now_ms - sign->sent_ms) / 1000,
                       relayed ? "pass on through a third node" : "pass on");
            return;
        }
    }
}

/* An empty node does not know how old what it is given is. It may have been cut off from all others
 * since its start: then its first copy comes when one is reached, however late. */
static bool is_first_copy(const struct judge *self, uint32_t node)
{
    const struct site *site = &self->sites[node];
    const struct replicator *replicator = site_replicator(site);

    return (replicator != NULL && replicator->sync.state != SYNC_DONE) ||
           sim_ms(self->sim) - site->fresh_ms < site->config.registry_protect_wait + rounding_ms;
}

/* A form says nothing of age, and may have waited for a node to come back. */
static bool tells_ages(const struct judge *self)
{
    return (!self->plan->with.forms && !self->plan->with.reference) ||
           (self->calm_ms != INT64_MAX &&
            sim_ms(self->sim) - self->calm_ms > judge_idle_ms + judge_interval_ms);
}

static void on_put(struct judge *self, struct judge_node *node, uint32_t at,
                   const struct change *change, const struct state *state)
{
    const struct host *host = &self->client->hosts[at];
    const struct view *held = &node->held[at];
    int64_t now_ms = sim_ms(self->sim);
    int64_t silent_ms = now_ms - host->last_sign_ms;
    bool restored = change->age_ms < 0 && is_first_copy(self, node->index);

    if (held->known && !state_beats(state, &held->state)) {
        judge_fail(self, "node%u took a state of %s that loses against the %s one it held%s",
                   (unsigned)node->index + 1, host->name, held->state.gone ? "cancelled" : "live",
                   held->state.gone ? ": it came back" : "");
    }
    if (!client_is_schedule(self->client, at) && !self->doubtful &&
        !judge_by_client(self, change) && (!held->known || held->state.gone) &&
        silent_ms > judge_idle_ms + rounding_ms && !restored && tells_ages(self)) {
        judge_fail(self, "node%u took %s in anew from others: it came back, silent for over %.1f s",
                   (unsigned)node->index + 1, host->name, (double)silent_ms / 1000);
    }
}

static void on_cancelled(struct judge *self, struct judge_node *node, uint32_t at,
                         const struct change *change, const struct state *state)
{
    const struct host *host = &self->client->hosts[at];
    const struct view *held = &node->held[at];

    if (host->cancels == 0) {
        judge_fail(self, "node%u has a tombstone of %s, which nobody ever cancelled",
                   (unsigned)node->index + 1, host->name);
    }
    if (held->known && !state_beats(state, &held->state)) {
        judge_fail(self, "node%u took a tombstone of %s that loses against what it held",
                   (unsigned)node->index + 1, host->name);
    }
    /* two nodes that do not hear each other may both be asked to */
    if (self->gone_dirty[at] < state->dirty ||
        (judge_by_client(self, change) && self->gone_dirty[at] == state->dirty)) {
        self->gone_dirty[at] = state->dirty;
        self->gone_ms[at] = sim_ms(self->sim);
    }
}

static void on_forgotten(struct judge *self, struct judge_node *node, uint32_t at)
{
    const struct view *held = &node->held[at];
    int64_t early_ms = held->end_ms - rounding_ms - sim_ms(self->sim);

    if (held->known && held->state.gone && early_ms > 0) {
        judge_fail(self, "node%u forgot a tombstone of %s %.1f s before its life was over",
                   (unsigned)node->index + 1, self->client->hosts[at].name,
                   (double)early_ms / 1000);
    }
}

/* An age only grows on its way. (A tombstone's stands still with its registry, which errs on the
 * safe side.) */
static void check_age(struct judge *self, const struct judge_node *node, uint32_t at,
                      const struct change *change)
{
    const struct host *host = &self->client->hosts[at];
    int64_t true_ms = sim_ms(self->sim) - host->last_sign_ms;

    if (!self->doubtful && !judge_by_client(self, change) && change->age_ms >= 0 &&
        change->age_ms < true_ms - rounding_ms) {
        judge_fail(
            self, "node%u took an age of %.1f s of %s, which gave its last sign of life %.1f s ago",
            (unsigned)node->index + 1, (double)change->age_ms / 1000, host->name,
            (double)true_ms / 1000);
    }
}

/* Nothing but what is held says which state wins: a node that holds nothing takes an older one. */
static void begin_order_anew(struct judge *self, uint32_t at)
{
    struct host *host = &self->client->hosts[at];

    host->acked = (struct state){.dirty = -1}; /* wins over nothing, nor over what is not there */
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        if (self->nodes[i].held[at].known) {
            return;
        }
    }
    host->best.dirty = -1;
    self->gone_dirty[at] = -1;
}

static void count_round(struct judge *self, struct judge_node *node)
{
    if (++node->round.evicted > node->round.limit) {
        judge_fail(self, "node%u evicted %u in a round, its share is %u", (unsigned)node->index + 1,
                   (unsigned)node->round.evicted, (unsigned)node->round.limit);
    }
}

static void on_node_record(struct judge *self, struct judge_node *node, const struct change *change)
{
    const struct site *site = &self->sites[node->index];

    if (change->kind == CHANGE_EVICT &&
        str_eq(change->instance.id.hostname, str_from(site->name))) {
        judge_fail(self, "%s evicted itself", site->name);
    }
    trace_add(self->trace, sim_ms(self->sim), (int)node->index, "%s %.*s %.*s%s",
              change_kind_name(change->kind), STR_ARG(change->instance.id.appid),
              STR_ARG(change->instance.id.hostname),
              !judge_by_client(self, change) ? " (told)" : "");
}

/* Invariant 6: each registration has a version of its own, however often and under whatever id it
 * is sent. */
static void on_registered(struct judge *self, const struct judge_node *node,
                          const struct change *change)
{
    struct str rest = change->instance.addrs.bytes;
    struct str item = {0};
    uint32_t version;

    while (strs_next(&rest, &item)) {
    }
    if (str_to_u32(item, &version) != ERR_OK || version >= judge_versions_max) {
        return;
    }
    if (self->seq_of[version] != 0 && self->seq_of[version] != change->seq) {
        judge_fail(self,
                   "node%u did registration %u of %.*s twice, as seq %" PRIu64 " and %" PRIu64,
                   (unsigned)node->index + 1, (unsigned)version,
                   STR_ARG(change->instance.id.hostname), self->seq_of[version], change->seq);
    }
    self->seq_of[version] = change->seq;
}

static void note_life(struct view *held, enum change_kind kind, const struct state *state,
                      int64_t now_ms)
{
    bool live = held->known && !held->state.gone;

    if (!live && change_is_live(kind)) {
        held->born = *state;
        held->born_ms = now_ms;
    } else if (live && kind == CHANGE_CANCEL) {
        held->ended = *state;
        held->ended_ms = now_ms;
    }
}

static void on_record(struct judge *self, struct judge_node *node, const struct msg *record)
{
    struct change change;
    struct state state = {0};
    struct view *held;
    uint32_t at;

    if (change_from_msg(record, &change) != ERR_OK) {
        judge_fail(self, "node%u published a record that cannot be read",
                   (unsigned)node->index + 1);
        return;
    }
    if (change.kind == CHANGE_EVICT) {
        count_round(self, node);
    }
    at = client_host_of(self->client, identity_key(&change.instance.id));
    if (at == UINT32_MAX) {
        on_node_record(self, node, &change);
        return;
    }
    held = &node->held[at];
    state.dirty = change.instance.dirty_timestamp;
    state.gone = !change_is_live(change.kind);
    state.hash = state.gone ? 0 : instance_hash(&change.instance);
    trace_add(self->trace, sim_ms(self->sim), (int)node->index,
              "%s %s dirty=%" PRId64 " hash=%04x age=%.1f s seq=%" PRIu64 "%s",
              change_kind_name(change.kind), self->client->hosts[at].name,
              state.dirty % 1000000000000000, (unsigned)(state.hash & 0xffff),
              (double)change.age_ms / 1000, change.seq,
              !judge_by_client(self, &change) ? " (told)" : "");
    if (change.kind == CHANGE_EVICT) {
        on_evicted(self, node, at);
    } else if (change.kind == CHANGE_FORGET) {
        on_forgotten(self, node, at);
    } else if (change.kind == CHANGE_CANCEL) {
        on_cancelled(self, node, at, &change, &state);
    } else {
        on_put(self, node, at, &change, &state);
    }
    if (change_is_live(change.kind) && !client_is_schedule(self->client, at) &&
        !self->plan->with.forms && !self->plan->with.reference) {
        check_age(self, node, at, &change);
    }
    note_life(held, change.kind, &state, sim_ms(self->sim));
    held->known = change.kind != CHANGE_EVICT && change.kind != CHANGE_FORGET;
    held->forgotten = change.kind == CHANGE_FORGET;
    held->state = state;
    held->since_ms = sim_ms(self->sim);
    held->end_ms = held->since_ms + self->plan->life_ms - change.age_ms;
    if (!held->known) {
        begin_order_anew(self, at);
    }
    if (change.kind == CHANGE_REGISTER && judge_by_client(self, &change) &&
        !client_is_schedule(self->client, at)) {
        on_registered(self, node, &change);
    }
    if (client_is_schedule(self->client, at) &&
        state_beats(&state, &self->client->hosts[at].best)) {
        self->client->hosts[at].best = state; /* a file's is not the client's */
    }
    if (held->known && judge_by_client(self, &change)) {
        client_decided(self->client, change.gateway, change.number, at, &state, sim_ms(self->sim));
    }
}

static void on_fact(void *context, uint32_t index, struct str topic, struct str frame)
{
    struct judge *self = context;
    struct msg msg;
    struct msg record;

    if (frame.len > fact_frame_max) {
        judge_fail(self, "node%u published a fact of %zu bytes", (unsigned)index + 1, frame.len);
    }
    if (str_eq(topic, STR("registry.turn")) || str_eq(topic, STR("registry.turn.nodes"))) {
        struct str rest;

        if (msg_decode(&frame, &msg) != ERR_OK || msg.type != MSG_TYPE_TURN) {
            return;
        }
        rest = msg.as_turn.records.bytes;
        while (msg_next(&rest, &record)) {
            on_record(self, &self->nodes[index], &record);
        }
    } else if (str_eq(topic, STR("registry.turn.renewed"))) {
        if (msg_decode(&frame, &msg) == ERR_OK) {
            self->nodes[index].heard_boot = msg.as_renewed.boot;
            self->nodes[index].heard = msg.as_renewed.heartbeats;
        }
    } else if (str_eq(topic, STR("evictor.protection")) && msg_decode(&frame, &msg) == ERR_OK) {
        int64_t *since_ms = &self->nodes[index].unprotected_ms;

        if (msg.as_protection.on) {
            *since_ms = INT64_MAX;
        } else if (*since_ms == INT64_MAX) {
            *since_ms = sim_ms(self->sim);
        }
    }
}

/* ── what is asked of a registry ────────────────────────────────────────────*/

/* A registry is given a sign of life, however late: a write may have waited in a socket. */
static void note_sign(struct judge *self, const struct msg *msg)
{
    struct identity id;
    uint64_t gateway = msg->type == MSG_TYPE_RENEW      ? msg->as_renew.gateway
                       : msg->type == MSG_TYPE_REGISTER ? msg->as_register.gateway
                                                        : 0;
    uint32_t at;

    if (gateway >> 8 << 8 != self->client->gateway) {
        return; /* a form's, which is no sign of its own */
    }
    self->signs++;
    if (msg->type == MSG_TYPE_RENEW) {
        id = (struct identity){msg->as_renew.env, msg->as_renew.appid, msg->as_renew.zone,
                               msg->as_renew.hostname};
    } else {
        id = (struct identity){msg->as_register.env, msg->as_register.appid, msg->as_register.zone,
                               msg->as_register.hostname};
    }
    at = client_host_of(self->client, identity_key(&id));
    if (at != UINT32_MAX) {
        self->client->hosts[at].last_sign_ms = sim_ms(self->sim);
    }
}

/* Schedules are nobody: they live without heartbeats, no copy can begin their ages anew. */
static bool holds_nobody(const struct judge *self, uint32_t node)
{
    const struct registry *registry = site_registry(&self->sites[node])->registry;

    for (uint32_t at = 0; at < self->plan->hosts; at++) {
        struct state state = judge_state(registry, self->client->hosts[at].key);

        if (state.dirty != -1 && !state.gone) {
            return false;
        }
    }
    return true;
}

/* A node that holds clients' instances must not take a copy so: it would have the idle for alive,
 * and the rules are to find it. */
static void note_copy(struct judge *self, uint32_t node, const struct msg *msg)
{
    const struct replicator *replicator = site_replicator(&self->sites[node]);

    if (msg->type == MSG_TYPE_MERGE && msg->as_merge.restore && replicator != NULL &&
        (replicator->sync.state == SYNC_SNAPSHOT || replicator->sync.state == SYNC_ALL) &&
        holds_nobody(self, node)) {
        self->nodes[node].copied_ms = sim_ms(self->sim);
    }
}

static void on_command(void *context, uint32_t index, enum actor_name to, const struct msg *msg)
{
    struct judge *self = context;
    struct judge_node *node = &self->nodes[index];
    struct registry_counts counts;
    uint32_t live;

    if (to != ACTOR_REGISTRY) {
        return;
    }
    note_sign(self, msg);
    note_copy(self, index, msg);
    if (msg->type != MSG_TYPE_EVICT) {
        return;
    }
    registry_counts(site_registry(&self->sites[index])->registry, &counts);
    live = (uint32_t)counts.live;
    node->round.limit = judge_round_limit(self, live);
    node->round.evicted = 0;
}

/* A heartbeat was answered 404 by a node that was told of the instance. */
static void on_missed(void *context, uint32_t at, const struct flight *flight)
{
    struct judge *self = context;
    const struct host *host = &self->client->hosts[at];
    const struct view *held = &self->nodes[flight->node].held[at];
    int64_t now_ms = sim_ms(self->sim);
    /* with a clock ahead, elsewhere; also if that has had its time since the last heartbeat */
    bool cancelled = held->known
                         ? held->state.gone
                         : held->forgotten && now_ms - held->since_ms < judge_agree_ms(self);

    if (!client_keeps(self->client, at) || cancelled ||
        now_ms - host->kept_since_ms < judge_agree_ms(self) || host->busy) {
        return;
    }
    for (uint64_t i = 0; i < host->sign_count && i < host_signs; i++) {
        const struct sign *sign = &host->signs[(host->sign_count - 1 - i) % host_signs];

        if (now_ms - sign->sent_ms < judge_idle_ms && sign->sent_ms > host->kept_since_ms &&
            judge_heard(self, sign, at, flight->node) &&
            network_was_good(self->network, sign->node, flight->node, sign->sent_ms - 10000,
                             now_ms)) {
            judge_fail(self, "node%u answered 404 for %s, which gave node%u a sign %.1f s ago",
                       (unsigned)flight->node + 1, host->name, (unsigned)sign->node + 1,
                       (double)(now_ms - sign->sent_ms) / 1000);
        }
    }
}

/* ── a registry has started ─────────────────────────────────────────────────*/

static bool held_elsewhere(const struct judge *self, uint32_t node, uint32_t at)
{
    const struct state *acked = &self->client->hosts[at].acked;

    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        const struct view *held = &self->nodes[i].held[at];

        if (i != node && held->known &&
            (judge_same(&held->state, acked) || state_beats(&held->state, acked))) {
            return true;
        }
    }
    return false;
}

static void on_restarted(void *context, uint32_t index)
{
    struct judge *self = context;
    struct judge_node *node = &self->nodes[index];
    const struct registry *registry = site_registry(&self->sites[index])->registry;

    for (uint32_t i = 0; i < self->plan->entries; i++) {
        struct host *host = &self->client->hosts[i];
        struct state now = judge_state(registry, host->key);
        struct view *held = &node->held[i];
        struct state before = held->known ? held->state : (struct state){.dirty = -1};

        if (!node->damaged && !judge_same(&now, &before)) {
            judge_fail(self, "node%u's registry lost what it had acknowledged of %s over a restart",
                       (unsigned)index + 1, host->name);
        }
        if (node->damaged && !judge_same(&now, &before) && !held_elsewhere(self, index, i)) {
            host->state = HOST_UNKNOWN; /* lost with the only disk it was on */
            host->kept_since_ms = INT64_MAX;
            host->acked = (struct state){.dirty = -1};
            host->best.dirty = -1;
        }
        if (now.dirty != -1 && !now.gone) {
            note_life(held, CHANGE_REGISTER, &now, sim_ms(self->sim)); /* the disk had it again */
        }
        held->known = now.dirty != -1;
        held->forgotten = held->forgotten && !held->known; /* an older disk may have it again */
        held->state = now;
        if (node->jumped || node->damaged) {
            held->end_ms = 0; /* over a restart ages are those of the wall clock */
        }
    }
    self->doubtful = self->doubtful || node->jumped;
    if (node->damaged) {
        memset(self->seq_of, 0, sizeof(self->seq_of));
        memset(node->apps, 0, sizeof(node->apps));
        for (unsigned i = 0; i < client_promise_max; i++) {
            struct promise *promise = &self->client->promises[i];

            promise->open = promise->open && promise->node != index;
        }
    }
    node->damaged = false;
    node->unprotected_ms = INT64_MAX;
}

static unsigned registry_of(void *context, uint32_t node)
{
    const struct judge *self = context;

    return self->sites[node].processes[ACTOR_REGISTRY];
}

/* ── beginning ──────────────────────────────────────────────────────────────*/

void judge_init(struct judge *self, struct plan *plan, struct sim *sim, struct network *network,
                struct trace *trace, struct site *sites, struct client *client)
{
    static const char *const topics[] = {"registry.turn", "evictor.protection", NULL};
    const struct sim_watch watch = {.context = self,
                                    .topics = topics,
                                    .fact = on_fact,
                                    .command = on_command,
                                    .door = judge_door,
                                    .door_reply = judge_door_reply,
                                    .door_command = judge_door_command};

    *self = (struct judge){.plan = plan,
                           .sim = sim,
                           .network = network,
                           .trace = trace,
                           .sites = sites,
                           .client = client,
                           .roots_differ_ms = INT64_MAX,
                           .minute = {.since_ms = INT64_MAX},
                           .calm_ms = INT64_MAX};
    for (uint32_t i = 0; i < plan->nodes; i++) {
        self->nodes[i].judge = self;
        self->nodes[i].index = i;
        self->nodes[i].unprotected_ms = INT64_MAX;
        self->nodes[i].leave.told_ms = INT64_MAX;
        sites[i].restarted = on_restarted;
        sites[i].observe = judge_watch_replica;
        sites[i].context = self;
    }
    for (uint32_t i = 0; i < plan->entries; i++) {
        self->gone_dirty[i] = -1;
        self->differs_ms[i] = INT64_MAX;
    }
    client->missed = on_missed;
    client->registry_of = registry_of;
    client->context = self;
    sim_watch(sim, &watch);
}

void judge_second(struct judge *self)
{
    self->checks++;
    judge_reads(self);
    judge_calm(self);
    judge_limits(self);
    judge_nodes(self);
    judge_minute(self);
}
