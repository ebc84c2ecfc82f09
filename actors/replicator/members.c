/* Who is in the table, and which ways are open. The registry's infra.discovery instances of the own
 * env are the only truth about nodes; a seed that is not among them yet is asked over HTTP, first
 * who is there, then what it tells of infra.discovery, which is merged into the registry.
 *
 * Of several registrations that say the same id, name or address only the newest counts: a node
 * that is called otherwise now, has moved, or stands where another stood, is the one it was, or
 * takes its place, at once. Which is the newest is the clocks' word, and they may be wrong: one
 * that gives signs of life counts before one that gives none, or cannot be reached, and one at
 * whose address that very node answers before one of whom nothing is known. Of the own zone every
 * node is a peer, of another zone one (other_zones.h).
 */
#include "actors/replicator/members.h"

#include <assert.h>

#include "actors/replicator/ask.h"
#include "actors/replicator/http_answer.h"
#include "actors/replicator/link.h"
#include "actors/replicator/other_zones.h"
#include "actors/replicator/reach.h"
#include "actors/replicator/state.h"

static const int64_t ask_again_ms = 60000;   /* in case a fact was lost without a trace */
static const int64_t judge_again_ms = 60000; /* a name that stood where no node may stand */
static const int64_t seek_min_ms = 1000;
static const int64_t seek_lost_ms = 2000;   /* one that does not answer: it may be back */
static const int64_t seek_max_ms = 10000;   /* one that does, and yet is not listed */
static const int64_t seek_alias_ms = 30000; /* one that leads to a node known otherwise */

/* ── who is in it ── */

static void unlist(struct replicator *self, struct peer *peer, const struct now *now)
{
    peer->listed = false;
    peer->banned = false;
    peers_trouble(self, peer, STR(""));
    peer->chosen = false;
    peer->moved = true;
    peer->kind = PEER_UNKNOWN;
    peer->name.len = 0;
    peer->id.len = 0;
    peer->dirty = 0;
    peer->seeking.due_ms = now->mono_ms;
    peer->seeking.pause_ms = 0;
    self->members.changed = true;
    self->nodes_changed = true;
}

/* Whether what peer is listed by is of the same node, or of one in the same place. */
static bool clashes(const struct peer *peer, const struct reach *ways)
{
    return (ways->id.len > 0 && str_eq(buf_str(&peer->id), ways->id)) ||
           str_eq(buf_str(&peer->addr), ways->addr);
}

/* How well a registration is known to be of who stands there now. */
enum life { LIFE_UNKNOWN, LIFE_ANSWERS, LIFE_LINKED, LIFE_SIGNS };

/* Whether the node of this id is at that address: a link is up, or a seed said so when it was asked
 * last. That says nothing of what it is called. */
static enum life life_at(struct replicator *self, struct str addr, struct str id)
{
    enum life life = LIFE_UNKNOWN;

    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (id.len == 0 || !str_eq(buf_str(&peer->id), id) || !str_eq(buf_str(&peer->addr), addr)) {
            continue;
        }
        if (peer->listed && peer->link.state == LINK_UP) {
            return LIFE_LINKED;
        }
        life = !peer->listed && peer->status == NODE_UP ? LIFE_ANSWERS : life;
    }
    return life;
}

/* What is known of a listed one is as old as the list. */
static enum life life_of_listed(struct replicator *self, const struct peer *peer,
                                const struct now *now)
{
    int64_t silent_ms = now->mono_ms - peer->sign_ms;

    if (!peers_lost(peer) && silent_ms < self->config->evictor_idle + ask_again_ms) {
        return LIFE_SIGNS;
    }
    return life_at(self, buf_str(&peer->addr), buf_str(&peer->id));
}

static enum life life_of(struct replicator *self, const struct msg_put *put,
                         const struct reach *ways)
{
    if (put->age_ms >= 0 && put->age_ms < self->config->evictor_idle / 2) {
        return LIFE_SIGNS;
    }
    return life_at(self, ways->addr, ways->id);
}

