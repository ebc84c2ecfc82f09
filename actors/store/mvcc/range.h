/* Reading ranges of keys. */
#ifndef ACTORS_STORE_MVCC_RANGE_H
#define ACTORS_STORE_MVCC_RANGE_H

#include "actors/store/mvcc/state.h"
#include "common/etcdapi/kv.pb-c.h"

Etcdserverpb__ResponseHeader *header_new(int64_t revision, struct arena *arena);

/* A copy of kv that borrows what kv borrows. */
Mvccpb__KeyValue *key_value_keep(const Mvccpb__KeyValue *kv, struct arena *arena);

/* Errors: COMPACTED, FUTURE_REVISION. */
enum etcd_error range_answer(struct mvcc *self, const Etcdserverpb__RangeRequest *request,
                             struct arena *arena, Etcdserverpb__RangeResponse **answer);

/* The request's least and greatest revisions. */
bool range_passes(const Etcdserverpb__RangeRequest *request, const struct key_state *state);

/* What may be said of a revision asked for inside a Txn: as etcd judges it there, where below 0 is
 * not the current one. */
enum etcd_error range_judge_in_txn(const struct mvcc *self,
                                   const Etcdserverpb__RangeRequest *request);

#endif
