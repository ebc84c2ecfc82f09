/* The calls that a member has taken and not answered, in the order they came; numbers rise.
 *
 *   WAITING ──tried in term T──► TRIED ──applied──► answered
 *      ▲                           │
 *      └──an entry of a later term is applied──┘   it is proven lost: no entry of T can follow one
 *                                                  of a later term (raft.md, exactly once)
 *
 * One that is past its deadline, or over which a snapshot has jumped, is answered ERR_TIMEOUT and
 * never tried again: nobody knows whether it is applied.
 */
#ifndef ACTORS_STORE_NODE_CALLS_H
#define ACTORS_STORE_NODE_CALLS_H

#include <stdbool.h>

#include "common/base/str.h"

struct call {
    uint64_t number;
    uint64_t term;  /* it was tried in; 0: it waits */
    uint64_t batch; /* and with which others */
    int64_t deadline_ms;
    char *body; /* owned */
    uint32_t len;
    bool answered; /* it only stands in the way of those before it */
};

struct calls {
    struct call *items; /* owned */
    size_t cap;
    size_t head; /* place of the first */
    size_t count;
    size_t waits_from;    /* of those, the first that may wait */
    uint64_t bytes;       /* of bodies */
    uint64_t tried_bytes; /* of those under way */
    uint64_t batch;       /* of those tried last */
};

void calls_fini(struct calls *self);

/* Copies. number is above all before. */
void calls_add(struct calls *self, uint64_t number, struct str body, int64_t deadline_ms);

/* The next that waits; NULL: none. Then calls_tried, or it comes again. */
struct call *calls_waiting(struct calls *self);
void calls_begin(struct calls *self);   /* a batch of them */
void calls_refused(struct calls *self); /* the batch: none of it went anywhere */
void calls_tried(struct calls *self, struct call *call, uint64_t term);

/* NULL: it is not ours any more. */
struct call *calls_find(struct calls *self, uint64_t number);
void calls_answered(struct calls *self, struct call *call);

/* Those tried in an earlier term wait again. */
void calls_retry(struct calls *self, uint64_t term);

/* The next with a number above `after` that is past its deadline, or that was tried; NULL: none. */
struct call *calls_past(struct calls *self, uint64_t after, int64_t now_ms);
struct call *calls_under_way(struct calls *self, uint64_t after);

#endif
