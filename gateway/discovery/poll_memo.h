/* The last answer to a poll, for the next who asks the same: a change wakes many at once. */
#ifndef GATEWAY_DISCOVERY_POLL_MEMO_H
#define GATEWAY_DISCOVERY_POLL_MEMO_H

#include "gateway/discovery/gateway.h"
#include "gateway/discovery/updates.h"

/* {0}: none yet. */
struct poll_memo {
    struct buf key;
    struct buf asked;             /* the key of what is asked now */
    uint64_t version;             /* the replica's */
    int64_t ms;                   /* mono */
    struct updates_answer answer; /* without body */
    struct response *response;    /* owned */
    uint64_t composed_bytes;      /* ever */
};
void poll_memo_fini(struct poll_memo *self);

/* Makes response and answer those to what is asked, where updates_any said that there is news. */
void poll_memo_compose(struct poll_memo *self, const struct gateway *gateway,
                       const struct updates_asked *asked, bool full, const struct now *now);

#endif
