#include "actors/replicator/link.h"

#include <assert.h>

#include "actors/replicator/ask.h"
#include "actors/replicator/link_state.h"
#include "actors/replicator/repair.h"
#include "actors/replicator/state.h"

static const int64_t greet_pause_ms = 10;
/* Keys of what changes while a node is greeted; of more the last are kept. */
static const size_t greeting_want_bytes_max = (size_t)1024 * key_bytes;

/* ── up and down ── */

static void drop_all(struct replicator *self, struct peer *peer, const struct now *now)
{
    struct link *link = &peer->link;

    self->counters.records_dropped += link_records(link);
    link_clear(link);
    buf_fini(&link->want);
    memset(link->want_before, 0, sizeof(link->want_before));
    link->wanting = false;
    link->under_way = 0;
    link->greetings = 0;
    inflight_forget(self->inflight, peers_number(self, peer));
    repair_stop(self, peer, now);
}

static void enter(const struct replicator *self, struct peer *peer, enum link_state state)
{
    static const char *const names[LINK_STATE_COUNT] = {"closed", "greeting", "up"};

    if (peer->link.state != state) {
        log_event(self->log, LOG_DEBUG, "link", NULL, log_buf("peer", &peer->addr),
                  log_text("before", names[peer->link.state]), log_text("after", names[state]));
    }
    link_enter(&peer->link, state);
}

void link_open(struct replicator *self, struct peer *peer, const struct now *now,
               struct outbox *out)
{
    enter(self, peer, LINK_GREETING);
    link_greet(self, peer, now, out); /* lost if nobody is connected yet: again soon */
    self->greet.pause_ms = greet_pause_ms;
    self->greet.due_ms = now->mono_ms + greet_pause_ms;
}

void link_close(struct replicator *self, struct peer *peer, struct outbox *out)
{
    const struct now never = {0};

    drop_all(self, peer, &never);
    enter(self, peer, LINK_CLOSED);
    peer->link = (struct link){0};
    outbox_peer_close(out, peers_number(self, peer));
}

void link_lose(struct replicator *self, struct peer *peer, const char *why, const struct now *now)
{
    drop_all(self, peer, now);
    enter(self, peer, LINK_GREETING);
    peers_exchanged(self, peer, false, why, now);
}

void link_heard(struct peer *peer, uint64_t boot, int64_t stamp, bool protect, struct str digest,
                const struct now *now)
{
    struct link *link = &peer->link;

    if (boot == link->to_boot && stamp < link->stamp) {
        return; /* it was overtaken */
    }
    link->to_boot = boot;
    link->stamp = stamp;
    link->heard_ms = now->mono_ms;
    peer->protect = protect;
    if (digest.len == sizeof(link->root.bytes)) {
        link->root.set = true;
        memcpy(link->root.bytes, digest.data, digest.len);
    }
}

/* ── what it is to be sent ── */

void link_queue(struct replicator *self, struct peer *peer, struct str record, int64_t since_ms)
{
    struct link *link = &peer->link;
    uint32_t length = (uint32_t)record.len;

    if (link->state != LINK_UP) {
        return;
    }
    if (link_queued(link) + record.len > link_queue_bytes) {
        self->counters.records_dropped += link_records(link) + 1;
        link_clear(link);
        return;
    }
    if (link_records(link) == 0) {
        link->queue.len = link->queue_at = 0;
        link->lengths.len = link->lengths_at = 0;
        link->queue_since_ms = since_ms;
    } else if (since_ms < link->queue_since_ms) {
        link->queue_since_ms = since_ms;
    }
    buf_add_str(&link->queue, record);
    buf_add(&link->lengths, &length, sizeof(length));
    if (link_queued(link) > self->queue_bytes_max) {
        self->queue_bytes_max = link_queued(link);
    }
}

void link_want(struct replicator *self, struct peer *peer, struct str keys)
{
    struct buf *want = &peer->link.want;
    size_t room = want_bytes_max - want->len;
    struct str taken = keys;

    if (peer->link.state == LINK_CLOSED || keys.len % key_bytes != 0) {
        taken.len = 0;
    } else if (taken.len > room) { /* as many as there is room for */
        taken.len = room;
    }
    if (peer->link.state == LINK_GREETING && want->len + taken.len > greeting_want_bytes_max) {
        want->len = 0;
        memset(peer->link.want_before, 0, sizeof(peer->link.want_before));
    }
    buf_add_str(want, taken);
    self->counters.records_dropped += (keys.len - taken.len) / key_bytes;
}

