/* The newest changes in memory, encoded: what most followers that missed
 * something ask for, and all that can be served while the disk refuses. Older
 * ones are read back from the journal.
 */
#ifndef ACTORS_REGISTRY_BACKLOG_H
#define ACTORS_REGISTRY_BACKLOG_H

#include "common/base/str.h"

struct backlog {
    struct buf bytes; /* records one after the other; the first dead ones are dropped in time */
    size_t *ends;     /* end in bytes of the record of seq first_seq + i, from dead on */
    uint32_t count;   /* records held */
    size_t cap;
    uint32_t dead;      /* entries of ends before the first held */
    uint64_t first_seq; /* of the first held; meaningless while count is 0 */
    size_t max_bytes;
};

void backlog_init(struct backlog *self, size_t max_bytes);
void backlog_fini(struct backlog *self);

/* seq is one above the last added, or anything after backlog_clear. */
void backlog_add(struct backlog *self, uint64_t seq, struct str record);
void backlog_clear(struct backlog *self);

/* Records after seq `from`, at most max_bytes (one at least). False: from is too old, or nothing is
 * held after it. records borrows until the next add. */
bool backlog_read(const struct backlog *self, uint64_t from, size_t max_bytes, struct str *records,
                  uint32_t *count);

#endif
