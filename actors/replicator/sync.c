/* The start: what a run of the registry must have before it answers clients.
 *
 *   WAIT ──the registry is heard──► CHOOSE ──it is empty or protected──► SNAPSHOT of a muster node
 *     │                             ▲   │            none of muster's ──► ALL of an HTTP node
 *     │ no peers                    │   └──it has data──► REPAIR       │ all taken
 *     │                             └──────── lost ─────────┤          │
 *     └────────────► TELL ◄── roots equal, or walked ───────┴──────────┘
 *                     │ └─◄── CHOOSE: all peers are protected too
 *                     └─OK──► DONE ──a new run of the registry──► WAIT
 *
 * If nobody can be reached it stays in CHOOSE, and the registry goes on by itself after a while.
 */
#include "actors/replicator/sync.h"

#include <assert.h>

#include "actors/replicator/ask.h"
#include "actors/replicator/root.h"
#include "actors/replicator/state.h"
#include "common/base/phases.h"

enum { merges_max = 32 };

static const int64_t muster_first_ms = 300; /* one that is being met is waited for that long */
static const int64_t again_ms = 1000;
static const int64_t whole_ms = 600000; /* a million takes seconds: who has no end has none then */

static const unsigned follows[] = {
    [SYNC_WAIT] = PHASE(SYNC_WAIT) | PHASE(SYNC_CHOOSE) | PHASE(SYNC_TELL),
    [SYNC_CHOOSE] = PHASE(SYNC_WAIT) | PHASE(SYNC_SNAPSHOT) | PHASE(SYNC_ALL) | PHASE(SYNC_REPAIR) |
                    PHASE(SYNC_TELL),
    [SYNC_SNAPSHOT] = PHASE(SYNC_WAIT) | PHASE(SYNC_CHOOSE) | PHASE(SYNC_TELL),
    [SYNC_ALL] = PHASE(SYNC_WAIT) | PHASE(SYNC_CHOOSE) | PHASE(SYNC_TELL),
    [SYNC_REPAIR] = PHASE(SYNC_WAIT) | PHASE(SYNC_CHOOSE) | PHASE(SYNC_TELL),
    [SYNC_TELL] = PHASE(SYNC_WAIT) | PHASE(SYNC_DONE),
    [SYNC_DONE] = PHASE(SYNC_WAIT),
};

static void enter(struct replicator *self, enum sync_state state)
{
    assert(phases_may(follows, self->sync.state, state));
    self->sync.state = state;
    self->sync.round++;
}

void sync_init(struct replicator *self, const struct now *now)
{
    self->sync.began_ms = now->mono_ms;
}

void sync_fini(struct replicator *self)
{
    buf_fini(&self->sync.reason);
}

void sync_again(struct replicator *self, const struct now *now)
{
    enter(self, SYNC_WAIT);
    self->sync.began_ms = now->mono_ms;
    self->sync.due_ms = now->mono_ms;
    self->sync.failed = false;
}

static struct peer *partner(struct replicator *self)
{
    return peers_alive(self, self->sync.peer, self->sync.life);
}

static void tell(struct replicator *self, const char *what, const struct peer *peer,
                 const struct now *now)
{
    struct buf *reason = &self->sync.reason;

    self->sync.filled = peer != NULL;
    reason->len = 0;
    buf_add_str(reason, str_from(what));
    if (peer != NULL) {
        buf_add_str(reason, buf_str(peer->name.len > 0 ? &peer->name : &peer->addr));
        log_event(self->log, LOG_INFO, "synced", NULL, log_buf("reason", reason),
                  log_uint("records", self->sync.records),
                  log_int("ms", now->mono_ms - self->sync.began_ms));
    }
    enter(self, SYNC_TELL);
    self->sync.due_ms = now->mono_ms;
}

static void fail(struct replicator *self, const char *why)
{
    struct peer *peer = partner(self);

    log_event(self->log, LOG_WARN, "sync_failed", "another way is tried",
              log_str("peer", peer != NULL ? buf_str(&peer->addr) : STR("")),
              log_text("reason", why));
    enter(self, SYNC_CHOOSE);
    self->sync.failed = true;
}

/* ── who ── */

static bool asked_about_protection(const struct peer *peer)
{
    return peer->way != WAY_NONE && !peer->alias && peer->namesake == NAMESAKE_NO;
}

static bool all_protected(struct replicator *self)
{
    uint32_t count = 0;

    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (!asked_about_protection(peer)) {
            continue;
        }
        if (!peer->protect || (peer->way == WAY_MUSTER && peer->link.state != LINK_UP)) {
            return false;
        }
        count++;
    }
    return count > 0;
}

static bool any_other(struct replicator *self)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->listed || (peer->seed && !peer->alias)) {
            return true;
        }
    }
    return false;
}

static bool is_ready(const struct peer *peer, enum peer_way way)
{
    return peer->way == way && !peer->protect && peer->status == NODE_UP &&
           (way != WAY_MUSTER || peer->link.state == LINK_UP);
}

