/* What turns cost an actor's thread, each with the sleep before it. To be told a thread's CPU time
 * is a system call, dear beside what a lone request takes: a turn that was over within a moment
 * cost less than that moment, which is all the first step of durations says. So it is asked for
 * after those that took long, and after every 64th; what the short ones took is in the sum by then.
 */
#ifndef COMMON_RUNTIME_TURN_COST_H
#define COMMON_RUNTIME_TURN_COST_H

#include "common/base/clock.h"
#include "common/base/durations.h"

struct turn_cost {
    struct durations cpu;
    int64_t cpu_us_max;
    int64_t told_us; /* the thread's CPU time when it was last asked for */
    unsigned untold; /* turns since */
};

/* Before the first turn. */
void turn_cost_init(struct turn_cost *self, const struct clock *clock);
/* A turn is over that began at `began`. */
void turn_cost_add(struct turn_cost *self, const struct clock *clock, const struct now *began);

#endif
