/* Awake time: what ages are reckoned in. It moves on with the monotonic clock, by 2 s at most
 * between two readings: a process that was stopped, or a machine that slept, has heard nobody and
 * blames nobody. What waited in our sockets meanwhile is taken just after, and may be older by
 * that: the lag.
 */
#ifndef COMMON_BASE_AWAKE_H
#define COMMON_BASE_AWAKE_H

#include <stdint.h>

struct awake {
    int64_t ms;
    int64_t read_ms;     /* mono, when ms was moved on last */
    int64_t lag_ms;      /* 0: what comes now did not wait for us */
    int64_t lag_ends_ms; /* awake */
};

/* Once a turn, before all else. Returns the time that was not counted, for which this process stood
 * still; 0: it did not. */
int64_t awake_move(struct awake *self, int64_t mono_ms);

#endif