/* Own zone first; of several one at random: what one can't give, another may. */
static struct peer *draw(struct replicator *self, enum peer_way way)
{
    struct peer *drawn = NULL;
    uint64_t count = 0;

    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (!is_ready(peer, way) || (drawn != NULL && drawn->own_zone && !peer->own_zone)) {
            continue;
        }
        if (drawn != NULL && peer->own_zone && !drawn->own_zone) {
            count = 0;
        }
        if (prng_below(&self->prng, ++count) == 0) {
            drawn = peer;
        }
    }
    return drawn;
}

static void take_partner(struct replicator *self, const struct peer *peer, enum sync_state state,
                         const struct now *now)
{
    enter(self, state);
    self->sync.peer = peers_number(self, peer);
    self->sync.life = peer->life;
    self->sync.cursor = 0;
    self->sync.last = false;
    self->sync.asked = false;
    self->sync.merges = 0;
    self->sync.records = 0;
    self->sync.partner_ms = now->mono_ms;
}

static void ask_slice(struct replicator *self, const struct now *now, struct outbox *out)
{
    struct peer *peer = partner(self);
    struct ask ask;
    struct msg msg = {.type = MSG_TYPE_SNAPSHOT};

    if (self->sync.last || self->sync.asked || self->sync.merges >= merges_max) {
        return;
    }
    if (peer == NULL || peer->link.state != LINK_UP) {
        fail(self, "its link was lost");
        return;
    }
    ask = replicator_ask_for(self, ASK_SYNC_SLICE, peer);
    ask.round = self->sync.round;
    msg.as_snapshot.cursor = self->sync.cursor;
    if (replicator_ask(self, &ask, &msg, now, out) == 0) {
        fail(self, "too much is under way");
        return;
    }
    self->sync.asked = true;
}

/* It holds nothing but nodes: this one, and those it had been told of at its last tick. Nodes that
 * are told of since are not among the live of that tick: they do not stand for clients'. */
static bool is_empty(const struct replicator *self)
{
    return self->sync.fresh || self->last_tick.live <= self->last_tick.nodes;
}

static bool wants_whole(const struct replicator *self)
{
    return self->registry_protect || is_empty(self);
}

bool sync_takes_whole(struct replicator *self)
{
    return self->sync.state == SYNC_SNAPSHOT || self->sync.state == SYNC_ALL ||
           ((self->sync.state == SYNC_WAIT || self->sync.state == SYNC_CHOOSE) &&
            wants_whole(self));
}

/* A node of muster may be there in a moment, and gives more than one that speaks HTTP only. */
static bool meets_muster(struct replicator *self)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->link.state == LINK_GREETING || (peer->seed && !peer->seeking.done)) {
            return true;
        }
    }
    return false;
}

int64_t sync_due_ms(const struct replicator *self)
{
    return self->sync.state == SYNC_CHOOSE && self->turn_ms < self->sync.muster_ms
               ? self->sync.muster_ms
               : INT64_MAX;
}

static void choose(struct replicator *self, const struct now *now, struct outbox *out)
{
    bool whole = wants_whole(self);
    struct peer *peer = draw(self, WAY_MUSTER);

    if (self->sync.failed) {
        self->sync.failed = false;
        self->sync.due_ms = now->mono_ms + again_ms;
    }
    if (now->mono_ms < self->sync.due_ms) {
        return;
    }
    if (!any_other(self)) { /* what is configured leads to this node itself */
        tell(self, "no peers configured", NULL, now);
        return;
    }
    if (all_protected(self)) {
        tell(self, "all peers are protected too", NULL, now);
        return;
    }
    if (peer != NULL) {
        take_partner(self, peer, whole ? SYNC_SNAPSHOT : SYNC_REPAIR, now);
        if (whole) {
            log_event(self->log, LOG_INFO, "sync_begins", NULL, log_buf("peer", &peer->addr),
                      log_text("over", "muster"));
            ask_slice(self, now, out);
        }
        return;
    }
    peer = draw(self, WAY_HTTP);
    if (peer == NULL || (now->mono_ms < self->sync.muster_ms && meets_muster(self))) {
        return;
    }
    take_partner(self, peer, SYNC_ALL, now);
    log_event(self->log, LOG_INFO, "sync_begins", NULL, log_buf("peer", &peer->addr),
              log_text("over", "http"));
    posts_ask_all(self->posts, self->sync.peer);
}

/* ── taking ── */

static bool is_late(const struct replicator *self, const struct ask *ask)
{
    return self->sync.state != SYNC_SNAPSHOT || ask->round != self->sync.round;
}

static void settle(struct replicator *self, const struct now *now, struct outbox *out)
{
    if (self->sync.last && self->sync.merges == 0) {
        tell(self, "in sync with ", partner(self), now);
    } else {
        ask_slice(self, now, out);
    }
}

