/* Self-protection: were so many heartbeats missing that the network is the likelier
 * cause? Counts what the registry says it heard over a window and compares it with
 * what its live instances should have sent.
 *
 * Time here is the registry's ticks, one a second of its own: a registry that was
 * stopped makes no window longer.
 *
 *   window      the first tick at or after evictor.interval since the window's start ends it
 *   period      an instance sends a heartbeat every third of evictor.idle (90 s: 30 s)
 *   heard       what the registry counts: of signs of one instance within min(interval / 6,
 *               idle / 9), 10 s by default, only one, whoever brings them: a client may give each
 *               to several nodes, and they pass it on to each other
 *   expected    live × window / period; live is the lesser of the registry's counts at both
 *               ends: one that came during the window has not sent its share yet, and one
 *               that went, evicted or not, sends no more (differences row 12)
 *   threshold   int(share × expected); below it the registry is protected, as the
 *               reference has it (share 0.85)
 *   small       where less than 10 heartbeats are expected in the window, a share of them
 *               means nothing: threshold is then at most expected − window / period, what
 *               all but one instance send, so that one silent instance never protects and a
 *               second one does (differences row 11)
 *   incomplete  the first window after a start, the one in which another run or epoch of the
 *               registry began, and one in which a tick was missed: protected whatever was heard
 *
 *   live  expected  threshold           silent instances that do not protect
 *    1       2      0 (0.85 share: 1)   1
 *    2       4      2 (3)               1
 *    3       6      4 (5)               1
 *    4       8      6                   1
 *    5      10      8                   1
 *   20      40     34                   3
 */
#ifndef ACTORS_EVICTOR_GUARD_H
#define ACTORS_EVICTOR_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/wire/codec.h"

struct guard_end {
    uint64_t tick;
    uint64_t heartbeats; /* since the registry's boot */
    uint64_t live;
};

struct guard {
    double share;
    int64_t window_ms;
    int64_t period_ms;
    uint64_t epoch;
    uint64_t boot;          /* 0: nothing heard yet */
    struct guard_end begun; /* this window's start */
    struct guard_end last;  /* the last tick heard */
    bool incomplete;
};

struct guard_verdict {
    bool protected;
    const char *reason; /* static: "", "below share", "window incomplete" */
    uint64_t heard;
    uint64_t expected;
    uint64_t threshold;
    uint64_t live;
};

void guard_init(struct guard *self, double share, int64_t window_ms, int64_t idle_ms);

/* The registry's tick; parts before a tick's last one (more) are passed over. True: it is
 * the first of another run of the registry, and a window has begun with it. */
bool guard_hear(struct guard *self, const struct msg_renewed *renewed);

/* The window is over: close it. */
bool guard_is_over(const struct guard *self);

/* Judges the window and begins the next one. */
void guard_close(struct guard *self, struct guard_verdict *verdict);

/* How many may be evicted at once: live − int(live × share), at least 1. */
uint32_t guard_limit(const struct guard *self);

int64_t guard_left_ms(const struct guard *self); /* until the window is over, in ticks to come */

#endif