static bool is_newer(struct replicator *self, const struct peer *peer, const struct msg_put *put,
                     const struct reach *ways, const struct now *now)
{
    enum life of_peer = life_of_listed(self, peer, now);
    enum life of_put = life_of(self, put, ways);

    if (of_peer != of_put) {
        return of_peer > of_put;
    }
    return peer->dirty > put->dirty_timestamp || (peer->dirty == put->dirty_timestamp &&
                                                  str_cmp(buf_str(&peer->name), put->hostname) > 0);
}

/* Whether another registration counts instead of this one; else unlists what this one replaces, but
 * for the place that it takes. */
static bool is_replaced(struct replicator *self, const struct msg_put *put,
                        const struct reach *ways, const struct peer *place, const struct now *now)
{
    struct peer *named = peers_named(self, put->zone, put->hostname);
    struct peer *peer = NULL;

    while ((peer = peers_next(self, peer)) != NULL) {
        if (peer->listed && peer != named && clashes(peer, ways) &&
            is_newer(self, peer, put, ways, now)) {
            if (named != NULL && named->listed) {
                unlist(self, named, now);
            }
            return true;
        }
    }
    while ((peer = peers_next(self, peer)) != NULL) {
        if (peer->listed && peer != place && (peer == named || clashes(peer, ways))) {
            unlist(self, peer, now);
        }
    }
    return false;
}

static struct peer *listed_at(struct replicator *self, struct str addr)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->listed && str_eq(buf_str(&peer->addr), addr)) {
            return peer;
        }
    }
    return NULL;
}

/* NULL: it is replaced by another registration, or there is no room. */
static struct peer *place_for(struct replicator *self, const struct msg_put *put,
                              const struct reach *ways, const struct now *now)
{
    struct peer *peer = peers_identified(self, ways->id);

    peer = peer != NULL ? peer : peers_named(self, put->zone, put->hostname);
    peer = peer != NULL ? peer : listed_at(self, ways->addr);
    if (is_replaced(self, put, ways, peer, now)) {
        return NULL;
    }
    if (peer != NULL && peer->seed && !str_eq(buf_str(&peer->addr), ways->addr)) {
        unlist(self, peer, now); /* it has moved; whoever is at the configured address now … */
        peer = NULL;
    }
    if (peer == NULL) {
        peer = peers_unlisted(self, ways->addr);
    }
    if (peer == NULL) {
        peer = peers_add(self, put->zone, ways->addr);
    }
    if (peer == NULL && !self->members.said_full) {
        self->members.said_full = true;
        log_event(self->log, LOG_WARN, "too_many_nodes",
                  "there are more other nodes in this env than one node speaks with: the "
                  "rest is not sent anything",
                  log_int("most", outbox_peers_max));
    }
    return peer;
}

/* Seeds that have said to be this node, by another address. */
static void find_aliases(struct replicator *self, const struct peer *node)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer != node && peer->seed && !peer->listed && !peer->alias && node->id.len > 0 &&
            str_eq(buf_str(&peer->id), buf_str(&node->id))) {
            peer->alias = true;
            self->nodes_changed = true;
        }
    }
}

static void list(struct replicator *self, const struct msg_put *put, const struct now *now)
{
    struct reach ways = reach_ways(put);
    struct peer *peer;

    if (ways.addr.len == 0 || namesake_record(self, put, ways.addr, ways.id, now)) {
        return;
    }
    peer = place_for(self, put, &ways, now);
    if (peer == NULL) {
        return;
    }
    if (reach_describe(self, peer, put, &ways)) {
        reach_judge(self, peer);
        peer->moved = true;
        self->members.changed = true;
        self->nodes_changed = true;
        find_aliases(self, peer);
    }
    peer->dirty = put->dirty_timestamp;
    peer->sign_ms = put->age_ms >= 0 ? now->mono_ms - put->age_ms : INT64_MIN / 2;
    peer->alias = false;
    if (peer->namesake != NAMESAKE_NO) {
        peer->namesake = NAMESAKE_NO;
        reach_judge(self, peer);
    }
    peer->listed = true;
    peer->marked = true;
    peer->own_zone = str_eq(put->zone, self->own_instance.id.zone);
}

