/* A round of questions: every actor of this node is asked for its STATS side by side, and who has
 * not answered after 500 ms is silent. All who ask while a round runs share it:
 *
 *   round_join ──► STATS ──► actors ──► COUNTERS ──► round_counters
 *                                                       │ all, or time is up: round_turn
 *   waiter.done ◄── round_answer, one an actor ◄────────┘
 */
#ifndef GATEWAY_BUS_ROUND_H
#define GATEWAY_BUS_ROUND_H

#include "common/runtime/actor.h"

struct round;

/* One actor, as a round has found it. */
struct round_answer {
    enum actor_name from;
    uint32_t index;
    const struct msg_counters *counters; /* borrowed while done runs; NULL: it is silent */
    int64_t answered_ms;                 /* mono */
};

/* Somebody who waits; stands in what the asker keeps. */
struct round_waiter {
    /* Once, with all answers at hand (round_answer). It is no waiter any more, and may be freed;
     * who wants another round joins in a later turn. */
    void (*done)(struct round_waiter *self, const struct round *round, const struct now *now);
    struct round_waiter *next; /* the round's */
};

/* targets: whom to ask; borrowed. */
struct round *round_new(const struct actor_link *targets, size_t count);
/* Who waits is not told. */
void round_destroy(struct round **self);

/* waiter: borrowed until done or round_leave. */
void round_join(struct round *self, struct round_waiter *waiter, const struct now *now,
                struct outbox *out);
void round_leave(struct round *self, struct round_waiter *waiter);

/* msg: COUNTERS. Copies; of no round that runs: ignored. */
void round_counters(struct round *self, enum actor_name from, uint32_t index, const struct msg *msg,
                    const struct now *now);
/* Tells those who wait, once all have answered or time is up. */
void round_turn(struct round *self, const struct now *now);
int64_t round_due_ms(const struct round *self); /* mono ms; INT64_MAX: nobody waits */

/* For done: the actors, in the order of targets. */
size_t round_count(const struct round *self);
void round_answer(const struct round *self, size_t at, struct round_answer *answer);

#endif
