/* States from other nodes: handed to the own registry in portions, acknowledged when it has taken
 * every one of them. What it did not answer in time is not acknowledged; what it refused is, with
 * the error, so that nobody sends it again.
 */
#include "actors/replicator/inbound.h"

#include <stdlib.h>

#include "actors/replicator/ask.h"
#include "actors/replicator/link.h"
#include "actors/replicator/link_state.h"
#include "actors/replicator/root.h"
#include "actors/replicator/state.h"
#include "common/base/heap.h"

/* Of one ACK. What does not fit is found again by the digests. */
/* An older sign of life than this is none: the other's clock is at fault. */
static const int64_t held_ms_max = INT64_C(1) << 40;

struct inbound {
    bool used;
    uint64_t round; /* of this place: an answer for an earlier one is late */
    struct address from;
    uint64_t id;     /* of the STATES */
    size_t bytes;    /* of what was sent */
    uint32_t merges; /* under way */
    bool silent;     /* the registry did not answer one */
    enum err err;    /* the worst it answered */
    struct buf text;
    struct buf want;
    struct buf newer;
    uint32_t newer_count;
};

void inbound_init(struct replicator *self)
{
    self->inbound = heap_array(inbound_max, sizeof(*self->inbound));
}

static void clear(struct inbound *place)
{
    uint64_t round = place->round;

    buf_fini(&place->text);
    buf_fini(&place->want);
    buf_fini(&place->newer);
    *place = (struct inbound){.round = round};
}

void inbound_fini(struct replicator *self)
{
    for (uint32_t i = 0; i < inbound_max; i++) {
        clear(&self->inbound[i]);
    }
    free(self->inbound);
    self->inbound = NULL;
}

uint32_t inbound_count(const struct replicator *self)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < inbound_max; i++) {
        count += self->inbound[i].used;
    }
    return count;
}

static void acknowledge(struct replicator *self, const struct address *to, struct msg_ack *ack,
                        const struct now *now, struct outbox *out)
{
    const struct root *root = &self->last_tick.root;
    struct msg msg = {.type = MSG_TYPE_ACK};

    ack->boot = self->publisher.at.boot;
    ack->stamp = now->mono_ms;
    ack->protect = self->registry_protect;
    ack->digest = root->set ? (struct str){root->bytes, sizeof(root->bytes)} : STR("");
    ack->node_id = self->own_instance.node_id;
    msg.as_ack = *ack;
    outbox_reply(out, OUTBOX_SYNCED, to, &msg); /* full: as if it were lost */
    self->counters.acks_sent++;
}

static size_t bytes_of(const struct msg_states *states)
{
    return states->records.bytes.len + states->heartbeats.len;
}

/* NULL: too much is under way, in all or of this node. */
static struct inbound *find_place(struct replicator *self, const struct address *from, size_t bytes,
                                  uint32_t *number)
{
    struct inbound *place = NULL;
    uint32_t used = 0;
    uint32_t theirs = 0;

    for (uint32_t i = inbound_max; i-- > 0;) {
        struct inbound *at = &self->inbound[i];

        if (at->used) {
            used++;
            theirs += address_eq(&at->from, from);
            bytes += at->bytes;
        } else {
            *number = i;
            place = at;
        }
    }
    return bytes > inbound_bytes_max || (used >= inbound_max / 2 && theirs >= inbound_each) ? NULL
                                                                                            : place;
}

/* How long it was on its way at most. False: the clocks do not fit together. */
static bool transit(const struct msg_states *states, const struct now *now, int64_t *ms)
{
    if (states->echo < 0 || states->echo > now->mono_ms || states->held_ms > held_ms_max ||
        states->held_ms < -held_ms_max) {
        return false;
    }
    *ms = now->mono_ms - states->echo - states->held_ms;
    *ms = *ms < 0 ? 0 : *ms; /* the clocks differ a little in speed */
    return true;
}

static void take(struct replicator *self, const struct address *from,
                 const struct msg_states *states, int64_t older_ms, const struct now *now,
                 struct outbox *out)
{
    struct msg_merge merge = {.spread = replicator_spread_from(self, states->zone),
                              .older_ms = older_ms,
                              .counted = true,
                              .records = states->records,
                              .heartbeats = states->heartbeats};
    struct ask ask = {.kind = ASK_INBOUND};
    struct inbound *place = find_place(self, from, bytes_of(states), &ask.place);
    bool whole;

    if (place == NULL) {
        self->counters.inbound_failed++;
        return;
    }
    place->used = true;
    place->round++;
    place->from = *from;
    place->id = states->id;
    place->bytes = bytes_of(states);
    ask.round = place->round;
    place->merges = replicator_merge(self, &ask, &merge, now, out, &whole);
    place->silent = !whole;
    if (place->merges == 0) {
        self->counters.inbound_failed++;
        clear(place);
    }
}

static struct peer *sender(struct replicator *self, const struct msg_states *states)
{
    return states->node_id.len > 0 ? peers_identified(self, states->node_id)
                                   : peers_named(self, states->zone, states->node);
}

