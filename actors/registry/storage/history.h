/* Reads a stretch of history back from one segment file, for followers. */
#ifndef ACTORS_REGISTRY_STORAGE_HISTORY_H
#define ACTORS_REGISTRY_STORAGE_HISTORY_H

#include "common/journal/segment.h"

/* As storage_history, within the segment, which holds after_seq + 1. Reads no further than
 * end. Errors, records untouched: ERR_CORRUPT: what is there is not what was written;
 * ERR_IO. volume->reason is set for both. */
enum err history_read(struct volume *volume, const struct segment *segment, uint64_t end,
                      uint64_t after_seq, size_t max_bytes, struct buf *records, uint32_t *count,
                      uint64_t *last_seq);

#endif
