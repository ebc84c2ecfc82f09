/* Who else has this node's name, and what it was called itself.
 *
 * One name in one zone is one instance of infra.discovery, so two nodes of one name would take each
 * other's place again and again and never exchange a thing. Before a node registers itself it looks
 * at what its registry holds and what the configured nodes tell, hold_max_ms long at most, and as
 * long again where there is a
 * suspect. A
 * registration of its name at another address and with another id is looked into:
 *
 *   SUSPECT ──it answers, and is not this node──► at the start: this node ends
 *      │                                          later: LIVES
 *      ├──nobody answers──► SILENT ──for silent_max_ms──► forgotten, this node registers anew
 *      └──it is this node, or is called otherwise now──► forgotten
 *
 * The same id elsewhere is this node, moved; the same address with another id is this node with an
 * empty disk: neither is looked into. A registration of another name with this node's id is what it
 * was called before, and is cancelled: at once where this node stands itself, elsewhere when this
 * node's id does not answer there. If it does, or if that name is registered again and again, it is
 * another node's, with a copy of this one's data.
 */
#include "actors/replicator/namesake.h"

#include "actors/replicator/ask.h"
#include "actors/replicator/http_answer.h"
#include "actors/replicator/reach.h"
#include "actors/replicator/state.h"

static const int64_t hold_max_ms = 1500;
static const int64_t silent_max_ms = 90000;
static const uint32_t former_made_max = 3;

static bool is_own_name(const struct replicator *self, struct str zone, struct str name)
{
    return str_eq(name, self->own_instance.id.hostname) && str_eq(zone, self->own_instance.id.zone);
}

static struct peer *place_of(struct replicator *self, struct str zone, struct str addr)
{
    struct peer *peer = peers_unlisted(self, addr);

    return peer != NULL ? peer : peers_add(self, zone, addr);
}

/* Who is at addr is asked at once. */
static void suspect(struct replicator *self, struct str zone, struct str addr,
                    const struct now *now)
{
    struct peer *peer = place_of(self, zone, addr);

    if (peer == NULL || peer->namesake != NAMESAKE_NO) {
        return;
    }
    peer->namesake = NAMESAKE_SUSPECT;
    peer->namesake_ms = now->mono_ms;
    peer->seeking.due_ms = now->mono_ms;
    peer->seeking.done = false;
    self->members.changed = true;
    self->members.seek = true;
}

static void refuse(struct replicator *self, const struct peer *peer, const char *remedy)
{
    self->members.name_taken = true;
    log_event(self->log, LOG_ERROR, "name_taken", remedy, log_buf("peer", &peer->addr),
              log_text("name", self->config->node_name), log_text("zone", self->config->node_zone),
              log_text("address", self->config->gateway_advertise));
}

/* ── names of its own ── */

static void set(struct buf *buf, struct str text)
{
    buf->len = 0;
    buf_add_str(buf, text);
}

static void say_copy(struct replicator *self, struct str name, struct str addr)
{
    if (!self->members.said_twice) {
        self->members.said_twice = true;
        log_event(self->log, LOG_ERROR, "same_id",
                  "another node says to be this one: its data directory is a copy of this "
                  "node's; remove data/node.id of one of them and start that node again",
                  log_str("peer", addr), log_str("name", name),
                  log_text("address", self->config->gateway_advertise));
    }
}

/* How often that name was registered anew since it was cancelled here first. */
static uint32_t times_made(const struct replicator *self, const struct msg_put *put)
{
    if (self->former.state == FORMER_NONE || !str_eq(buf_str(&self->former.name), put->hostname) ||
        !str_eq(buf_str(&self->former.zone), put->zone)) {
        return 0;
    }
    return self->former.made + (put->dirty_timestamp > self->former.dirty);
}

