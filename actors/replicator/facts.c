/* What the registry says: records, which go on to other nodes as far as they spread, and its ticks.
 */
#include "actors/replicator/facts.h"

#include "actors/replicator/last_heard.h"
#include "actors/replicator/link.h"
#include "actors/replicator/state.h"

/* Ticks of the registry that are so far apart have not waited for us together. */
static const int64_t apart_ms = 500;
/* Heartbeats of one tick that are kept for the links. */
static const size_t heartbeats_bytes_max = (size_t)8 << 20;

static void on_new_registry(struct replicator *self, uint64_t boot, const struct now *now)
{
    if (self->registry_boot != 0) { /* it may have lost what we told the last run */
        self->sync.fresh = false;
        self->last_tick.root.set = false;
        own_instance_hurry(&self->own_instance, now);
        sync_again(self, now);
        self->members.due = true;
    }
    self->registry_boot = boot;
}

static void add_heartbeats(struct replicator *self, struct buf *to, struct str heartbeats)
{
    if (heartbeats.len % heartbeat_bytes != 0 || to->len + heartbeats.len > heartbeats_bytes_max) {
        self->counters.heartbeats_dropped += heartbeats.len / heartbeat_bytes;
        return;
    }
    buf_add_str(to, heartbeats);
}

/* This one, and those the registry has told of. */
static uint64_t count_nodes(struct replicator *self)
{
    uint64_t nodes = 1;

    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        nodes += peer->listed;
    }
    return nodes;
}

static void on_renewed(struct replicator *self, const struct msg_renewed *renewed,
                       const struct now *now)
{
    if (renewed->boot != self->registry_boot) {
        on_new_registry(self, renewed->boot, now);
    }
    if (self->last_tick.zone.len == 0) {
        self->last_tick.since_ms = now->mono_ms;
    }
    add_heartbeats(self, &self->last_tick.zone, renewed->zone);
    add_heartbeats(self, &self->last_tick.zone, renewed->everywhere);
    add_heartbeats(self, &self->last_tick.everywhere, renewed->everywhere);
    if (renewed->more) {
        return;
    }
    if (self->last_tick.heard_ms < 0 || now->mono_ms - self->last_tick.heard_ms >= apart_ms) {
        self->lag_ms = 0;
    }
    self->last_tick.heard_ms = now->mono_ms;
    self->last_tick.live = renewed->live;
    self->last_tick.nodes = count_nodes(self);
    self->last_tick.before = self->last_tick.root;
    self->last_tick.root.set = renewed->digest.len == sizeof(self->last_tick.root.bytes);
    if (self->last_tick.root.set) {
        memcpy(self->last_tick.root.bytes, renewed->digest.data, renewed->digest.len);
    }
    self->last_tick.due = true;
}

static void on_fact(void *state, const struct msg *msg, const struct now *now)
{
    struct replicator *self = state;

    switch (msg->type) {
    case MSG_TYPE_RENEWED:
        on_renewed(self, &msg->as_renewed, now);
        break;
    case MSG_TYPE_PROTECT:
        self->registry_protect = msg->as_protect.on;
        break;
    case MSG_TYPE_STORAGE:
        self->registry_unkept = !msg->as_storage.ok;
        break;
    case MSG_TYPE_EXPIRING:
        last_heard_to_ask(self, msg->as_expiring.keys);
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
 * ago, nobody knows how long: what is held of it now is asked for. So it is of what changes while
 * the link is not up yet, as soon as it is. */
static void queue_for(struct replicator *self, struct peer *peer, const struct msg *record,
                      bool fresh, struct buf *encoded, const struct now *now)
{
    if (!fresh || peer->link.state != LINK_UP) {
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
        } else if (peer->way == WAY_MUSTER) {
            queue_for(self, peer, record, at.current, &encoded, now);
        }
    }
    buf_fini(&encoded);
}

/* What others lack now, the digests find; who is in infra.discovery has to be asked. */
static void on_gap(void *state, const struct now *now)
{
    struct replicator *self = state;

    (void)now;
    self->members.due = true;
}

/* What was sent before the registry was there is lost: no need to wait for the resend. */
static void on_current(void *state, uint64_t epoch, uint64_t seq, const struct now *now)
{
    struct replicator *self = state;
    struct follower_state at;

    (void)epoch;
    if (!self->met) {
        follower_state(self->registry, &at);
        self->registry_boot = at.boot; /* it may end before it has said RENEWED */
        self->met = true;
        self->sync.fresh = seq <= 1; /* this node itself */
        self->members.seek = true;
        own_instance_hurry(&self->own_instance, now);
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
              "this version can't read what the registry publishes: run the same version "
              "of all actors",
              log_uint("type", type), log_text("version", MUSTER_VERSION));
    self->broken = true;
}

const struct follower_owner replicator_facts = {.record = on_record,
                                                .fact = on_fact,
                                                .gap = on_gap,
                                                .current = on_current,
                                                .broken = on_broken};
