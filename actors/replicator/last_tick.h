/* What the registry's last tick brought, for all links. */
#ifndef ACTORS_REPLICATOR_LAST_TICK_H
#define ACTORS_REPLICATOR_LAST_TICK_H

#include "actors/replicator/root.h"
#include "common/base/str.h"

struct last_tick {
    struct buf zone;       /* heartbeats that go to nodes of this zone: zone and everywhere */
    struct buf everywhere; /* heartbeats that go to all */
    int64_t since_ms;      /* mono, when the first of them was heard */
    uint64_t tick;
    int64_t heard_ms; /* mono, of the last tick, or the end of a standstill; -1: neither yet */
    uint64_t live;
    uint64_t nodes;     /* of those live: this one, and who was listed then */
    bool due;           /* a tick is complete and not sent on yet */
    struct root root;   /* of the own digests; set: this run's, of a whole tick */
    struct root before; /* … one tick earlier */
};

#endif
