#include "actors/replicator/posts_queue.h"

#include <stdlib.h>

enum { looked_at_max = 64 };

static void drop_first(struct posts *self, struct queue *queue)
{
    struct queued *entry = queue_take(queue, &queue->first);

    self->counts.waiting--;
    self->counts.dropped++;
    free(entry);
}

void posts_drop(struct posts *self, struct queue *queue)
{
    while (queue->count > 0) {
        drop_first(self, queue);
    }
}

/* False: all had to go. */
static bool make_room(struct posts *self, struct posts_peer *peer, size_t bytes)
{
    while (posts_peer_waiting(peer) >= posts_waiting_max ||
           peer->changes.bytes + peer->renews.bytes + bytes > posts_bytes_max) {
        if (peer->renews.count == 0) {
            posts_drop(self, &peer->changes);
            return false;
        }
        drop_first(self, &peer->renews);
    }
    return true;
}

void posts_add(struct posts *self, uint32_t number, enum post_work work, const struct msg *record,
               const struct identity *id)
{
    struct posts_peer *peer = &self->peers[number];
    struct queued *entry = queued_new(work, ++self->last_order, self->now.mono_ms, record, id);
    bool had_room = make_room(self, peer, entry->len);

    self->counts.waiting++;
    queue_add(work == WORK_RENEW ? &peer->renews : &peer->changes, entry);
    if (!had_room) {
        self->owner->exchanged(self->state, number, false, &self->now);
    }
}

static bool is_under_way(const struct posts *self, uint32_t peer, struct hash128 key)
{
    for (size_t i = 0; i < posts_under_way_max; i++) {
        const struct posts_flight *flight = &self->flights[i];

        if (flight->id != 0 && flight->peer == peer && flight->entry != NULL &&
            hash128_eq(flight->entry->key, key)) {
            return true;
        }
    }
    return false;
}

/* The oldest of an instance of which nothing is under way; NULL: none among the first. */
static struct queued *take_oldest(struct posts *self, uint32_t number, struct queue *queue)
{
    struct queued **at = &queue->first;

    for (unsigned i = 0; i < looked_at_max && *at != NULL; i++) {
        if (!is_under_way(self, number, (*at)->key)) {
            self->counts.waiting--;
            return queue_take(queue, at);
        }
        at = &(*at)->next;
    }
    return NULL;
}

/* Heartbeats of entry's instance that came before, or that it is one of itself, say nothing that is
 * not said with it. Of several of them the last is sent. */
static struct queued *join_renews(struct posts *self, uint32_t number, struct queued *entry)
{
    struct queue *renews = &self->peers[number].renews;
    bool is_renew = entry->work == WORK_RENEW;
    uint64_t order = entry->order;

    for (struct queued **at = &renews->first; *at != NULL && (is_renew || (*at)->order < order);) {
        struct queued *other;

        if (!hash128_eq((*at)->key, entry->key)) {
            at = &(*at)->next;
            continue;
        }
        other = queue_take(renews, at);
        self->counts.waiting--;
        if (is_renew) {
            free(entry);
            entry = other;
        } else {
            free(other);
        }
    }
    return entry;
}

/* What has changed goes before all heartbeats: at a node that takes less than there is of them it
 * would come too late, or, a cancel, never. */
static struct queued *take_entry(struct posts *self, uint32_t number)
{
    struct posts_peer *peer = &self->peers[number];
    struct queued *entry = take_oldest(self, number, &peer->changes);

    if (entry == NULL) {
        entry = take_oldest(self, number, &peer->renews);
    }
    return entry != NULL ? join_renews(self, number, entry) : NULL;
}

struct queued *posts_take(struct posts *self, uint32_t number)
{
    struct queued *entry = take_entry(self, number);

    while (entry != NULL && entry->work == WORK_CANCEL &&
           self->now.mono_ms - entry->since_ms > posts_cancel_ms) {
        free(entry);
        self->counts.dropped++;
        entry = take_entry(self, number);
    }
    return entry;
}
