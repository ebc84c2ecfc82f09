/* How far a word that was mistyped is from the one that may have been meant. */
#ifndef COMMON_BASE_DISTANCE_H
#define COMMON_BASE_DISTANCE_H

#include "common/base/str.h"

enum { distance_bytes_max = 64 };

/* How many letters must be put in, left out, changed, or swapped with their neighbour. "-" and "_"
 * count as the same letter, and so do the cases. Both words: at most distance_bytes_max. */
size_t distance(struct str a, struct str b);

#endif
