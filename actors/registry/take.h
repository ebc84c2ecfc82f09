/* From a decision to what is true: numbered, applied, journalled, remembered. And what one turn has
 * taken so far, so that it takes no more commands after so much.
 */
#ifndef ACTORS_REGISTRY_TAKE_H
#define ACTORS_REGISTRY_TAKE_H

#include "common/runtime/actor.h"

struct registry_actor;

/* Work of the turn under way. */
struct taken {
    uint32_t changes;
    size_t bytes;
    uint32_t judged; /* states and heartbeats of other nodes */
    bool watched;    /* somebody subscribes to the app of one of the changes */
    bool nodes;      /* one of the changes is of a node */
};

/* Numbers the decision's changes, applies and appends them. Returns the last one's seq. gateway and
 * number: the write's id; 0: it has none. */
uint64_t registry_take(struct registry_actor *self, uint64_t gateway, uint64_t number,
                       const struct now *now, struct outbox *out);
/* Counts work for other nodes. */
void registry_judged(struct registry_actor *self, size_t judged, size_t bytes, struct outbox *out);

#endif