/* What the clocks say tells nothing: this node's may have been set back since. */
static void note_former(struct replicator *self, const struct msg_put *put, struct str addr,
                        const struct now *now)
{
    bool late = put->dirty_timestamp >= self->members.began_ns;

    if (self->former.state == FORMER_ASK || self->former.state == FORMER_CANCEL) {
        return; /* the next is found when that is done */
    }
    self->former.made = times_made(self, put);
    self->former.dirty = put->dirty_timestamp;
    if ((late && self->members.said_twice) || self->former.made >= former_made_max) {
        say_copy(self, put->hostname, addr);
        return;
    }
    self->former.late = late;
    set(&self->former.zone, put->zone);
    set(&self->former.name, put->hostname);
    set(&self->former.addr, addr);
    if (str_eq(addr, str_from(self->config->gateway_advertise))) {
        self->former.state = FORMER_CANCEL;
    } else {
        self->former.state = FORMER_ASK;
        suspect(self, put->zone, addr, now);
    }
}

/* True: it was asked for the sake of a former name, and is no namesake. */
static bool former_who(struct replicator *self, struct peer *peer, enum err err,
                       const struct answer_who *who)
{
    if (self->former.state != FORMER_ASK ||
        !str_eq(buf_str(&self->former.addr), buf_str(&peer->addr))) {
        return false;
    }
    if (err == ERR_OK && str_eq(who->node_id, self->own_instance.node_id) &&
        !is_own_name(self, who->zone, who->name)) {
        self->former.state = FORMER_NONE;
        if (self->former.late && !self->own_instance.held) { /* it came later than this node */
            say_copy(self, buf_str(&self->former.name), buf_str(&peer->addr));
        } else {
            refuse(self, peer,
                   "another node of that name answers: its data directory is a copy of this one's; "
                   "remove data/node.id of one of them "
                   "and start that node again");
        }
    } else {
        self->former.state = FORMER_CANCEL;
    }
    return true;
}

static void cancel_former(struct replicator *self, const struct now *now, struct outbox *out)
{
    struct ask ask = {.kind = ASK_FORMER};
    struct msg msg = {.type = MSG_TYPE_CANCEL};

    msg.as_cancel = (struct msg_cancel){
        .gateway = self->own_instance.gateway,
        .expires = now->wall_ns + self->own_instance.deadline_ms * 1000000,
        .origin = ORIGIN_SELF,
        .env = self->own_instance.id.env,
        .appid = self->own_instance.id.appid,
        .zone = buf_str(&self->former.zone),
        .hostname = buf_str(&self->former.name),
    };
    if (replicator_ask(self, &ask, &msg, now, out) != 0) {
        self->former.state = FORMER_GONE;
        log_event(self->log, LOG_INFO, "renamed", NULL, log_buf("name_before", &self->former.name),
                  log_buf("zone_before", &self->former.zone),
                  log_text("name", self->config->node_name),
                  log_text("zone", self->config->node_zone));
    }
}

void namesake_on_former(struct replicator *self, const struct ask *ask, const struct msg *answer,
                        const struct now *now, struct outbox *out)
{
    (void)ask;
    (void)answer;
    (void)now;
    (void)out;
    self->members.due = true; /* whether it is gone, and that was all */
}

void namesake_keys(const struct replicator *self, struct buf *keys)
{
    const struct identity former = {self->own_instance.id.env, self->own_instance.id.appid,
                                    buf_str(&self->former.zone), buf_str(&self->former.name)};

    key_pack(keys, identity_key(&self->own_instance.id));
    if (self->former.state == FORMER_GONE) {
        key_pack(keys, identity_key(&former));
    }
}

void namesake_fini(struct replicator *self)
{
    buf_fini(&self->former.zone);
    buf_fini(&self->former.name);
    buf_fini(&self->former.addr);
}

/* ── others of its name ── */

static void check(struct replicator *self, struct str zone, struct str addr, struct str id,
                  const struct now *now)
{
    if (!str_eq(addr, str_from(self->config->gateway_advertise)) &&
        !str_eq(id, self->own_instance
                        .node_id)) { /* it, with an empty disk; or elsewhere, before it moved */
        suspect(self, zone, addr, now);
    }
}

bool namesake_record(struct replicator *self, const struct msg_put *put, struct str addr,
                     struct str id, const struct now *now)
{
    if (is_own_name(self, put->zone, put->hostname)) {
        check(self, put->zone, addr, id, now);
        return true;
    }
    if (str_eq(id, self->own_instance.node_id)) {
        note_former(self, put, addr, now);
        return true;
    }
    /* whoever stood where this node stands has gone, or says a wrong address */
    return str_eq(addr, str_from(self->config->gateway_advertise));
}

