/* Takes a large file away a piece at a time: the kernel frees the pages of a file
 * within the call that ends it, 10 ms for 200 MB, and no turn may take that long.
 *
 *   snapshot-…64.dat ──renamed──► snapshot-…64.tmp ──shorter each step──► gone
 */
#ifndef COMMON_JOURNAL_REMOVER_H
#define COMMON_JOURNAL_REMOVER_H

#include "common/journal/volume.h"

struct remover {
    struct volume *volume; /* borrowed */
    int file;              /* owned; -1: none is being disposed of */
    struct name name;
    uint64_t size; /* what is left of it */
};

bool remover_runs(const struct remover *self);

/* to: what it is called from now on, so that the next start knows that it is to go. A small file is
 * gone at once.
 * Errors of both: ERR_IO: it stays; none is being disposed of any more. */
enum err remover_begin(struct remover *self, struct volume *volume, struct name name,
                       struct name to);
enum err remover_step(struct remover *self);

/* Leaves what is left of it to the next start. Fine at any time. */
void remover_drop(struct remover *self);

#endif
