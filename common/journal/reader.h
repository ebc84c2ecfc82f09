/* Reads a file of framed records through a window, so that a file of any size
 * costs the memory of its greatest frame. Tells a torn last write from other
 * damage, for which it must see what follows.
 */
#ifndef COMMON_JOURNAL_READER_H
#define COMMON_JOURNAL_READER_H

#include "common/journal/record.h"
#include "common/journal/volume.h"

struct reader {
    struct volume *volume; /* borrowed */
    struct name name;
    int file;          /* owned */
    uint64_t size;     /* of the file, or as far as it may be read */
    uint64_t offset;   /* of the frame that next looks at */
    struct buf window; /* owned; bytes from offset - used on */
    size_t used;
    bool unreadable; /* the disk gave an error: volume says which. It is no damage */
};

/* Begins at offset (a frame's) and ends before end, or at the end of the file when that is less.
 * Errors: ERR_IO. After an error there is nothing to fini. */
enum err reader_init(struct reader *self, struct volume *volume, const char *name, uint64_t offset,
                     uint64_t end);
void reader_fini(struct reader *self);

/* On RECORD_OK body is set, borrowed until the next call, and *at is its frame's
 * offset; else *at is where the valid part ends. When unreadable is set then, the state says
 * nothing of what stands there. RECORD_TORN only for a frame that was
 * not written to its end: one that is whole in length yet wrong is RECORD_DAMAGED. */
enum record_state reader_next(struct reader *self, struct str *body, uint64_t *at);

#endif
