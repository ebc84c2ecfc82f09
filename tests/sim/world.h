/* One node's cores in the simulator, clients that use it, and what must hold:
 *
 *   - what was acknowledged is there, at the registry and at the replica, whatever was killed;
 *   - a write is done once, however often it was sent;
 *   - one that kept its heartbeat is never evicted;
 *   - one that fell silent is gone within the documented bound;
 *   - after quiet the replica equals the registry, entry by entry.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

struct world_result {
    bool ok;
    char failure[256]; /* what did not hold, and when */
    int64_t virtual_ms;
    uint64_t messages;
    uint64_t dropped_facts;
    uint64_t kills;
    uint64_t pauses;
    uint64_t power_cuts;
    uint64_t acknowledged;
    uint64_t evicted;
    uint64_t snapshots; /* copies the replica took anew */
};

/* Faults planted to see that the simulator finds them. */
enum world_plant {
    WORLD_NONE,
    WORLD_ANSWERS_BEFORE_SYNC, /* the disk's syncs do nothing */
    WORLD_FORGETS_WRITES,      /* every resent write has another id */
    WORLD_PLANT_COUNT,
};

void world_run(uint64_t seed, enum world_plant plant, struct world_result *result);

#endif
