/* An answer that is made piece by piece, as its client takes it: it holds a piece at a time, and no
 * more for a client that reads nothing.
 */
#ifndef GATEWAY_DISCOVERY_PRODUCED_H
#define GATEWAY_DISCOVERY_PRODUCED_H

#include "gateway/discovery/gateway.h"

struct produced {
    struct buf out; /* made; taken up to `at`. Owned by whoever embeds this, as all of it */
    size_t at;
    bool ended; /* out is the last piece */
    /* Everything was taken: makes out the next piece and sets `at` to where it begins (before that
     * may stand what was taken already), or sets ended. */
    void (*next)(void *context);
    void (*end)(void *context); /* nothing of it is needed any more */
    void *context;
};

/* Answers request with what is in out already and all that next makes. self lives until end. */
void produced_answer(struct produced *self, const struct gateway *gateway, struct request *request,
                     const struct now *now);

#endif
