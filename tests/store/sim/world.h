/* A run: a store, its gateways and their clients, what goes wrong, and then calm, in which all must
 * come right (judge.h). */
#ifndef TESTS_STORE_SIM_WORLD_H
#define TESTS_STORE_SIM_WORLD_H

#include "tests/store/sim/judge.h"

// clang-format off
#define WORLD_FAULTS(F)   \
    F(kills)              \
    F(midway)             \
    F(power_cuts)         \
    F(pauses)             \
    F(gateway_kills)      \
    F(gateway_pauses)     \
    F(facts_dropped)      \
    F(delays)             \
    F(full_disks)         \
    F(slow_syncs)         \
    F(wall_jumps)
// clang-format on

struct world_faults {
#define WORLD_FIELD(name) uint64_t name;
    WORLD_FAULTS(WORLD_FIELD)
#undef WORLD_FIELD
};

struct world_result {
    uint64_t seed;
    bool ok;
    int64_t failed_ms;
    char failure[judge_failure_bytes];
    int64_t ms;
    uint64_t ops;          /* that clients made */
    uint64_t linearizable; /* of these, that were answered, and as the model does */
    uint64_t unknown;      /* writes whose end nobody was told */
    uint64_t watch_events;
    uint64_t starts;
    uint64_t flushes;
    uint64_t messages;
    uint64_t log_hash; /* of all that was applied */
    struct world_faults faults;
};

void world_run(uint64_t seed, enum trace_mode mode, struct world_result *result);

#endif
