/* What stands beside the registry's slots and is kept in step with it: ages and digests. */
#ifndef ACTORS_REGISTRY_TRACKING_H
#define ACTORS_REGISTRY_TRACKING_H

#include "common/naming/registry.h"
#include "common/runtime/actor.h"

struct registry_actor;

/* After a change was applied. Its age_ms -1: not known, so that a new one is as if heard now, and
 * others are told that we don't know. */
void registry_track(struct registry_actor *self, const struct change *change,
                    const struct applied *applied);
/* The same of a record read back at start. */
void registry_track_restored(struct registry_actor *self, const struct change *change,
                             const struct applied *applied);
/* Lets all grow older. True: call again next turn, there may be more. */
bool registry_age(struct registry_actor *self, struct outbox *out);
/* Whether slot's live instance was heard at a time we don't know, or too long ago for another node
 * to take it in. */
bool registry_is_vague(const struct registry_actor *self, uint32_t slot);
/* A sign of life of slot's live instance so long ago, or its tombstone is so old. False: that is
 * known, or a younger one. */
bool registry_heard(struct registry_actor *self, uint32_t slot, int64_t age_ms,
                    const struct now *now);
/* Counts it for the evictor, if it is not the same sign of life once more. */
void registry_count_heartbeat(struct registry_actor *self, uint32_t slot, int64_t age_ms);

#endif
