/* Evictor: asks the registry to drop instances whose heartbeats stopped, unless so
 * many stopped at once that the network is the likelier cause. Policy only: whether
 * and how long; who goes is the registry's choice.
 *
 *   in   RENEWED     from the registry's facts, each second: heartbeats heard, live instances
 *        RESULT      what the registry says to an EVICT
 *        SNAPSHOT, FACTS   from followers
 *   out  EVICT       to the registry, once a window (evictor.interval)
 *        PROTECTION  standing fact, topic evictor.protection
 *        ROUND       fact, topic evictor.round
 *        TICK        fact, topic evictor.tick
 *
 * A protected round asks for those silent for evictor.ceiling only. A registry that
 * is not heard is asked for nothing.
 */
#ifndef ACTORS_EVICTOR_EVICTOR_H
#define ACTORS_EVICTOR_EVICTOR_H

#include "actors/evictor/guard.h"
#include "common/base/log.h"
#include "common/config/config.h"
#include "common/runtime/actor.h"
#include "common/runtime/publisher.h"

struct evictor {
    const struct config *config; /* borrowed */
    struct log *log;             /* borrowed; may be NULL */
    struct follower *registry;
    struct publisher publisher;
    struct guard guard;
    struct guard_verdict verdict; /* on the last window */
    struct {
        uint64_t id; /* of the EVICT that waits for its answer; 0: none */
        int64_t idle_ms;
        uint32_t limit;
    } asked;
    uint64_t last_id;
    int64_t heard_ms; /* mono, of the registry's last tick */
    bool new_run;     /* this turn began our run, or another one of the registry */
    bool silent;      /* said that the registry is */
    bool broken;      /* its facts can't be read */
    struct {
        uint64_t rounds;
        uint64_t protected_rounds;
        uint64_t refused_rounds; /* by the registry, or not answered */
    } counters;
};

/* config is borrowed for the evictor's life; epoch is random and not 0. */
void evictor_init(struct evictor *self, const struct config *config, struct log *log,
                  uint64_t epoch, const struct now *now);
void evictor_fini(struct evictor *self);

/* Whom it follows; the topics are static. */
struct actor_link evictor_link(const struct evictor *self);

extern const struct actor_spec evictor_spec;

#endif
