/* One journal segment: the writer of the newest, and for every one what is known
 * of it, with a sparse index from seq to offset so that history can be read back.
 *
 *   journal-0000000000000005.log
 *     HEAD {seq 4}  [PUT 5]  [PUT 6, PUT 7]  [GONE 8]  FOOT {count 4, seq 8}
 *                   └ one frame a command             └ only after an orderly end
 *
 * While it is written the file is longer than its records: it grows in steps of
 * zeros, so that a sync has no new size to note.
 */
#ifndef ACTORS_REGISTRY_STORAGE_JOURNAL_H
#define ACTORS_REGISTRY_STORAGE_JOURNAL_H

#include "common/journal/volume.h"
#include "common/wire/codec.h"

enum { index_step_bytes = 64 * 1024 };

struct index_point {
    uint64_t seq;    /* first of the frame … */
    uint64_t offset; /* … that begins here */
};

struct segment {
    uint64_t epoch;
    uint64_t prev_seq; /* HEAD's; the name holds prev_seq + 1 */
    uint64_t last_seq; /* = prev_seq: no change in it */
    uint64_t bytes;    /* of whole frames */
    int64_t free_ms;   /* mono; of an older one: when it may go; INT64_MAX: not known yet */
    struct index_point *points; /* owned */
    size_t point_count;
    size_t point_cap;
};

void segment_fini(struct segment *self);

/* Notes that a frame with first … last begins at the present end and is so long. */
void segment_extend(struct segment *self, uint64_t first_seq, uint64_t last_seq, size_t bytes);

/* Where to begin reading for seq, which is in the segment. */
uint64_t segment_offset(const struct segment *self, uint64_t seq);

/* Cuts the file behind its last whole frame and syncs it, so that nothing torn is ever found
 * before the end of the journal. Errors: ERR_IO; ERR_UNUSABLE, said: it can't be opened. */
enum err segment_trim(const struct segment *self, struct volume *volume);

/* Segments that are no longer written and still held, oldest first. */
struct segments {
    struct segment *items; /* owned */
    size_t count;
    size_t cap;
    size_t history_from; /* those from here on are one unbroken history of the present epoch */
};

void segments_fini(struct segments *self);
void segments_add(struct segments *self, struct segment *segment); /* moves it in; not free yet */
void segments_drop_first(struct segments *self);
/* The last ones, if they begin after seq: their name is taken by a newer file. */
void segments_drop_empty(struct segments *self, uint64_t seq);
const struct segment *segments_find(const struct segments *self, uint64_t seq); /* in history */

struct journal {
    struct volume *volume;  /* borrowed */
    struct segment segment; /* the caller may move it out after finish */
    struct name name;       /* as it is called now: .tmp until published */
    int file;               /* owned; -1: none */
    uint64_t allocated;     /* the file's size */
    uint64_t allocate_bytes;
    uint64_t synced; /* bytes that are on disk for good */
    uint64_t count;  /* of changes */
};

/* Makes journal-<head->seq + 1>.tmp with its HEAD. All below: ERR_IO, reason in volume; after any
 * failure only journal_drop is allowed. */
enum err journal_create(struct journal *self, struct volume *volume, const struct msg_head *head,
                        uint64_t allocate_bytes);
enum err journal_sync(struct journal *self);    /* nothing to do when all is synced */
enum err journal_publish(struct journal *self); /* takes its name; the directory is not synced */

/* frames: whole ones, which segment_extend was told of or will be. Written behind the last. */
enum err journal_write(struct journal *self, uint64_t offset, struct str frames);

/* The orderly end: FOOT, the zeros cut off, synced, closed. */
enum err journal_finish(struct journal *self);

/* Closes the file as it is; one that was never published is removed. Keeps segment. */
void journal_drop(struct journal *self);

#endif
