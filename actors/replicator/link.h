/* The way to one muster node: what it is sent, in order, acknowledged after its registry has taken
 * it; and what it said about itself.
 *
 *             ┌──each tick──┐            ┌─STATES─┐
 *             ▼             │            ▼        │ ACK
 *   CLOSED ──► GREETING ────┴──ACK ok──► UP ──────┘
 *     ▲ closed    ▲                       │
 *     └───────────┴──no ACK in 3 s, STALE─┘   what waits is thrown away: the digests repair it
 *
 * At most link_window STATES are under way. What changes in the last moments of GREETING is looked
 * up when it is UP, at most 1,024 keys: the digests find all else at once. Records wait in a queue
 * of at most link_queue_bytes, over it all that wait are thrown away. Heartbeats do not wait: what
 * the window does not take is dropped.
 */
#ifndef ACTORS_REPLICATOR_LINK_H
#define ACTORS_REPLICATOR_LINK_H

#include "actors/replicator/ask.h"

void link_open(struct replicator *self, struct peer *peer, const struct now *now,
               struct outbox *out);
void link_close(struct replicator *self, struct peer *peer, struct outbox *out);
/* Down until it is greeted anew. */
void link_lose(struct replicator *self, struct peer *peer, const char *why, const struct now *now);

/* An encoded record to be sent; since_ms: mono, when its age was told. */
void link_queue(struct replicator *self, struct peer *peer, struct str record, int64_t since_ms);
/* Looks these keys up at the own registry, when the link is up, and sends what is held of them. */
void link_want(struct replicator *self, struct peer *peer, struct str keys);

/* The own tick: of what is wanted while it is greeted what was there two ticks ago goes, as the
 * digests leave out no longer what is so old (registry: ticks_moving). */
void link_age(struct peer *peer);

/* Its clock and what it said of itself, in STATES or ACK. */
void link_heard(struct peer *peer, uint64_t boot, int64_t stamp, bool protect, struct str digest,
                const struct now *now);

/* What the window takes. */
void link_step(struct replicator *self, struct peer *peer, const struct now *now,
               struct outbox *out);
/* The registry's tick: heartbeats, records, the digests' root; also without any. */
void link_tick(struct replicator *self, struct peer *peer, const struct now *now,
               struct outbox *out);
void link_greet(struct replicator *self, struct peer *peer, const struct now *now,
                struct outbox *out);

ask_answered_fn link_on_greeting, link_on_states, link_on_want;

#endif