/* It knows of us, so it lives: no need to wait for the tick. */
static void greet_back(struct replicator *self, const struct msg_states *states,
                       const struct now *now, struct outbox *out)
{
    struct peer *peer = sender(self, states);

    if (peer == NULL || peer->link.state == LINK_CLOSED) {
        return;
    }
    if (peer->link.state == LINK_UP && peer->link.to_boot != states->boot) {
        if (!link_is_settled(&peer->link, now)) {
            return; /* two that both say to be it take turns: not more often than this */
        }
        link_lose(self, peer, "it has started anew", now);
    }
    if (peer->link.state == LINK_GREETING) {
        link_greet(self, peer, now, out);
    } else if (states->to_boot == self->publisher.at.boot) {
        link_heard(peer, states->boot, states->stamp, states->protect, states->digest, now);
    }
}

/* It says to be this node, by name or by id. */
static bool is_like_us(const struct replicator *self, const struct msg_states *states)
{
    return str_eq(states->node_id, self->own_instance.node_id) ||
           (str_eq(states->node, str_from(self->config->node_name)) &&
            str_eq(states->zone, str_from(self->config->node_zone)));
}

/* Whether it is sent by another node than it says: one that has a key, but not the one that this
 * name is known by. A key that is not known here any more binds nobody: it has been replaced. */
static bool is_forged(struct replicator *self, const struct address *from,
                      const struct msg_states *states)
{
    const struct curve_keys *known = self->own_instance.options.known;
    const struct peer *peer = sender(self, states);

    return known != NULL && from->key[0] != '\0' && peer != NULL && peer->listed &&
           peer->key.len >= sizeof(from->key) && curve_allows(known, buf_str(&peer->key)) &&
           memcmp(peer->key.data, from->key, sizeof(from->key)) != 0;
}

void inbound_states(void *state, const struct address *from, const struct msg *msg,
                    const struct now *now, struct outbox *out)
{
    struct replicator *self = state;
    const struct msg_states *states = &msg->as_states;
    struct msg_ack ack = {.id = states->id};
    int64_t older_ms = 0;

    self->counters.states_received++;
    if (is_like_us(self, states)) {
        if (states->boot != self->publisher.at.boot) {
            ack.err = ERR_CONFLICT;
            ack.text = STR("another node of this zone has this node.name, or this node's id");
        }
    } else if (is_forged(self, from, states)) {
        ack.err = ERR_REFUSED;
        ack.text = STR("the node of this name, or this id, has another key");
    } else if (states->to_boot != 0 && states->to_boot != self->publisher.at.boot) {
        ack.err = ERR_STALE;
    } else if (states->to_boot != 0 && !transit(states, now, &older_ms)) {
        ack.err = ERR_INVALID;
        ack.text = STR("echo and held_ms: no such time has been here");
    } else if (states->heartbeats.len % heartbeat_bytes != 0) {
        ack.err = ERR_INVALID;
        ack.text = STR("heartbeats: not of 36 bytes each");
    } else if (states->records.count > states_records_max ||
               states->heartbeats.len > states_heartbeats_bytes_max) {
        ack.err = ERR_TOO_LARGE;
        ack.text = STR("at most 32768 records and 4 MiB of heartbeats at once: send several");
    } else {
        greet_back(self, states, now, out);
        if (states->to_boot != 0 && (states->records.count > 0 || states->heartbeats.len > 0)) {
            self->counters.records_received += states->records.count;
            self->counters.heartbeats_received += states->heartbeats.len / heartbeat_bytes;
            take(self, from, states, older_ms, now, out);
            return;
        }
    }
    self->counters.inbound_refused += ack.err != ERR_OK && ack.err != ERR_STALE;
    acknowledge(self, from, &ack, now, out);
}

static void gather(struct inbound *place, const struct msg_merged *merged)
{
    if (merged->err != ERR_OK) {
        place->err = (enum err)merged->err;
        place->text.len = 0;
        buf_add_str(&place->text, merged->text);
        return;
    }
    if (place->want.len + merged->want.len <= ack_want_bytes_max) {
        buf_add_str(&place->want, merged->want);
    }
    if (place->newer.len + merged->newer.bytes.len <= ack_newer_bytes_max &&
        place->newer_count + merged->newer.count <= states_records_max) {
        buf_add_str(&place->newer, merged->newer.bytes);
        place->newer_count += merged->newer.count;
    }
}

void inbound_on_merged(struct replicator *self, const struct ask *ask, const struct msg *answer,
                       const struct now *now, struct outbox *out)
{
    struct inbound *place = &self->inbound[ask->place];

    if (!place->used || place->round != ask->round) {
        return;
    }
    if (answer == NULL) {
        place->silent = true;
    } else if (answer->type == MSG_TYPE_MERGED) {
        gather(place, &answer->as_merged);
    } else {
        place->err = answer->type == MSG_TYPE_RESULT && answer->as_result.err != ERR_OK
                         ? (enum err)answer->as_result.err
                         : ERR_UNSUPPORTED;
    }
    if (--place->merges > 0) {
        return;
    }
    if (place->silent) {
        self->counters.inbound_failed++;
    } else {
        struct msg_ack ack = {.id = place->id,
                              .err = place->err,
                              .want = buf_str(&place->want),
                              .newer = {place->newer_count, buf_str(&place->newer)},
                              .text = buf_str(&place->text)};

        self->counters.inbound_refused += place->err != ERR_OK;
        acknowledge(self, &place->from, &ack, now, out);
    }
    clear(place);
}
