/* Whether a record that stands on disk with a good checksum is one that this registry, or a node
 * that told it, could have made: bytes that were put there by another hand may say anything. What
 * is told by nodes is judged so too (merge.c).
 */
#ifndef COMMON_NAMING_SOUND_H
#define COMMON_NAMING_SOUND_H

#include "common/naming/change.h"
#include "common/naming/limits.h"

bool sound_timestamp(int64_t timestamp);

/* NULL: it is; else what is wrong, static. work: memory to work in, emptied. */
const char *sound_change(const struct change *change, struct buf *work);

#endif
