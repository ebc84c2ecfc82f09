/* A request that waits until every actor of this node has said how it is, or half a second is over
 * (gateway/bus/round.h). */
#ifndef GATEWAY_OPERATE_ASKER_H
#define GATEWAY_OPERATE_ASKER_H

#include "gateway/bus/parked.h"
#include "gateway/bus/round.h"
#include "gateway/operate/state.h"

struct asker;

/* Answers the request, with the answers at hand. */
typedef void asker_fn(struct asker *self, const struct round *round, const struct now *now);

struct asker {
    struct parked parked; /* first: the request's user */
    struct round_waiter waiter;
    struct operate *operate;
    struct request *request;
    asker_fn *answer;
    int64_t limit; /* of a page */
    size_t after;  /* targets that were on the pages before */
    struct asker *before;
    struct asker *next;
};

void asker_begin(struct operate *self, const struct operate_ask *ask, size_t after,
                 asker_fn *answer);
/* Nobody is told. */
void askers_end(struct operate *self);

#endif
