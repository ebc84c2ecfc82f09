/* What is known of the link to one muster node, and what waits to be sent there (link.h). Pure. */
#ifndef ACTORS_REPLICATOR_LINK_STATE_H
#define ACTORS_REPLICATOR_LINK_STATE_H

#include "actors/replicator/root.h"
#include "common/base/clock.h"
#include "common/base/str.h"

enum { link_window = 8, link_queue_bytes = 4 << 20, link_greetings = 12 };

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
    uint32_t greetings;    /* under way */
    int64_t up_ms;         /* mono, since when it is UP */
    struct buf want;       /* keys of what it lacks, to be looked up */
    size_t want_before[2]; /* GREETING: how much of it was there at the last tick, and before */
    bool wanting;          /* some are being looked up */
    bool refused;          /* it does not take what we send, and that was logged */
};

/* To another state, from one that may lead there. */
void link_enter(struct link *self, enum link_state state);
/* What waits is thrown away. */
void link_clear(struct link *self);
void link_fini(struct link *self);

uint32_t link_records(const struct link *self); /* that wait */
size_t link_queued(const struct link *self);    /* bytes of them */
/* UP, and all there was to be sent has left. */
bool link_is_drained(const struct link *self);
/* UP for long enough to be lost and greeted at once when the other says that it knows nothing of
 * it: whoever says so again and again is greeted once a tick. */
bool link_is_settled(const struct link *self, const struct now *now);

#endif
