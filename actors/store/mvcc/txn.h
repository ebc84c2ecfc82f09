/* Transactions. First every comparison, of nested ones too, looks at the state before; then the
 * steps of the branches taken are judged; then they are done, one after the other, each seeing
 * those before it. All changes are one revision. */
#ifndef ACTORS_STORE_MVCC_TXN_H
#define ACTORS_STORE_MVCC_TXN_H

#include "actors/store/mvcc/state.h"
#include "common/etcdapi/kv.pb-c.h"

/* Whether neither branch writes, of nested ones too. */
bool txn_only_reads(const Etcdserverpb__TxnRequest *request);

/* Errors: KEY_NOT_FOUND, LEASE_NOT_FOUND, COMPACTED, FUTURE_REVISION, of a step that would have
 * been taken; nothing is done then. */
enum etcd_error txn_answer(struct mvcc *self, const Etcdserverpb__TxnRequest *request,
                           struct arena *arena, Etcdserverpb__TxnResponse **answer);

#endif
