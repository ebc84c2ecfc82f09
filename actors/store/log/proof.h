/* Whether a bad frame of a segment was on disk for good once. */
#ifndef ACTORS_STORE_LOG_PROOF_H
#define ACTORS_STORE_LOG_PROOF_H

#include "common/journal/reader.h"

/* *proven: a whole frame of this log stands behind offset that says seq was synced before it was
 * written. Only frames with the log's id count: bytes of an entry may be made to look like frames,
 * but not to name it. Errors: ERR_IO, reason in volume. */
enum err log_proof_find(struct volume *volume, int *file, const char *name, uint64_t offset,
                        uint64_t log, uint64_t seq, bool *proven);

#endif
