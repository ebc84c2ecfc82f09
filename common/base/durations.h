/* How long something took, counted in steps that double:
 *
 *   up to 125 µs, 250 µs, 500 µs, 1 ms, 2 ms, … 65,536 ms, longer
 */
#ifndef COMMON_BASE_DURATIONS_H
#define COMMON_BASE_DURATIONS_H

#include <stdint.h>

enum { durations_steps = 21, durations_first_us = 125 };
enum { durations_1_ms = 3, durations_8192_ms = 16 }; /* steps that end there */

struct durations {
    uint64_t counts[durations_steps];
    int64_t us; /* of all */
};

static inline void durations_add(struct durations *self, int64_t us)
{
    int64_t bound_us = durations_first_us;
    unsigned step = 0;

    for (; step < durations_steps - 1 && us > bound_us; step++) {
        bound_us *= 2;
    }
    self->counts[step]++;
    self->us += us;
}

static inline uint64_t durations_count(const struct durations *self)
{
    uint64_t count = 0;

    for (unsigned step = 0; step < durations_steps; step++) {
        count += self->counts[step];
    }
    return count;
}

/* Below the last step. */
static inline double durations_bound_s(unsigned step)
{
    return (double)durations_first_us * (double)(1U << step) / 1e6;
}

#endif
