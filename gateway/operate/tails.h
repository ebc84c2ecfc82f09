/* Readers of a ring, by Server-Sent Events. A reader holds a position only, and is sent what stands
 * behind it when its client can take more; what it has missed is told it as `event: lost`. So a
 * slow one costs nobody anything.
 */
#ifndef GATEWAY_OPERATE_TAILS_H
#define GATEWAY_OPERATE_TAILS_H

#include "gateway/operate/ring.h"
#include "gateway/operate/state.h"

enum { tails_max = 64 }; /* of all rings together */

struct tails;

/* ring: borrowed. print: makes text of an item's data. */
struct tails *tails_new(const struct ring *ring, ring_print *print);
/* After http_destroy, which has ended every stream. */
void tails_destroy(struct tails **self);

/* Where a new reader begins. */
struct tail_start {
    uint64_t at;     /* ordinal */
    uint64_t resume; /* items below it that have no id are not sent: it has had them */
    bool lost;       /* what lies before is lost to it */
};
/* Turns the request into a stream. filter: copied, the keys at most 255 bytes each. */
void tails_begin(struct tails *self, const struct operate_ask *ask,
                 const struct ring_filter *filter, const struct tail_start *start);
/* Begins behind so many items that pass the filter, or with the oldest. */
uint64_t tails_back(const struct tails *self, const struct ring_filter *filter, int64_t count);

size_t tails_count(const struct tails *self);
/* Once a turn: wakes those for whom there is something new. */
void tails_turn(struct tails *self, const struct now *now);
/* Places for connections run short: ends the one that came first. False: there is none. */
bool tails_spare(struct tails *self);

#endif
