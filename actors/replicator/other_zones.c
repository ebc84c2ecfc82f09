#include "actors/replicator/other_zones.h"

#include "actors/replicator/state.h"

static const int64_t shun_ms = 60000; /* one that was lost is not drawn for so long */

static bool same_zone(const struct peer *a, const struct peer *b)
{
    return str_eq(buf_str(&a->zone), buf_str(&b->zone));
}

/* One that may be spoken to. */
static bool is_far(const struct peer *peer)
{
    return peer->listed && !peer->own_zone && !peer->banned;
}

static bool is_shunned(const struct peer *peer, const struct now *now)
{
    return peers_lost(peer) && (peer->chosen || now->mono_ms - peer->lost_ms < shun_ms);
}

/* With a node that speaks HTTP nothing finds what got lost, or differs in more than forms carry: it
 * is drawn while there is no other. */
static bool is_better(const struct peer *a, const struct peer *b)
{
    return a->kind == PEER_MUSTER && b->kind != PEER_MUSTER;
}

/* Draws one of those of like's zone that are not known to be bad; NULL: there is none. */
static struct peer *draw(struct replicator *self, const struct peer *like, bool bad_too,
                         const struct now *now)
{
    struct peer *drawn = NULL;
    uint64_t count = 0;

    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        bool shunned = is_shunned(peer, now) && !bad_too;

        if (!is_far(peer) || !same_zone(peer, like) || shunned ||
            (drawn != NULL && is_better(drawn, peer))) {
            continue;
        }
        if (drawn != NULL && is_better(peer, drawn)) {
            count = 0;
        }
        if (prng_below(&self->prng, ++count) == 0) {
            drawn = peer;
        }
    }
    return drawn;
}

static struct peer *chosen_of(struct replicator *self, const struct peer *like)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        if (peer->chosen && is_far(peer) && same_zone(peer, like)) {
            return peer;
        }
    }
    return NULL;
}

bool other_zones_has_better(struct replicator *self, const struct now *now)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        const struct peer *chosen =
            is_far(peer) && !is_shunned(peer, now) ? chosen_of(self, peer) : NULL;

        if (chosen != NULL && is_better(peer, chosen)) {
            return true;
        }
    }
    return false;
}

void other_zones_choose(struct replicator *self, const struct now *now)
{
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        peer->drawn = false;
    }
    for (struct peer *peer = NULL; (peer = peers_next(self, peer)) != NULL;) {
        struct peer *old;
        struct peer *drawn;

        peer->chosen = peer->chosen && is_far(peer);
        if (!is_far(peer)) {
            continue;
        }
        old = chosen_of(self, peer);
        if (old != NULL && (old->drawn || (!peers_lost(old) && !is_better(peer, old)))) {
            continue;
        }
        drawn = draw(self, peer, false, now);
        if (drawn == NULL && old == NULL) {
            drawn = draw(self, peer, true, now);
        }
        if (drawn != NULL) {
            drawn->chosen = true;
            drawn->drawn = true;
            if (old != NULL && old != drawn) {
                old->chosen = false;
            }
        }
    }
}
