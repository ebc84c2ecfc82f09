/* The writer of a journal's newest segment.
 *
 *   journal_create ──journal_head──► .tmp ──journal_publish──► its name ──journal_finish──► closed
 *
 * While it is written the file is longer than its records: it grows in steps of
 * zeros, so that a sync has no new size to note.
 */
#ifndef COMMON_JOURNAL_JOURNAL_H
#define COMMON_JOURNAL_JOURNAL_H

#include "common/journal/segment.h"
#include "common/wire/codec.h"

struct journal {
    struct volume *volume;  /* borrowed */
    struct segment segment; /* the caller may move it out after finish */
    struct name name;       /* as it is called now */
    bool published;         /* so it is called for good: a start will find it */
    int file;               /* owned; -1: none */
    uint64_t allocated;     /* the file's size */
    uint64_t allocate_bytes;
    uint64_t synced; /* bytes that are on disk for good */
};

/* Makes the file that will be called name, as unfinished, which a start is to take away. What it
 * holds goes on after prev_seq. All below: ERR_IO, reason in volume; after any failure only
 * journal_drop is allowed. */
enum err journal_create(struct journal *self, struct volume *volume, struct name name,
                        struct name unfinished, uint64_t epoch, uint64_t prev_seq,
                        uint64_t allocate_bytes);

/* As journal_create, of a file called unfinished that is there and holds so many zeros. It does not
 * grow in steps. */
enum err journal_adopt(struct journal *self, struct volume *volume, struct name name,
                       struct name unfinished, uint64_t epoch, uint64_t prev_seq,
                       uint64_t allocated);

/* Where the file lies on its disk: a copy of it lies elsewhere. */
uint64_t journal_place(const struct journal *self);

enum err journal_head(struct journal *self, const struct msg *head); /* the first record, synced */
enum err journal_sync(struct journal *self);    /* nothing to do when all is synced */
enum err journal_publish(struct journal *self); /* takes its name; the directory is not synced */

/* frames: whole ones, which segment_extend was told of or will be. Written behind the last. */
enum err journal_write(struct journal *self, uint64_t offset, struct str frames);

/* Takes back what stands from offset on, where a frame begins, so that last_seq is the last, and
 * syncs: nothing of it is found by a start. */
enum err journal_cut(struct journal *self, uint64_t offset, uint64_t last_seq);

/* The orderly end: the last record, the zeros cut off, synced, closed. */
enum err journal_finish(struct journal *self, const struct msg *foot);

/* Closes the file as it is; one that was never published is removed. Keeps segment. */
void journal_drop(struct journal *self);

#endif
