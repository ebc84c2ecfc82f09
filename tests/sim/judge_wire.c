#include "tests/sim/judge.h"

#include "actors/replicator/peers.h"

enum { relays_max = 1024 };

static const int64_t tombstone_beyond_ms = 600000;

/* ── STATES and ACK ─────────────────────────────────────────────────────────*/

static bool holds_live(const struct judge *self, uint32_t node, uint32_t host)
{
    const struct registry_actor *registry = site_registry(&self->sites[node]);
    struct state held = {.dirty = -1};

    if (registry != NULL) {
        held = judge_state(registry->registry, self->client->hosts[host].key);
    }
    return held.dirty != -1 && !held.gone;
}

static void keep_record(struct judge *self, struct pending *pending, const struct msg *record)
{
    struct change change;
    struct told *told = &pending->told[pending->count];

    if (pending->count == judge_records_max || change_from_msg(record, &change) != ERR_OK) {
        return;
    }
    told->host = client_host_of(self->client, identity_key(&change.instance.id));
    if (told->host == UINT32_MAX) {
        return;
    }
    told->state.dirty = change.instance.dirty_timestamp;
    told->state.gone = !change_is_live(change.kind);
    told->state.hash = told->state.gone ? 0 : instance_hash(&change.instance);
    told->age_ms = change.age_ms < 0 ? -1 : change.age_ms + pending->older_ms;
    told->anew = !holds_live(self, pending->node, told->host);
    pending->count++;
    trace_add(self->trace, sim_ms(self->sim), (int)pending->node,
              "is told by node%u: %s %s dirty=%lld hash=%04x age=%.1f s",
              (unsigned)pending->from.bytes[0] + 1, told->state.gone ? "gone" : "live",
              self->client->hosts[told->host].name,
              (long long)(told->state.dirty % 1000000000000000),
              (unsigned)(told->state.hash & 0xffff), (double)told->age_ms / 1000);
}

void judge_door(void *context, uint32_t node, const struct address *from, const struct msg *msg)
{
    struct judge *self = context;
    struct str rest;
    struct msg record;
    struct pending *pending;

    if (msg->type != MSG_TYPE_STATES) {
        return;
    }
    rest = msg->as_states.records.bytes;
    if (rest.len == 0) {
        return;
    }
    pending = &self->pending[self->pended++ % judge_pending_max];
    pending->id = msg->as_states.id;
    pending->node = node;
    pending->from = *from;
    pending->count = 0;
    pending->at_ms = sim_ms(self->sim);
    /* as the receiver reckons: at most so long on its way */
    pending->older_ms =
        sim_now(self->sim, node).mono_ms - msg->as_states.echo - msg->as_states.held_ms;
    while (msg_next(&rest, &record)) {
        keep_record(self, pending, &record);
    }
}

/* Whether the rules may refuse it: it is not held, and too old or of unknown age. */
static bool may_refuse(const struct judge *self, const struct told *told)
{
    int64_t limit_ms =
        told->state.gone ? self->plan->ceiling_ms + tombstone_beyond_ms : judge_idle_ms;

    return told->age_ms < 0 || told->age_ms > limit_ms - 15000;
}

/* A tombstone won over it when it came, and its life has ended since: the next walk tells it anew.
 */
static bool was_beaten(const struct judge *self, const struct pending *pending,
                       const struct told *told)
{
    const struct view *view = &self->nodes[pending->node].held[told->host];

    return view->forgotten && view->since_ms >= pending->at_ms &&
           !state_beats(&told->state, &view->state);
}

static void check_ack(struct judge *self, const struct pending *pending)
{
    struct registry_actor *registry = site_registry(&self->sites[pending->node]);

    /* what it took in right after a standstill may be older by that, and be refused for it */
    if (registry == NULL || self->sites[pending->node].fresh_ms > pending->at_ms - 5000) {
        return;
    }
    for (uint32_t i = 0; i < pending->count; i++) {
        const struct told *told = &pending->told[i];
        const struct host *host = &self->client->hosts[told->host];
        struct state held = judge_state(registry->registry, host->key);

        /* What it had refused may have come before a state of known age from another, older and yet
         * taken: it holds that until the digests differ. */
        if ((told->state.gone || told->anew || held.dirty == -1 || held.gone) &&
            may_refuse(self, told)) {
            continue;
        }
        if (held.dirty == -1 && was_beaten(self, pending, told)) {
            continue;
        }
        if (held.dirty == -1 || state_beats(&told->state, &held)) {
            judge_fail(self,
                       "node%u acknowledged to node%u that its registry has the %s state of %s, "
                       "and it has %s",
                       (unsigned)pending->node + 1, (unsigned)pending->from.bytes[0] + 1,
                       told->state.gone ? "cancelled" : "live", host->name,
                       held.dirty == -1 ? "nothing of it" : "an older one");
        }
    }
}

void judge_door_reply(void *context, uint32_t node, const struct address *to, struct str frame)
{
    struct judge *self = context;
    struct msg msg;

    if (frame.len > frame_max) {
        judge_fail(self, "node%u sent a frame of %zu bytes", (unsigned)node + 1, frame.len);
    }
    while (frame.len > 0 && msg_decode(&frame, &msg) == ERR_OK) {
        if (msg.type != MSG_TYPE_ACK || msg.as_ack.err != ERR_OK) {
            continue;
        }
        self->acks++;
        for (unsigned i = 0; i < judge_pending_max; i++) {
            struct pending *pending = &self->pending[i];

            if (pending->id == msg.as_ack.id && pending->id != 0 && pending->node == node &&
                memcmp(&pending->from, to, sizeof(*to)) == 0) {
                check_ack(self, pending);
                pending->id = 0;
            }
        }
    }
}

void judge_door_command(void *context, uint32_t from, uint32_t to, struct str frame)
{
    struct judge *self = context;

    (void)to;
    if (frame.len > frame_max) {
        judge_fail(self, "node%u sent a frame of %zu bytes", (unsigned)from + 1, frame.len);
    }
}

/* ── limits ─────────────────────────────────────────────────────────────────*/

void judge_limits(struct judge *self)
{
    for (uint32_t i = 0; i < self->plan->nodes; i++) {
        struct replicator *replicator = site_replicator(&self->sites[i]);
        struct peer *peer = NULL;

        if (replicator == NULL) {
            continue;
        }
        while ((peer = peers_next(replicator, peer)) != NULL) {
            if (peer->link.under_way > link_window) {
                judge_fail(self, "node%u has %u STATES under way to one node", (unsigned)i + 1,
                           (unsigned)peer->link.under_way);
            }
            if (peer->link.queue.len - peer->link.queue_at > link_queue_bytes) {
                judge_fail(self, "node%u has %zu bytes waiting for one node", (unsigned)i + 1,
                           peer->link.queue.len - peer->link.queue_at);
            }
        }
        if (replicator->relays > relays_max) {
            judge_fail(self, "node%u relays %u questions at once", (unsigned)i + 1,
                       (unsigned)replicator->relays);
        }
    }
}
