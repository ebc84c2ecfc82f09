/* Letting go of history. What is compacted is known at once; what nobody can read any more goes in
 * steps, from the first key to the last one, and of a long history over several. */
#ifndef ACTORS_STORE_MVCC_COMPACTION_H
#define ACTORS_STORE_MVCC_COMPACTION_H

#include "actors/store/mvcc/state.h"
#include "common/etcdapi/kv.pb-c.h"

/* Errors: COMPACTED, FUTURE_REVISION. */
enum etcd_error compact_answer(struct mvcc *self, const Etcdserverpb__CompactionRequest *request,
                               struct arena *arena, Etcdserverpb__CompactionResponse **answer);

/* What BUCKET_META says of it. Errors: the backend's, ERR_CORRUPT. */
enum err compaction_restore(struct mvcc *self);

#endif
