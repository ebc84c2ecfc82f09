/* What the store tells STATS: counters since the start of the run, and sizes as they are. */
#ifndef ACTORS_STORE_COUNTS_H
#define ACTORS_STORE_COUNTS_H

#include "common/wire/codec.h"

void store_count(void *state, struct msg_counts *counters, struct buf *counter_store,
                 struct msg_counts *sizes, struct buf *size_store);

#endif