void members_record(struct replicator *self, const struct msg *record, const struct now *now)
{
    const struct msg_gone *gone = &record->as_gone;
    struct peer *peer;

    if (record->type == MSG_TYPE_PUT) {
        if (!str_eq(record->as_put.appid, self->own_instance.id.appid) ||
            !str_eq(record->as_put.env, self->own_instance.id.env)) {
            return;
        }
        list(self, &record->as_put, now);
    } else {
        if (!str_eq(gone->appid, self->own_instance.id.appid) ||
            !str_eq(gone->env, self->own_instance.id.env)) {
            return;
        }
        self->members.due = true; /* another registration of that node may count now */
        peer = peers_named(self, gone->zone, gone->hostname);
        if (peer != NULL && peer->listed && gone->kind != CHANGE_FORGET) {
            unlist(self, peer, now);
        }
    }
    self->members.again = self->members.again || self->members.under_way;
}

/* ── all of them ── */

void members_on_nodes(struct replicator *self, const struct ask *ask, const struct msg *answer,
                      const struct now *now, struct outbox *out)
{
    struct str rest;
    struct msg record;
    bool whole;

    (void)ask;
    (void)out;
    self->members.under_way = false;
    if (answer == NULL || answer->type != MSG_TYPE_FOUND || self->members.again) {
        self->members.due = true;
    }
    if (answer == NULL || answer->type != MSG_TYPE_FOUND) {
        return;
    }
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        peer->marked = false;
    }
    rest = answer->as_found.records.bytes;
    while (msg_next(&rest, &record)) {
        if (record.type == MSG_TYPE_PUT) {
            list(self, &record.as_put, now);
        }
    }
    /* more than fits: who is not among them may stand behind */
    whole = answer->as_found.records.bytes.len < app_bytes_max;
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        /* A registry that has begun anew knows nobody; those we are linked to are there. */
        bool forgotten = answer->as_found.records.count <= 1 && peer->link.state == LINK_UP;

        if (peer->listed && !peer->marked && whole && !self->members.again && !forgotten) {
            unlist(self, peer, now);
        }
    }
    self->members.known = true;
}

static void ask_all(struct replicator *self, const struct now *now, struct outbox *out)
{
    struct ask ask = {.kind = ASK_NODES};
    struct msg msg = {.type = MSG_TYPE_APP};

    msg.as_app.env = self->own_instance.id.env;
    msg.as_app.appid = self->own_instance.id.appid;
    if (replicator_ask(self, &ask, &msg, now, out) != 0) {
        self->members.due = false;
        self->members.under_way = true;
        self->members.again = false;
        self->members.asked_ms = now->mono_ms;
    }
}

/* ── ways ── */

static enum peer_way way_wanted(const struct peer *peer)
{
    if (peer->banned) {
        return WAY_NONE;
    }
    if (!peer->listed) {
        return peer->seed || peer->namesake != NAMESAKE_NO ? WAY_SEEK : WAY_NONE;
    }
    if (!peer->own_zone && !peer->chosen) {
        return WAY_NONE;
    }
    return peer->kind == PEER_MUSTER ? WAY_MUSTER : WAY_HTTP;
}

static void close_way(struct replicator *self, struct peer *peer, struct outbox *out)
{
    if (peer->way == WAY_MUSTER) {
        link_close(self, peer, out);
    } else if (peer->way != WAY_NONE) {
        posts_close(self->posts, peers_number(self, peer));
        peer->seeking.under_way = false;
    }
    peer->way = WAY_NONE;
}

static void open_way(struct replicator *self, struct peer *peer, enum peer_way way,
                     const struct now *now, struct outbox *out)
{
    peer->way = way;
    peer->took = false;
    if (way == WAY_MUSTER) {
        link_open(self, peer, now, out);
    } else if (way != WAY_NONE) {
        posts_open(self->posts, peers_number(self, peer), buf_str(&peer->addr), peer->own_zone,
                   peer->seed);
    }
    if (way == WAY_HTTP) {
        own_instance_hurry(&self->own_instance, now); /* a heartbeat: it learns of us by it */
    }
}

static bool any_listed(struct replicator *self)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->listed) {
            return true;
        }
    }
    return false;
}

