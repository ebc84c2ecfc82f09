/* Notices that the time of day was set: it moved otherwise than the monotonic clock. What NTP does
 * to a clock that is a little off, up to half a millisecond a second, is none of it, nor is a
 * machine that slept: both have gone on. */
#ifndef COMMON_BASE_CLOCK_WATCH_H
#define COMMON_BASE_CLOCK_WATCH_H

#include <stdbool.h>

#include "common/base/clock.h"

static const int64_t clock_set_least_ms = 1000; /* between two looks */

/* All zeros is one that has not looked yet. */
struct clock_watch {
    int64_t between_ms; /* the time of day less the monotonic clock, at the last look */
    bool begun;
};

/* By how many ms it was set since the last look, back if negative; 0: it was not, or by less than
 * clock_set_least_ms. */
int64_t clock_watch_look(struct clock_watch *self, const struct now *now);

#endif
