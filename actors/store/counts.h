/* What the store tells STATS: counters since the start of the run, and sizes as they are. */
#ifndef ACTORS_STORE_COUNTS_H
#define ACTORS_STORE_COUNTS_H

#include "common/metrics/counting.h"

void store_count(void *state, const struct counting *to);

#endif
