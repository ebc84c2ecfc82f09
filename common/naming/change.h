/* A change: one fact about one identity, decided by the registry, numbered by
 * seq. It is what the journal holds, what followers apply and what is shown to
 * watchers. apply() of all changes in order gives the registry's state.
 */
#ifndef COMMON_NAMING_CHANGE_H
#define COMMON_NAMING_CHANGE_H

#include "common/naming/instance.h"

// clang-format off
/* After REGISTER and SET the instance is live and given whole. After CANCEL a
 * tombstone with its dirty stays; EVICT and FORGET leave nothing.
 * Numbers travel and are never reused. The names are public: in facts, streams, tap.
 * FORGET (a tombstone's end) concerns no client and is shown to none. */
#define CHANGE_KIND_TABLE(X)  \
    X(REGISTER, 1, "register") \
    X(SET,      2, "set")      \
    X(CANCEL,   3, "cancel")   \
    X(EVICT,    4, "evict")    \
    X(FORGET,   5, "forget")

/* How far the replicator carries a change or heartbeat. */
#define SPREAD_TABLE(X)    \
    X(NOWHERE,    0)       \
    X(ZONE,       1)       \
    X(EVERYWHERE, 2)
// clang-format on

enum change_kind {
#define CHANGE_ENUM(NAME, number, text) CHANGE_##NAME = (number),
    CHANGE_KIND_TABLE(CHANGE_ENUM)
#undef CHANGE_ENUM
};

enum spread {
#define SPREAD_ENUM(NAME, number) SPREAD_##NAME = (number),
    SPREAD_TABLE(SPREAD_ENUM)
#undef SPREAD_ENUM
        SPREAD_COUNT
};

struct change {
    enum change_kind kind;
    enum spread spread;
    uint64_t seq;             /* of this change; in a snapshot, of the last one of this identity */
    uint64_t gateway;         /* write id of the command that caused it: whose … */
    uint64_t number;          /* … and which; both 0: none (eviction, replication) */
    int64_t at;               /* wall ns the registry took from its clock to decide it */
    int64_t latest_timestamp; /* the app's, after this change */
    int64_t age_ms;           /* heartbeat's (live; -1: not known) or tombstone's age when it was
                                 decided */
    struct instance instance; /* CANCEL, EVICT, FORGET: id and dirty_timestamp only */
};

const char *change_kind_name(enum change_kind kind); /* NULL for a number not in the table */
bool change_is_live(enum change_kind kind);          /* REGISTER, SET */

#endif
