/* The rounds of eviction as the registry allows them: which order of the evictor is taken, and how
 * far the round under way has come. Pure. */
#ifndef ACTORS_REGISTRY_EVICTION_H
#define ACTORS_REGISTRY_EVICTION_H

#include <stdint.h>

#include "common/wire/codec.h"

struct eviction {
    uint32_t left; /* of the round under way; 0: there is none */
    uint32_t next; /* place in the array of the old */
    int64_t idle_ms;
    int64_t round_awake_ms; /* when the last round was accepted; -1: none yet */
    int64_t stood_awake_ms; /* when the process last went on after standing still; -1: never */
};

struct eviction_rules {
    int64_t interval_ms; /* evictor.interval */
    int64_t idle_ms;     /* evictor.idle */
    uint64_t tick;       /* the last that was said */
};

void eviction_init(struct eviction *self);
/* The process stood still: who waits in its sockets is heard before anybody is evicted. */
void eviction_stood_still(struct eviction *self, int64_t awake_ms);
/* Why the order is not taken, in words; NULL: it may be. The caller has seen to it that the order
 * is for this run of the registry. */
const char *eviction_refusal(const struct eviction *self, const struct eviction_rules *rules,
                             const struct msg_evict *order, int64_t awake_ms);
/* limit: the registry's own, of which the order may take less. */
void eviction_begin(struct eviction *self, const struct msg_evict *order, uint32_t limit,
                    int64_t awake_ms);

#endif
