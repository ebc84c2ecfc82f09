/* A run of one seed: a cluster is started, hurt and healed over and over while clients use it, left
 * in calm, and judged all the time (judge.h says by what). */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include <stdio.h>

#include "tests/sim/plan.h"
#include "tests/sim/trace.h"

/* F(name as printed) of what was done to the cluster. */
// clang-format off
#define WORLD_FAULTS(F)                                                                \
    F(kill) F(pause) F(power_cut) F(damage) F(partition) F(drop) F(broken) F(held)     \
    F(duplicate) F(reorder) F(dropped_fact) F(wall_jump) F(leave) F(rename)
// clang-format on

struct world_result {
    uint64_t seed;
    bool ok;
    char failure[400]; /* what did not hold */
    int64_t failed_ms;
    int64_t actor_ms; /* how long it was for the actors */
    uint64_t messages;
    uint64_t acknowledged;
    uint64_t evicted;
    uint64_t acks;
    uint64_t calm_s; /* seconds that the calm was judged */
    uint64_t walks;  /* of repair */
#define WORLD_FAULT_FIELD(name) uint64_t name;
    struct {
        WORLD_FAULTS(WORLD_FAULT_FIELD)
    } faults;
#undef WORLD_FAULT_FIELD
};

/* With a mode the trace is kept, and printed after a failure. */
void world_run(uint64_t seed, const struct plan_options *options, enum trace_mode mode,
               struct world_result *result);

#endif
