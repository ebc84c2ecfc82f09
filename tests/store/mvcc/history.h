/* Random calls of the store's methods, whose keys, revisions and leases meet. */
#ifndef TESTS_STORE_MVCC_HISTORY_H
#define TESTS_STORE_MVCC_HISTORY_H

#include "actors/store/mvcc/arena.h"
#include "common/base/prng.h"
#include "common/etcdapi/methods.h"

struct history {
    struct prng prng;
    struct arena *arena; /* borrowed; requests are in it */
    int64_t revision;    /* the caller keeps them up to date: where things get interesting */
    int64_t compacted;
    bool lasting; /* no lease that a clock could end meanwhile, nothing that etcd dies of */
    bool ignores; /* the Txn being made has puts that ask for a value or lease, else it has
                     deletes to the last key: with both etcd dies */
};

struct call {
    enum etcd_method method;
    ProtobufCMessage *request;
};

void history_init(struct history *self, uint64_t seed, struct arena *arena);
struct call history_call(struct history *self);

/* One of the keys that calls are about. */
struct str history_key(struct history *self);
int64_t history_lease(struct history *self);

#endif