void sync_on_slice(struct replicator *self, const struct ask *ask, const struct msg *answer,
                   const struct now *now, struct outbox *out)
{
    struct ask merging = {.kind = ASK_SYNC_MERGE, .round = self->sync.round};
    const struct msg_chunk *chunk;
    struct msg_merge merge;
    bool whole;

    if (is_late(self, ask)) {
        return;
    }
    self->sync.asked = false;
    if (answer == NULL || answer->type != MSG_TYPE_CHUNK) {
        fail(self, answer == NULL ? "no answer" : "it does not give its snapshot");
        return;
    }
    chunk = &answer->as_chunk;
    if ((chunk->next != 0 && chunk->next <= self->sync.cursor) ||
        chunk->records.count > states_records_max) {
        fail(self, "its snapshot has no end");
        return;
    }
    merge = (struct msg_merge){.spread = SPREAD_NOWHERE,
                               .older_ms = now->mono_ms - ask->asked_ms,
                               .restore = true,
                               .records = chunk->records};
    self->sync.records += chunk->records.count;
    self->counters.synced_records += chunk->records.count;
    self->sync.cursor = chunk->next;
    self->sync.last = chunk->next == 0;
    self->sync.merges += replicator_merge(self, &merging, &merge, now, out, &whole);
    if (!whole) {
        fail(self, "more than fits into a turn");
        return;
    }
    settle(self, now, out);
}

void sync_on_merged(struct replicator *self, const struct ask *ask, const struct msg *answer,
                    const struct now *now, struct outbox *out)
{
    if (is_late(self, ask)) {
        return;
    }
    self->sync.merges--;
    if (answer == NULL || answer->type != MSG_TYPE_MERGED) { /* what it refuses, nobody needs */
        fail(self, "the registry does not take it");
        return;
    }
    settle(self, now, out);
}

void sync_answered(struct replicator *self, uint32_t peer, enum err err)
{
    if (self->sync.state != SYNC_ALL || self->sync.peer != peer) {
        return;
    }
    if (err == ERR_OK) {
        self->sync.last = true;
    } else {
        fail(self, err == ERR_PROTECTED ? "it is protected" : "no good answer");
    }
}

void sync_walked(struct replicator *self, const struct peer *peer)
{
    if (self->sync.state == SYNC_REPAIR && partner(self) == peer) {
        self->sync.last = true;
    }
}

/* ── telling ── */

static void send_synced(struct replicator *self, const struct now *now, struct outbox *out)
{
    struct ask ask = {.kind = ASK_SYNCED, .round = self->sync.round};
    struct msg msg = {.type = MSG_TYPE_SYNCED};

    msg.as_synced.reason = buf_str(&self->sync.reason);
    msg.as_synced.filled = self->sync.filled;
    if (replicator_ask(self, &ask, &msg, now, out) != 0) {
        self->sync.due_ms = INT64_MAX; /* when that is answered, or not */
    }
}

void sync_on_synced(struct replicator *self, const struct ask *ask, const struct msg *answer,
                    const struct now *now, struct outbox *out)
{
    (void)out;
    if (self->sync.state != SYNC_TELL || ask->round != self->sync.round) {
        return;
    }
    if (answer != NULL && answer->type == MSG_TYPE_RESULT && answer->as_result.err == ERR_OK) {
        enter(self, SYNC_DONE);
    } else {
        self->sync.due_ms = answer == NULL ? now->mono_ms : now->mono_ms + again_ms;
    }
}

void sync_step(struct replicator *self, const struct now *now, struct outbox *out)
{
    struct peer *peer = partner(self);

    switch (self->sync.state) {
    case SYNC_WAIT:
        if (!peers_any_seed(self)) {
            tell(self, "no peers configured", NULL, now);
        } else if (self->met && (self->last_tick.root.set || self->sync.fresh)) {
            enter(self, SYNC_CHOOSE);
            self->sync.muster_ms = now->mono_ms + muster_first_ms;
        }
        break;
    case SYNC_CHOOSE:
        choose(self, now, out);
        break;
    case SYNC_ALL:
        if (peer == NULL || peer->way != WAY_HTTP) {
            fail(self, "it has gone");
        } else if (self->sync.last && !told_any(&self->told)) {
            tell(self, "in sync with ", peer, now);
        }
        break;
    case SYNC_REPAIR:
        if (peer == NULL || peer->link.state != LINK_UP) {
            enter(self, SYNC_CHOOSE);
        } else if (self->sync.last || roots_eq(&peer->link.root, &self->last_tick.root)) {
            tell(self, "in sync with ", peer, now);
        }
        break;
    case SYNC_SNAPSHOT:
        if (peer == NULL || peer->link.state != LINK_UP) {
            fail(self, "its link was lost");
        } else if (now->mono_ms - self->sync.partner_ms > whole_ms) {
            fail(self, "its snapshot has no end");
        }
        break;
    case SYNC_TELL:
    case SYNC_DONE:
        break;
    }
    if (self->sync.state == SYNC_TELL && now->mono_ms >= self->sync.due_ms) {
        send_synced(self, now, out);
    }
}
