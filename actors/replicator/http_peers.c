/* Nodes that speak HTTP only: what they are posted, and what they tell. Their answers come outside
 * a turn's messages, so they wait here for the next turn, and go to the registry a few at a time.
 */
#include "actors/replicator/http_peers.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/replicator/ask.h"
#include "actors/replicator/http_answer.h"
#include "actors/replicator/reach.h"
#include "actors/replicator/state.h"
#include "common/base/heap.h"

enum { told_merges_max = 16, renews_per_tick_max = 32 };

/* Which of the HTTP nodes an ASK_RENEWS is for. */
enum { RENEWS_OWN_ZONE, RENEWS_OTHER_ZONES };

void http_peers_init(struct replicator *self)
{
    told_init(&self->told);
    self->posts = posts_new(self->config, &http_peers_owner, self);
}

void http_peers_fini(struct replicator *self)
{
    posts_destroy(&self->posts);
    told_fini(&self->told);
}

/* ── what they tell ── */

static void on_records(void *state, uint32_t number, enum posts_source source,
                       const struct msg_list *records, const struct now *now)
{
    struct replicator *self = state;
    struct peer *peer = peers_at(self, number);

    if (peer == NULL || records->count == 0 || records->count > merge_records_max) {
        return;
    }
    if (!told_has_room(&self->told)) {
        self->counters.records_dropped += records->count;
        return;
    }
    if (source == POSTS_NODES) {
        namesake_told(self, records, now);
    }
    if (source == POSTS_ALL) {
        self->counters.synced_records += records->count;
        self->sync.records += records->count;
    }
    told_add(&self->told, number, peer->life, source, records, now->mono_ms);
}

static void on_answered(void *state, uint32_t number, enum posts_source source, enum err err,
                        const struct now *now)
{
    struct replicator *self = state;
    struct peer *peer = peers_at(self, number);

    (void)now;
    if (peer == NULL) {
        return;
    }
    peer->protect = err == ERR_PROTECTED;
    if (source == POSTS_NODES) {
        peer->seeking.under_way = false;
        peer->seeking.done = true;
    } else if (source == POSTS_ALL) {
        sync_answered(self, number, err);
    }
}

static void on_who(void *state, uint32_t number, enum err err, const struct answer_who *who,
                   const struct now *now)
{
    struct replicator *self = state;
    struct peer *peer = peers_at(self, number);

    if (peer != NULL) {
        members_who(self, peer, err, who, now);
    }
}

static void on_forbidden(void *state, uint32_t number, const struct now *now)
{
    struct replicator *self = state;
    struct peer *peer = peers_at(self, number);

    if (peer != NULL && peer->listed) {
        peer->banned_ms = now->mono_ms;
        reach_banned(self, peer, buf_str(&peer->addr),
                     "stands for an address that is in no network of peers.networks: nothing is "
                     "sent there");
    }
}

/* The form of a cancel names no version: one that comes late ends what was registered since, and
 * leaves a tombstone there that only a newer registration wins over. Where this node's is taken and
 * yet lacking at the next heartbeat, that is why. */
static void on_posted(void *state, uint32_t number, struct hash128 key, enum posts_fate fate,
                      const struct now *now)
{
    struct replicator *self = state;
    struct peer *peer = peers_at(self, number);

    if (peer == NULL || self->own_instance.held ||
        !hash128_eq(key, identity_key(&self->own_instance.id))) {
        return;
    }
    if (fate == POSTS_LACKED && peer->took) {
        own_instance_claim(&self->own_instance, now);
    }
    peer->took = fate == POSTS_TAKEN;
}

static void on_exchanged(void *state, uint32_t number, bool good, const struct now *now)
{
    struct replicator *self = state;
    struct peer *peer = peers_at(self, number);

    if (peer != NULL && peer->way != WAY_MUSTER) {
        peers_exchanged(self, peer, good, good ? "it answers" : "no good answer over HTTP", now);
    }
}

const struct posts_owner http_peers_owner = {.records = on_records,
                                             .answered = on_answered,
                                             .who = on_who,
                                             .forbidden = on_forbidden,
                                             .posted = on_posted,
                                             .exchanged = on_exchanged};

void http_peers_step(struct replicator *self, const struct now *now, struct outbox *out)
{
    struct told_records *told;

    while (self->told.merges < told_merges_max && (told = told_first(&self->told)) != NULL) {
        struct peer *peer = peers_alive(self, told->peer, told->life);
        struct ask ask = {.kind = ASK_TOLD};
        struct msg_merge merge = {.older_ms = now->mono_ms - told->told_ms,
                                  .restore = told->source != POSTS_CONFLICT,
                                  .records = {told->count, buf_str(&told->records)}};
        bool whole;

        if (peer != NULL) {
            merge.spread = replicator_spread_from(self, buf_str(&peer->zone));
            self->told.merges += replicator_merge(self, &ask, &merge, now, out, &whole);
        }
        told_drop(&self->told);
    }
}

