/* Whether somebody watches, and of which keys who watches wants to know what was there before.
 * Time is awake time. What is said holds for watching_ms; of the keys up to twice as long. */
#ifndef ACTORS_STORE_INTEREST_H
#define ACTORS_STORE_INTEREST_H

#include "actors/store/spans.h"

/* {0}: nobody. */
struct interest {
    int64_t ends_ms;
    struct spans young, old; /* with what was before: said lately, and in the time before */
    int64_t turns_ms;        /* when the young are the old */
};

void interest_fini(struct interest *self);

void interest_hold(struct interest *self, int64_t awake_ms);
void interest_prev(struct interest *self, struct str from, struct str end, int64_t awake_ms);

static inline bool interest_is(const struct interest *self, int64_t awake_ms)
{
    return awake_ms < self->ends_ms;
}
bool interest_is_prev(struct interest *self, struct str key);

#endif
