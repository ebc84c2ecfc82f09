/* What the files of a follower share. */
#ifndef COMMON_RUNTIME_FOLLOWER_STATE_H
#define COMMON_RUNTIME_FOLLOWER_STATE_H

#include "common/runtime/follower.h"

/* Our ids have the top bit: the owner's own commands go over the same link. */
static const uint64_t follower_id_mark = UINT64_C(1) << 63;

enum follower_phase {
    FOLLOWER_NEW,
    FOLLOWER_HISTORY,  /* asked FACTS; what is published meanwhile is kept */
    FOLLOWER_SNAPSHOT, /* asked SNAPSHOT; kept as well */
    FOLLOWER_SWEEP,    /* has all; removes over several turns what the snapshot did not hold */
    FOLLOWER_CURRENT,
    FOLLOWER_BROKEN,
    FOLLOWER_PHASE_COUNT
};

struct follower {
    enum actor_name source;
    uint32_t index;
    int64_t tick_ms;
    const struct follower_owner *owner;
    void *state;

    enum follower_phase phase;
    struct follower_state at; /* its `current` is the phase */

    uint64_t asked_id; /* of the newest question; answers to older ones are late */
    int64_t asked_ms;
    bool hurried;       /* follower_hurry was called while CURRENT */
    bool waiting;       /* the newest question has no answer yet */
    unsigned fruitless; /* answers in a row that brought nothing though more is known of */

    /* The newest position any fact has named; a later run of the source may have come back with
     * less. */
    struct msg_fact_head newest;
    struct buf kept; /* facts heard while catching up, in order */
    bool lost;       /* some did not fit */

    uint64_t cursor;               /* of the slice that is asked for */
    bool first_slice;              /* none of this snapshot has come yet */
    struct msg_fact_head snapshot; /* position of its first slice */
    bool sweep_due;
    struct buf slice; /* records of the last one: taken while the source makes the next */
    bool slice_fresh; /* it came in this turn, and the question for the next has not left */
};

void follower_enter(struct follower *self, enum follower_phase phase);
void follower_become_current(struct follower *self, const struct now *now);
void follower_tell_current(struct follower *self, const struct now *now); /* the owner */

#endif