void link_age(struct peer *peer)
{
    struct link *link = &peer->link;
    size_t old = link->want_before[1];

    if (link->state != LINK_GREETING) {
        return;
    }
    if (old > 0) {
        memmove(link->want.data, link->want.data + old, link->want.len - old);
        link->want.len -= old;
    }
    link->want_before[1] = link->want_before[0] - old;
    link->want_before[0] = link->want.len;
}

static void look_up_wanted(struct replicator *self, struct peer *peer, const struct now *now,
                           struct outbox *out)
{
    struct link *link = &peer->link;
    struct ask ask = replicator_ask_for(self, ASK_WANT, peer);
    struct msg msg = {.type = MSG_TYPE_LOOKUP};
    size_t len = link->want.len;

    if (link->wanting || len == 0 || link_queued(link) > link_queue_bytes / 2) {
        return;
    }
    if (len > (size_t)asked_keys_max * key_bytes) {
        len = (size_t)asked_keys_max * key_bytes;
    }
    buf_add(&ask.keys, link->want.data, len);
    msg.as_lookup.keys = (struct str){link->want.data, len};
    if (replicator_ask(self, &ask, &msg, now, out) != 0) {
        memmove(link->want.data, link->want.data + len, link->want.len - len);
        link->want.len -= len;
        link->wanting = true;
    }
}

void link_on_want(struct replicator *self, const struct ask *ask, const struct msg *answer,
                  const struct now *now, struct outbox *out)
{
    struct peer *peer = peers_alive(self, ask->peer, ask->life);
    struct str rest;
    size_t done;

    (void)now;
    (void)out;
    if (peer == NULL || peer->link.state != LINK_UP) {
        return;
    }
    peer->link.wanting = false;
    if (answer == NULL || answer->type != MSG_TYPE_FOUND) {
        return;
    }
    rest = answer->as_found.records.bytes;
    while (rest.len != 0) {
        struct str record = rest;
        struct msg msg;

        if (!msg_next(&rest, &msg)) {
            break;
        }
        record.len -= rest.len;
        link_queue(self, peer, record, ask->asked_ms);
    }
    done = (size_t)answer->as_found.done * key_bytes;
    if (done > 0 && done < ask->keys.len) {
        link_want(self, peer, (struct str){ask->keys.data + done, ask->keys.len - done});
    }
}

/* ── sending ── */

static struct msg_states states_head(const struct replicator *self, const struct peer *peer,
                                     const struct now *now)
{
    const struct root *root = &self->last_tick.root;

    return (struct msg_states){
        .node = str_from(self->config->node_name),
        .zone = str_from(self->config->node_zone),
        .boot = self->publisher.at.boot,
        .to_boot = peer->link.to_boot,
        .stamp = now->mono_ms,
        .echo = peer->link.stamp,
        .held_ms = now->mono_ms - peer->link.heard_ms,
        .protect = self->registry_protect,
        .digest = root->set ? (struct str){root->bytes, sizeof(root->bytes)} : STR(""),
        .node_id = self->own_instance.node_id,
    };
}

void link_greet(struct replicator *self, struct peer *peer, const struct now *now,
                struct outbox *out)
{
    struct ask ask = replicator_ask_for(self, ASK_GREETING, peer);
    struct msg msg = {.type = MSG_TYPE_STATES};

    peer->link.opened = peer->link.opened ||
                        outbox_peer_open(out, peers_number(self, peer), buf_str(&peer->endpoint),
                                         buf_str(&peer->key)) == ERR_OK;
    if (peer->link.greetings >= link_greetings) {
        return; /* whoever greets us as often as it likes does not get as many in return */
    }
    msg.as_states = states_head(self, peer, now);
    msg.as_states.to_boot = 0;
    msg.as_states.echo = 0;
    msg.as_states.held_ms = 0;
    if (replicator_ask(self, &ask, &msg, now, out) != 0) {
        peer->link.greetings++;
        self->counters.greetings_sent++;
    }
}