void http_peers_on_told(struct replicator *self, const struct ask *ask, const struct msg *answer,
                        const struct now *now, struct outbox *out)
{
    (void)ask;
    (void)answer; /* none: the next renew tells it again */
    (void)now;
    (void)out;
    assert(self->told.merges > 0);
    self->told.merges--;
}

/* ── heartbeats for them ── */

static bool any(struct replicator *self, bool own_zone)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->way == WAY_HTTP && peer->own_zone == own_zone) {
            return true;
        }
    }
    return false;
}

static bool look_up(struct replicator *self, uint32_t whom, struct str keys, const struct now *now,
                    struct outbox *out)
{
    struct ask ask = {.kind = ASK_RENEWS, .place = whom};
    struct msg msg = {.type = MSG_TYPE_LOOKUP};

    buf_add_str(&ask.keys, keys);
    msg.as_lookup.keys = keys;
    return replicator_ask(self, &ask, &msg, now, out) != 0;
}

/* A key of a tick's heartbeats, and the place it had among them. */
struct heartbeat_key {
    struct hash128 key;
    size_t order;
};

static int by_key(const void *a, const void *b)
{
    const struct heartbeat_key *left = a;
    const struct heartbeat_key *right = b;
    int cmp = hash128_cmp(left->key, right->key);

    return cmp != 0 ? cmp : (left->order > right->order) - (left->order < right->order);
}

static int by_order(const void *a, const void *b)
{
    const struct heartbeat_key *left = a;
    const struct heartbeat_key *right = b;

    return (left->order > right->order) - (left->order < right->order);
}

/* Each key once, in the order in which they were first heard. A registry that stood still hears at
 * once all that was sent to it again and again meanwhile, ten times a second: a form for each
 * would say no more than one, and who gets it from another zone passes on every one. (A link's
 * receiver drops what is no younger itself.) */
static void add_keys(struct buf *keys, struct str heartbeats)
{
    size_t count = heartbeats.len / heartbeat_bytes;
    struct heartbeat_key *all = heap_array(count, sizeof(*all));
    struct heartbeat heartbeat;
    size_t kept = 0;

    for (size_t i = 0; i < count && heartbeat_next(&heartbeats, &heartbeat); i++) {
        all[i] = (struct heartbeat_key){heartbeat.key, i};
    }
    qsort(all, count, sizeof(*all), by_key);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !hash128_eq(all[kept - 1].key, all[i].key)) {
            all[kept++] = all[i];
        }
    }
    qsort(all, kept, sizeof(*all), by_order);
    for (size_t i = 0; i < kept; i++) {
        key_pack(keys, all[i].key);
    }
    free(all);
}

static void renew(struct replicator *self, uint32_t whom, struct str heartbeats,
                  const struct now *now, struct outbox *out)
{
    size_t most = (size_t)asked_keys_max * key_bytes;
    struct buf keys = {0};
    struct str rest;

    if (heartbeats.len == 0 || !any(self, whom == RENEWS_OWN_ZONE)) {
        return;
    }
    add_keys(&keys, heartbeats);
    rest = buf_str(&keys);
    for (unsigned asked = 0; rest.len > 0 && asked < renews_per_tick_max; asked++) {
        struct str part = {rest.data, rest.len < most ? rest.len : most};

        look_up(self, whom, part, now, out);
        rest = (struct str){rest.data + part.len, rest.len - part.len};
    }
    self->counters.heartbeats_dropped += rest.len / key_bytes;
    buf_fini(&keys);
}

void http_peers_tick(struct replicator *self, const struct now *now, struct outbox *out)
{
    renew(self, RENEWS_OWN_ZONE, buf_str(&self->last_tick.zone), now, out);
    renew(self, RENEWS_OTHER_ZONES, buf_str(&self->last_tick.everywhere), now, out);
}

void http_peers_on_renews(struct replicator *self, const struct ask *ask, const struct msg *answer,
                          const struct now *now, struct outbox *out)
{
    struct str rest;
    struct msg record;
    size_t done;

    if (answer == NULL || answer->type != MSG_TYPE_FOUND) {
        return;
    }
    rest = answer->as_found.records.bytes;
    while (msg_next(&rest, &record)) {
        for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
            if (record.type == MSG_TYPE_PUT && record.as_put.hostname.len > 0 &&
                peer->way == WAY_HTTP && peer->own_zone == (ask->place == RENEWS_OWN_ZONE)) {
                posts_renew(self->posts, peers_number(self, peer), &record);
            }
        }
    }
    done = (size_t)answer->as_found.done * key_bytes;
    if (done > 0 && done < ask->keys.len) {
        look_up(self, ask->place, (struct str){ask->keys.data + done, ask->keys.len - done}, now,
                out);
    }
}