void members_step(struct replicator *self, const struct now *now, struct outbox *out)
{
    if (self->door_waits && any_listed(self)) {
        self->door_waits = outbox_door_open(out) != ERR_OK;
        own_instance_door_opened(&self->own_instance, now);
    }
    if (self->members.due && !self->members.under_way && self->met) {
        ask_all(self, now, out);
    }
    while (self->members.changed) {
        self->members.changed = false;
        other_zones_choose(self, now);
        for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
            enum peer_way way = way_wanted(peer);

            if (way != peer->way || peer->moved) {
                close_way(self, peer, out);
                if (way == WAY_NONE && !peer->listed && !peer->seed) {
                    peers_remove(self, peer);
                    continue;
                }
                open_way(self, peer, way, now, out);
                self->nodes_changed = true;
            }
            peer->moved = false;
        }
    }
    if (self->members.seek) { /* no sooner than the registry can take what they tell */
        self->members.seek = false;
        members_tick(self, now, out);
    }
}

/* Other addresses of nodes that are known are asked now and then who is there now. */
static int64_t pause_of(struct peer *peer)
{
    int64_t most_ms = peer->status == NODE_UP && !peer->protect ? seek_max_ms : seek_lost_ms;

    if (peer->alias) {
        return seek_alias_ms;
    }
    peer->seeking.pause_ms *= 2;
    if (peer->seeking.pause_ms < seek_min_ms) {
        peer->seeking.pause_ms = seek_min_ms;
    } else if (peer->seeking.pause_ms > most_ms) {
        peer->seeking.pause_ms = most_ms;
    }
    return peer->seeking.pause_ms;
}

/* Names move. */
static void judge_names_again(struct replicator *self, const struct now *now)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->banned && peer->banned_ms != 0 &&
            now->mono_ms - peer->banned_ms >= judge_again_ms) {
            reach_judge(self, peer);
            self->members.changed = true;
        }
    }
}

void members_tick(struct replicator *self, const struct now *now, struct outbox *out)
{
    (void)out;
    if (self->members.known && now->mono_ms - self->members.asked_ms >= ask_again_ms) {
        self->members.due = true;
    }
    judge_names_again(self, now);
    self->members.changed = self->members.changed || other_zones_has_better(self, now);
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->way != WAY_SEEK || peer->seeking.under_way ||
            now->mono_ms < peer->seeking.due_ms) {
            continue;
        }
        peer->seeking.due_ms = now->mono_ms + pause_of(peer);
        peer->seeking.under_way = true;
        posts_ask_who(self->posts, peers_number(self, peer));
    }
}

static void said_alias(const struct replicator *self, const struct peer *peer,
                       const struct peer *node)
{
    log_event(self->log, LOG_INFO, "same_node", "both addresses lead to one node",
              log_buf("peer", &peer->addr),
              log_str("other", node != NULL ? buf_str(&node->addr) : STR("this node")));
}

void members_who(struct replicator *self, struct peer *peer, enum err err,
                 const struct answer_who *who, const struct now *now)
{
    struct peer *node = peers_identified(self, who->node_id);
    bool self_too = err == ERR_OK && str_eq(who->node_id, self->own_instance.node_id);
    bool alias = self_too || (node != NULL && node != peer);

    if (peer->namesake != NAMESAKE_NO) {
        namesake_who(self, peer, err, who, now);
    }
    if (!peer->seed || peer->listed) {
        peer->seeking.under_way = false;
        peer->seeking.done = true;
        return;
    }
    if (err == ERR_OK) {
        if (alias && !peer->alias) {
            said_alias(self, peer, node);
        }
        self->nodes_changed = self->nodes_changed || alias != peer->alias;
        /* where that node is looked for it is not: its registration at this address may be here */
        self->members.due = self->members.due || (alias && node != NULL && peers_lost(node));
        peer->alias = alias;
        peer->id.len = 0;
        buf_add_str(&peer->id, who->node_id);
    }
    if (err == ERR_UNAVAILABLE || self_too) {
        peer->seeking.under_way = false;
        peer->seeking.done = true;
    } else {
        posts_ask_nodes(self->posts, peers_number(self, peer));
    }
}