/* The records at the head of the queue; *bytes, *count: how far that goes. */
static struct msg_list queue_head(const struct link *link, size_t *bytes, uint32_t *count)
{
    uint32_t waiting = link_records(link);

    *bytes = 0;
    *count = 0;
    while (*count < waiting) {
        uint32_t length;

        memcpy(&length, link->lengths.data + link->lengths_at + *count * sizeof(length),
               sizeof(length));
        if (*count > 0 && *bytes + length > states_records_bytes_max) {
            break;
        }
        *bytes += length;
        ++*count;
    }
    if (*count == 0) {
        return (struct msg_list){0}; /* nothing has been queued yet: data may be NULL */
    }
    return (struct msg_list){*count, {link->queue.data + link->queue_at, *bytes}};
}

/* What was said to be so old when it was heard has waited here since: the other takes that for
 * time on the way. */
static bool send(struct replicator *self, struct peer *peer, struct str heartbeats,
                 int64_t heartbeats_since_ms, const struct now *now, struct outbox *out)
{
    struct ask ask = replicator_ask_for(self, ASK_STATES, peer);
    struct msg msg = {.type = MSG_TYPE_STATES};
    struct link *link = &peer->link;
    int64_t since_ms = heartbeats.len > 0 ? heartbeats_since_ms : now->mono_ms;
    uint32_t count;
    size_t bytes;

    msg.as_states = states_head(self, peer, now);
    msg.as_states.records = queue_head(link, &bytes, &count);
    msg.as_states.heartbeats = heartbeats;
    ask.place = (uint32_t)(heartbeats.len / heartbeat_bytes);
    if (count > 0 && link->queue_since_ms < since_ms) {
        since_ms = link->queue_since_ms;
    }
    ask.since_ms = since_ms;
    msg.as_states.held_ms -= now->mono_ms - since_ms + self->lag_ms;
    if (replicator_ask(self, &ask, &msg, now, out) == 0) {
        return false;
    }
    link->queue_at += bytes;
    link->lengths_at += count * sizeof(uint32_t);
    if (link_records(link) == 0) {
        link_clear(link);
    }
    link->under_way++;
    self->counters.states_sent++;
    self->counters.records_sent += count;
    self->counters.heartbeats_sent += heartbeats.len / heartbeat_bytes;
    return true;
}

void link_step(struct replicator *self, struct peer *peer, const struct now *now,
               struct outbox *out)
{
    struct link *link = &peer->link;

    if (link->state != LINK_UP) {
        return;
    }
    look_up_wanted(self, peer, now, out);
    while (link_records(link) > 0 &&
           link->under_way + 1 < link_window && /* one for the heartbeats */
           send(self, peer, STR(""), 0, now, out)) {
    }
}

void link_tick(struct replicator *self, struct peer *peer, const struct now *now,
               struct outbox *out)
{
    struct link *link = &peer->link;
    const struct buf *from = peer->own_zone ? &self->last_tick.zone : &self->last_tick.everywhere;
    struct str heartbeats = buf_str(from);
    size_t most = (size_t)states_heartbeats_bytes_max / heartbeat_bytes * heartbeat_bytes;

    if (link->state != LINK_UP) {
        return;
    }
    if (heartbeats.len > most) {
        self->counters.heartbeats_dropped += (heartbeats.len - most) / heartbeat_bytes;
        heartbeats.len = most;
    }
    if (link->under_way >= link_window ||
        !send(self, peer, heartbeats, self->last_tick.since_ms, now, out)) {
        self->counters.heartbeats_dropped += heartbeats.len / heartbeat_bytes;
    }
}

/* ── being answered ── */

static void take_newer(struct replicator *self, const struct ask *ask, const struct peer *peer,
                       const struct msg_list *newer, const struct now *now, struct outbox *out)
{
    struct ask aside = replicator_ask_for(self, ASK_ASIDE, peer);
    struct msg_merge merge = {.spread = replicator_spread_from(self, buf_str(&peer->zone)),
                              .older_ms = now->mono_ms - ask->asked_ms,
                              .records = *newer};
    bool whole;

    replicator_merge(self, &aside, &merge, now, out, &whole);
}

