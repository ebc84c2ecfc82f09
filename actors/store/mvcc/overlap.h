/* Whether a Txn may change one key twice. */
#ifndef ACTORS_STORE_MVCC_OVERLAP_H
#define ACTORS_STORE_MVCC_OVERLAP_H

#include "common/base/str.h"
#include "common/etcdapi/kv.pb-c.h"

/* Is a key put twice, or put and in a range that is deleted, in one branch? As etcd's
 * checkIntervals sees it:
 *   - the two branches of a nested Txn exclude each other: both may put a key;
 *   - of nested ones side by side, what one deletes is seen by those behind it only;
 *   - a range that ends at "\0", or before it begins, covers nothing.
 * What it costs grows with the square of the steps, and with the depth of those that are nested:
 * shape_limits, shape_nested_steps_max. */
bool overlap_in(const Etcdserverpb__TxnRequest *txn);

#endif
