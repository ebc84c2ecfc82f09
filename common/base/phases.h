/* Which state of a small machine may follow which, as a table that stands beside its states:
 *
 *     static const unsigned follows[STATE_COUNT] = {[STATE_A] = PHASE(STATE_B) | PHASE(STATE_C)};
 *     assert(phases_may(follows, self->state, next));
 */
#ifndef COMMON_BASE_PHASES_H
#define COMMON_BASE_PHASES_H

#include <stdbool.h>

#define PHASE(state) (1U << (state))

static inline bool phases_may(const unsigned *follows, unsigned from, unsigned to)
{
    return (follows[from] & PHASE(to)) != 0;
}

#endif
