/* Put and DeleteRange, alone or as a step of a Txn. */
#ifndef ACTORS_STORE_MVCC_OPERATION_H
#define ACTORS_STORE_MVCC_OPERATION_H

#include "actors/store/mvcc/state.h"
#include "common/etcdapi/kv.pb-c.h"

/* Errors: LEASE_NOT_FOUND, KEY_NOT_FOUND; the one is looked for first alone, the other in a Txn.
 * ETCD_OK: put_do may follow. */
enum etcd_error put_judge(const struct mvcc *self, const Etcdserverpb__PutRequest *request);
enum etcd_error put_judge_in_txn(const struct mvcc *self, const Etcdserverpb__PutRequest *request);

/* Of one that was judged. A key that went since, in the same Txn, had an empty value and no
 * lease. */
Etcdserverpb__PutResponse *put_do(struct mvcc *self, const Etcdserverpb__PutRequest *request,
                                  struct arena *arena);

Etcdserverpb__DeleteRangeResponse *delete_range_do(struct mvcc *self,
                                                   const Etcdserverpb__DeleteRangeRequest *request,
                                                   struct arena *arena);

#endif
