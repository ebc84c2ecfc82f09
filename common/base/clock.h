/* The time, handed in. Only a process's main passes clock_os; everything else
 * takes a struct now or a struct clock, so tests and the simulator own time. */
#ifndef COMMON_BASE_CLOCK_H
#define COMMON_BASE_CLOCK_H

#include <stdint.h>

/* One reading of both clocks, taken once per turn. */
struct now {
    int64_t mono_ms; /* monotonic: deadlines, ages; means nothing in another process */
    int64_t wall_ns; /* Unix time: the timestamps of the API */
};

struct clock {
    struct now (*now)(const struct clock *self);
    int64_t (*cpu_us)(const struct clock *self); /* CPU time this thread has used */
};

extern const struct clock clock_os;

/* Stands where a test puts it and moves when told to. */
struct clock_virtual {
    struct clock clock; /* first member: &v.clock is the struct clock */
    struct now at;
};

void clock_virtual_init(struct clock_virtual *self, int64_t mono_ms, int64_t wall_ns);
void clock_virtual_advance(struct clock_virtual *self, int64_t delta_ms);

#endif
