/* The comparisons of a Txn. */
#ifndef ACTORS_STORE_MVCC_COMPARE_H
#define ACTORS_STORE_MVCC_COMPARE_H

#include "actors/store/mvcc/state.h"
#include "common/etcdapi/kv.pb-c.h"

/* Does it hold for every key of the range? Of a key that is not there every number is 0, and its
 * value equals, exceeds and differs from nothing. */
bool compare_holds(struct mvcc *self, const Etcdserverpb__Compare *compare);

#endif
