/* The way to one muster node: what it is sent, in order, acknowledged after its registry has taken
 * it; and what it said about itself.
 *
 *             ┌──each tick──┐            ┌─STATES─┐
 *             ▼             │            ▼        │ ACK
 *   CLOSED ──► GREETING ────┴──ACK ok──► UP ──────┘
 *     ▲ closed    ▲                       │
 *     └───────────┴──no ACK in 3 s, STALE─┘   what waits is thrown away: the digests repair it
 *
 * At most link_window STATES are under way. Records wait in a queue of at most link_queue_bytes,
 * over it all that wait are thrown away. Heartbeats do not wait: what the window does not take is
 * dropped.
 */
#ifndef ACTORS_REPLICATOR_LINK_H
#define ACTORS_REPLICATOR_LINK_H

#include "actors/replicator/asks.h"
#include "actors/replicator/replicator.h"

enum { link_window = 8, link_queue_bytes = 4 << 20, link_greetings = 12 };

/* Of one STATES, or of what is newer in one ACK; more is refused. */

enum link_state { LINK_CLOSED, LINK_GREETING, LINK_UP, LINK_STATE_COUNT };

struct link {
    enum link_state state;
    bool opened;      /* the outbox had room for it; else the next greeting opens the way */
    uint64_t to_boot; /* the run of the other that was heard last; 0: none */
    int64_t stamp;    /* its clock, heard at heard_ms of ours */
    int64_t heard_ms;
    struct root root;   /* of its digests, heard last */
    struct buf queue;   /* records, encoded one after the other, */
    struct buf lengths; /* … and how long each is, uint32_t */
    size_t queue_at;    /* what is before has left */
    size_t lengths_at;
    int64_t queue_since_ms; /* mono: nothing in it has waited for longer */
    uint32_t under_way;
    uint32_t greetings; /* under way */
    int64_t up_ms;      /* mono, since when it is UP */
    struct buf want;    /* keys of what it lacks, to be looked up */
    bool wanting;       /* some are being looked up */
    bool refused;       /* it does not take what we send, and that was logged */
};

void link_open(struct replicator *self, struct peer *peer, const struct now *now,
               struct outbox *out);
void link_close(struct replicator *self, struct peer *peer, struct outbox *out);
/* Down until it is greeted anew. */
void link_lose(struct replicator *self, struct peer *peer, const char *why, const struct now *now);
void link_fini(struct link *self);

/* An encoded record to be sent; since_ms: mono, when its age was told. */
void link_queue(struct replicator *self, struct peer *peer, struct str record, int64_t since_ms);
/* Looks these keys up at the own registry and sends what is held of them. */
void link_want(struct replicator *self, struct peer *peer, struct str keys);

/* Its clock and what it said of itself, in STATES or ACK. */
void link_heard(struct peer *peer, uint64_t boot, int64_t stamp, bool protect, struct str digest,
                const struct now *now);

/* What the window takes. */
void link_step(struct replicator *self, struct peer *peer, const struct now *now,
               struct outbox *out);
/* The registry's tick: heartbeats, records, the digests' root; also without any. */
void link_beat(struct replicator *self, struct peer *peer, const struct now *now,
               struct outbox *out);
void link_greet(struct replicator *self, struct peer *peer, const struct now *now,
                struct outbox *out);

size_t link_queued(const struct link *self);
/* UP, and all there was to be sent has left. */
bool link_is_drained(const struct link *self);
/* UP for long enough to be lost and greeted at once when the other says that it knows nothing of
 * it: whoever says so again and again is greeted once a tick. */
bool link_is_settled(const struct link *self, const struct now *now);

#endif
