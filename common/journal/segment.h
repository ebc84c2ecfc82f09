/* One file of a journal, and the list of those that are no longer written: what is known of each,
 * with a sparse index from seq to offset so that what it holds can be read back.
 *
 *   journal-0000000000000005.log
 *     HEAD {seq 4}  [5]  [6, 7]  [8]  FOOT {seq 8}
 *                   └ one frame a command
 *
 * How files are called, and what HEAD and FOOT say, is the caller's.
 */
#ifndef COMMON_JOURNAL_SEGMENT_H
#define COMMON_JOURNAL_SEGMENT_H

#include "common/journal/volume.h"

enum { index_step_bytes = 64 * 1024 };

struct index_point {
    uint64_t seq;    /* first of the frame … */
    uint64_t offset; /* … that begins here */
};

struct segment {
    struct name name;  /* of the file, once it is published */
    uint64_t epoch;    /* of the history it is part of; 0: it was not read */
    uint64_t prev_seq; /* what it holds begins after it */
    uint64_t last_seq; /* = prev_seq: nothing in it */
    uint64_t bytes;    /* of whole frames */
    int64_t free_ms;   /* mono; of an older one: when it may go; INT64_MAX: not known yet */
    struct index_point *points; /* owned */
    size_t point_count;
    size_t point_cap;
};

void segment_fini(struct segment *self);

/* Notes that a frame with first … last begins at the present end and is so long. */
void segment_extend(struct segment *self, uint64_t first_seq, uint64_t last_seq, size_t bytes);

/* Forgets what stands from offset on, where a frame begins: last_seq is the last before it. */
void segment_shorten(struct segment *self, uint64_t offset, uint64_t last_seq);

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
/* The last ones, where they hold nothing and seq + 1 would be their first: a newer file takes their
 * name. */
void segments_drop_empty(struct segments *self, uint64_t seq);
/* The one in the unbroken history that holds seq; NULL: none does. */
const struct segment *segments_find(const struct segments *self, uint64_t seq);

#endif
