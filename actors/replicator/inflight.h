/* Questions under way, to the own registry and to other nodes: what for, to whom, and until when an
 * answer may come. Bounded; an id stands at a fixed place, so that every call but the two sweeps is
 * O(1).
 */
#ifndef ACTORS_REPLICATOR_INFLIGHT_H
#define ACTORS_REPLICATOR_INFLIGHT_H

#include "common/base/clock.h"
#include "common/runtime/outbox.h"

enum { inflight_max = 4096 };

// clang-format off
/*      kind           of whom   ms    for what                                                  */
#define ASK_TABLE(X)                                                                              \
    X(GREETING,      PEER,     3000) /* STATES without anything: who are you?                  */ \
    X(STATES,        PEER,     3000) /* STATES: have you taken it?                             */ \
    X(WANT,          REGISTRY, 3000) /* LOOKUP: the records a peer lacks                       */ \
    X(INBOUND,       REGISTRY, 3000) /* MERGE of what a peer sent, who waits for the ACK       */ \
    X(ASIDE,         REGISTRY, 3000) /* MERGE nobody waits for                                 */ \
    X(RELAY,         REGISTRY, 5000) /* what a peer asks                                       */ \
    X(AGES,          PEER,     3000) /* LOOKUP: when were these heard last?                    */ \
    X(NODES,         REGISTRY, 3000) /* APP: all of infra.discovery                            */ \
    X(FORMER,        REGISTRY, 3000) /* CANCEL of what this node was called before             */ \
    X(RENEWS,        REGISTRY, 3000) /* LOOKUP: the instances to be renewed at HTTP nodes      */ \
    X(TOLD,          REGISTRY, 5000) /* MERGE of what an HTTP node has told                    */ \
    X(WALK_MINE,     REGISTRY, 5000) /* DIGEST                                                 */ \
    X(WALK_THEIRS,   PEER,     5000) /* DIGEST                                                 */ \
    X(WALK_ENTRIES,  PEER,     5000) /* LEAVES                                                 */ \
    X(WALK_COMPARE,  REGISTRY, 5000) /* COMPARE                                                */ \
    X(WALK_LOOKUP,   PEER,     5000) /* LOOKUP                                                 */ \
    X(WALK_MERGE,    REGISTRY, 5000) /* MERGE                                                  */ \
    X(SYNC_SLICE,    PEER,     5000) /* SNAPSHOT                                               */ \
    X(SYNC_MERGE,    REGISTRY, 5000) /* MERGE                                                  */ \
    X(SYNCED,        REGISTRY, 1000)
// clang-format on

enum ask_kind {
#define ASK_ENUM(NAME, whom, ms) ASK_##NAME,
    ASK_TABLE(ASK_ENUM)
#undef ASK_ENUM
        ASK_KIND_COUNT
};

enum ask_whom { ASK_REGISTRY, ASK_PEER };

struct ask {
    uint64_t id; /* 0: nothing stands here */
    enum ask_kind kind;
    uint32_t peer;     /* whom it is asked, or for whose sake */
    uint64_t life;     /* of that peer's place in the table */
    uint64_t round;    /* of a walk, a sync: an answer to an earlier one is late; INBOUND: its id */
    uint32_t place;    /* INBOUND: its place; STATES: how many heartbeats are in it */
    int64_t asked_ms;  /* mono */
    int64_t until_ms;  /* mono */
    int64_t since_ms;  /* STATES: mono, since when the oldest in it was at hand */
    struct buf keys;   /* WANT, AGES, RENEWS: what was asked for */
    struct address to; /* RELAY: who asks, */
    uint64_t their_id; /* … with which command */
};

enum ask_whom ask_whom(enum ask_kind kind);

struct inflight;
struct inflight *inflight_new(void);
void inflight_destroy(struct inflight **self);

/* The next id after *last_id that has room, which *last_id becomes; 0: there is none. */
uint64_t inflight_id(const struct inflight *self, uint64_t *last_id);
/* Takes note of ask under ask.id, from inflight_id; until is its kind's; takes ask.keys. */
void inflight_add(struct inflight *self, const struct ask *ask, const struct now *now);
/* Whether this id is of a question to the registry, or to this peer. */
bool inflight_of(const struct inflight *self, uint64_t id, enum ask_whom whom, uint32_t peer);
/* The question with this id; it is forgotten. The caller ends out->keys. False: none. */
bool inflight_take(struct inflight *self, uint64_t id, struct ask *out);
/* One whose time is over; *cursor begins at 0. As inflight_take. */
bool inflight_take_overdue(struct inflight *self, int64_t now_ms, uint32_t *cursor,
                           struct ask *out);
/* What this peer was asked is not waited for any more; its answers are ignored. */
void inflight_forget(struct inflight *self, uint32_t peer);
/* This process stood still: the answers may be waiting. */
void inflight_forgive(struct inflight *self, int64_t ms);
uint32_t inflight_count(const struct inflight *self);
/* How many questions of this node are being relayed; looks through all. */
uint32_t inflight_relayed(struct inflight *self, const struct address *from);

#endif