void namesake_told(struct replicator *self, const struct msg_list *records, const struct now *now)
{
    struct str rest = records->bytes;
    struct msg record;

    while (msg_next(&rest, &record)) {
        if (record.type == MSG_TYPE_PUT &&
            is_own_name(self, record.as_put.zone, record.as_put.hostname)) {
            struct reach ways = reach_ways(&record.as_put);

            if (ways.addr.len > 0) {
                check(self, record.as_put.zone, ways.addr, ways.id, now);
            }
        }
    }
}

static void forget(struct replicator *self, struct peer *peer)
{
    peer->namesake = NAMESAKE_NO;
    peers_trouble(self, peer, STR(""));
    self->members.changed = true;
    self->nodes_changed = true;
}

static void say(struct replicator *self, struct peer *peer, enum namesake now_is, const char *how)
{
    struct buf text = {0};

    if (peer->namesake == now_is) {
        return;
    }
    peer->namesake = now_is;
    buf_printf(&text, "%.*s has the node.name of this node (%s of zone %s, at %s) %s",
               STR_ARG(peer->addr), self->config->node_name, self->config->node_zone,
               self->config->gateway_advertise, how);
    log_event(self->log, LOG_WARN, "same_name", "it has the node.name of this node",
              log_buf("peer", &peer->addr), log_text("name", self->config->node_name),
              log_text("zone", self->config->node_zone),
              log_text("address", self->config->gateway_advertise), log_text("reason", how));
    peers_trouble(self, peer, buf_str(&text));
    buf_fini(&text);
}

void namesake_who(struct replicator *self, struct peer *peer, enum err err,
                  const struct answer_who *who, const struct now *now)
{
    bool named = err == ERR_OK && who->name.len > 0;

    if (former_who(self, peer, err, who)) {
        forget(self, peer);
        return;
    }
    if (err == ERR_UNAVAILABLE) {
        say(self, peer, NAMESAKE_SILENT, "too, but does not answer: it is taken for gone");
        return;
    }
    peer->namesake_ms = now->mono_ms;
    if (str_eq(who->node_id, self->own_instance.node_id) ||
        (named && !is_own_name(self, who->zone, who->name))) {
        forget(self, peer);
    } else if (named && who->node_id.len == 0 && self->own_instance.held) {
        peer->seeking.due_ms = now->mono_ms; /* it starts just now, and may be this one itself */
    } else if (self->own_instance.held) {
        refuse(self, peer,
               "another node of that name answers: give one of them a name of its own with "
               "node.name (in a discovery.toml: host), or "
               "end the other");
    } else {
        say(self, peer, NAMESAKE_LIVES,
            "too: they do not know each other; give one of them another node.name");
    }
}

/* ── when ── */

static bool is_clear(struct replicator *self, const struct now *now)
{
    int64_t over_ms = now->mono_ms - self->members.hold_ms;

    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        bool asked = peer->namesake == NAMESAKE_SUSPECT;

        if ((asked && over_ms < hold_max_ms) ||
            (peer->seed && !peer->seeking.done && over_ms < 0)) {
            return false;
        }
    }
    return true;
}

void namesake_step(struct replicator *self, const struct now *now, struct outbox *out)
{
    if (self->former.state == FORMER_CANCEL) {
        cancel_former(self, now, out);
    }
    if (!self->own_instance.held || !self->members.known) {
        return;
    }
    if (self->members.hold_ms < 0) {
        self->members.hold_ms = now->mono_ms + hold_max_ms;
    }
    if (is_clear(self, now)) {
        own_instance_claim(&self->own_instance, now);
    }
}

int64_t namesake_due_ms(const struct replicator *self)
{
    return self->members.hold_ms < self->turn_ms ? INT64_MAX : self->members.hold_ms;
}

void namesake_tick(struct replicator *self, const struct now *now)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->namesake == NAMESAKE_SILENT && now->mono_ms - peer->namesake_ms > silent_max_ms) {
            forget(self, peer);
            own_instance_claim(&self->own_instance, now);
        }
    }
}