/* Whether the node answers that is looked for there. */
static bool is_it(const struct replicator *self, const struct peer *peer, const struct msg_ack *ack)
{
    return ack->boot != 0 && ack->boot != self->publisher.at.boot &&
           (ack->node_id.len == 0 || str_eq(ack->node_id, buf_str(&peer->id)));
}

static const char *why_not(const struct msg *answer)
{
    if (answer == NULL) {
        return "no answer";
    }
    if (answer->type == MSG_TYPE_ACK && answer->as_ack.err == ERR_CONFLICT) {
        return "it has the same node.name as this node, or a copy of its data directory: give one "
               "of them another, or remove data/node.id there";
    }
    return answer->type == MSG_TYPE_ACK && answer->as_ack.err == ERR_OK
               ? "another node answers there"
               : "it does not want to be greeted";
}

void link_on_greeting(struct replicator *self, const struct ask *ask, const struct msg *answer,
                      const struct now *now, struct outbox *out)
{
    struct peer *peer = peers_alive(self, ask->peer, ask->life);
    struct buf keys = {0};

    if (peer == NULL || peer->link.state == LINK_CLOSED) {
        return;
    }
    assert(peer->link.greetings > 0);
    peer->link.greetings--;
    if (answer == NULL || answer->type != MSG_TYPE_ACK || answer->as_ack.err != ERR_OK ||
        !is_it(self, peer, &answer->as_ack)) {
        if (peer->link.state == LINK_GREETING) {
            peers_exchanged(self, peer, false, why_not(answer), now);
        }
        return;
    }
    link_heard(peer, answer->as_ack.boot, answer->as_ack.stamp, answer->as_ack.protect,
               answer->as_ack.digest, now);
    if (peer->link.state == LINK_UP) {
        return;
    }
    enter(self, peer, LINK_UP);
    peer->link.up_ms = now->mono_ms;
    peer->link.refused = false;
    peers_exchanged(self, peer, true, "linked", now);
    namesake_keys(self, &keys);
    link_want(self, peer, buf_str(&keys));
    buf_fini(&keys);
    repair_up(self, peer, now, out);
}

static void refused(struct replicator *self, struct peer *peer, const struct msg_ack *ack)
{
    enum err err = (enum err)ack->err;

    if (!peer->link.refused) {
        log_event(self->log, LOG_WARN, "states_refused",
                  "it does not take what it is sent: run the same version on all nodes",
                  log_buf("peer", &peer->addr), log_text("error", err_name(err)),
                  log_str("reason", ack->text));
    }
    peer->link.refused = true;
}

void link_on_states(struct replicator *self, const struct ask *ask, const struct msg *answer,
                    const struct now *now, struct outbox *out)
{
    struct peer *peer = peers_alive(self, ask->peer, ask->life);
    const struct msg_ack *ack;

    if (peer == NULL || peer->link.state != LINK_UP) {
        return;
    }
    if (answer == NULL) {
        self->counters.ack_timeouts++;
        link_lose(self, peer, "no answer in 3 s", now);
        return;
    }
    assert(peer->link.under_way > 0);
    peer->link.under_way--;
    if (answer->type != MSG_TYPE_ACK) {
        return;
    }
    ack = &answer->as_ack;
    self->counters.acks_received++;
    if (ack->err == ERR_STALE) {
        bool settled = link_is_settled(&peer->link, now);

        self->counters.stale_links++;
        link_lose(self, peer, "it has started anew", now);
        if (settled) {
            link_greet(self, peer, now, out);
        }
        return;
    }
    if (ack->err != ERR_OK) {
        peer->link.to_boot = 0; /* maybe what we sent back as its clock is none: it is asked anew */
    }
    link_heard(peer, ack->boot, ack->stamp, ack->protect, ack->digest, now);
    if (ack->err != ERR_OK) {
        refused(self, peer, ack);
        return;
    }
    peer->link.refused = false;
    durations_add(&peer->lag, (now->mono_ms - ask->since_ms) * 1000);
    /* no more than there were heartbeats: else each record it gets could make it want the next */
    if (ack->want.len > 0 && ack->want.len <= (size_t)ask->place * key_bytes) {
        link_want(self, peer, ack->want);
    }
    if (ack->newer.count > 0 && ack->newer.count <= states_records_max) {
        take_newer(self, ask, peer, &ack->newer, now, out);
    }
}
