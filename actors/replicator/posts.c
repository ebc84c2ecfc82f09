#include "actors/replicator/posts.h"

#include <stdlib.h>

#include "actors/replicator/posts_questions.h"
#include "actors/replicator/posts_queue.h"
#include "common/base/heap.h"
#include "common/naming/change.h"

struct posts *posts_new(const struct config *config, const struct posts_owner *owner, void *state)
{
    struct posts *self = heap_new(sizeof(*self));

    self->config = config;
    self->owner = owner;
    self->state = state;
    self->now.mono_ms = INT64_MAX / 2; /* nothing is old before the first turn */
    for (uint32_t i = 0; i < outbox_peers_max; i++) {
        queue_init(&self->peers[i].changes);
        queue_init(&self->peers[i].renews);
    }
    return self;
}

void posts_open(struct posts *self, uint32_t number, struct str addr, bool own_zone,
                bool configured)
{
    struct posts_peer *peer = &self->peers[number];

    assert(number < outbox_peers_max);
    posts_close(self, number);
    peer->open = true;
    peer->configured = configured;
    peer->last_ms = -1;
    self->quiet_due_ms = 0;
    peer->generation++;
    self->peer_count = number >= self->peer_count ? number + 1 : self->peer_count;
    peer->reach = own_zone ? FORMS_ZONE : FORMS_OTHER_ZONE;
    buf_add_str(&peer->addr, addr);
}

void posts_close(struct posts *self, uint32_t number)
{
    struct posts_peer *peer = &self->peers[number];
    uint64_t generation = peer->generation + 1;

    assert(number < outbox_peers_max);
    posts_drop(self, &peer->changes);
    posts_drop(self, &peer->renews);
    buf_fini(&peer->addr);
    for (size_t i = 0; i < question_count; i++) {
        question_turn(self, &peer->questions[i], QUESTION_NONE);
    }
    for (size_t i = 0; i < posts_under_way_max; i++) {
        struct posts_flight *flight = &self->flights[i];

        if (flight->id != 0 && flight->peer == number) {
            free(flight->entry);
            flight->entry = NULL;
            flight->peer = posts_no_peer;
        }
    }
    *peer = (struct posts_peer){.generation = generation};
    queue_init(&peer->changes);
    queue_init(&peer->renews);
}

void posts_destroy(struct posts **self)
{
    if (*self != NULL) {
        for (uint32_t i = 0; i < outbox_peers_max; i++) {
            posts_close(*self, i);
        }
        buf_fini(&(*self)->url);
        buf_fini(&(*self)->body);
        free(*self);
        *self = NULL;
    }
}

static bool put_identity(const struct msg *record, struct identity *id)
{
    const struct msg_put *put = &record->as_put;

    *id = (struct identity){put->env, put->appid, put->zone, put->hostname};
    return record->type == MSG_TYPE_PUT && put->zone.len > 0 && put->hostname.len > 0;
}

static bool gone_identity(const struct msg *record, struct identity *id)
{
    const struct msg_gone *gone = &record->as_gone;

    *id = (struct identity){gone->env, gone->appid, gone->zone, gone->hostname};
    return record->type == MSG_TYPE_GONE && gone->kind == CHANGE_CANCEL && gone->zone.len > 0 &&
           gone->hostname.len > 0;
}

void posts_change(struct posts *self, uint32_t peer, const struct msg *record)
{
    struct identity id;

    if (!posts_is_open(self, peer)) {
        return;
    }
    if (put_identity(record, &id)) {
        posts_add(self, peer, WORK_REGISTER, record, &id);
    } else if (gone_identity(record, &id)) {
        posts_add(self, peer, WORK_CANCEL, record, &id);
    }
}

void posts_renew(struct posts *self, uint32_t peer, const struct msg *record)
{
    struct identity id;

    if (posts_is_open(self, peer) && put_identity(record, &id)) {
        posts_add(self, peer, WORK_RENEW, record, &id);
    }
}

uint32_t posts_waiting(const struct posts *self, uint32_t peer)
{
    assert(peer < outbox_peers_max);
    return posts_peer_waiting(&self->peers[peer]);
}

struct posts_counts posts_counts(const struct posts *self)
{
    return self->counts;
}
