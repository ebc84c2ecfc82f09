/* Events as a watch of etcd's tells them. */
#ifndef TESTS_STORE_MVCC_GATHER_H
#define TESTS_STORE_MVCC_GATHER_H

#include "actors/store/mvcc/mvcc.h"

struct gathered {
    Mvccpb__Event *const *events; /* in order of revisions */
    size_t count;
    int64_t to; /* the last revision whose events are all here; from - 1: none */
};

/* Of whole revisions from … the current one, at least of one, until bytes_max are reached; prev:
 * with what was there before. In arena. */
struct gathered gather(struct mvcc *mvcc, int64_t from, size_t bytes_max, bool prev,
                       struct arena *arena);

#endif
