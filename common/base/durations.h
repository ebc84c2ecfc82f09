/* How long something took, counted in steps that double:
 *
 *   up to 1 ms, up to 2 ms, up to 4 ms, … up to 8,192 ms, longer
 */
#ifndef COMMON_BASE_DURATIONS_H
#define COMMON_BASE_DURATIONS_H

#include <stdint.h>

enum { durations_steps = 15 };

struct durations {
    uint64_t counts[durations_steps];
    int64_t us; /* of all */
};

static inline void durations_add(struct durations *self, int64_t us)
{
    int64_t bound_us = 1000;
    unsigned step = 0;

    for (; step < durations_steps - 1 && us > bound_us; step++) {
        bound_us *= 2;
    }
    self->counts[step]++;
    self->us += us;
}

#endif
