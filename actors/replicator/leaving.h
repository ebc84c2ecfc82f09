/* The end. When the node leaves for good its own instance is cancelled first; and before the
 * process ends in any way, others are told of what the registry holds in memory only. */
#ifndef ACTORS_REPLICATOR_LEAVING_H
#define ACTORS_REPLICATOR_LEAVING_H

#include "actors/replicator/ask.h"

struct leaving {
    bool on;
    struct address from; /* who asked, */
    uint64_t id;         /* … with which command */
    int64_t until_ms;    /* mono: then without the registry's answer */
    uint64_t seq;        /* of the registry: what others must have before we go */
    int64_t told_ms;     /* mono, by a signal, while the registry holds changes in memory only;
                            0: it is not */
};

actor_handle_fn leaving_on_shutdown;
/* After a signal: while the registry holds changes in memory only, others are told of them first.
 */
bool leaving_may_stop(void *state, const struct now *now, struct outbox *out);
/* The registry has done what own asked for, at seq. */
void leaving_answered(struct replicator *self, uint64_t seq);
void leaving_step(struct replicator *self, const struct now *now, struct outbox *out);

#endif
