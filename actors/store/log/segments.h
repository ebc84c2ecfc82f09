/* The segments of a log that are no longer written. */
#ifndef ACTORS_STORE_LOG_SEGMENTS_H
#define ACTORS_STORE_LOG_SEGMENTS_H

#include "common/journal/volume.h"

struct log_segment {
    struct name name;
    uint64_t prev_seq;
    uint64_t last_seq;
    uint64_t highest; /* index that it has held */
    uint64_t bytes;   /* of its file */
};

struct log_segments {
    struct log_segment *items; /* owned; oldest first */
    size_t count;
    size_t cap;
};

void log_segments_add(struct log_segments *self, const struct log_segment *segment);
void log_segments_drop_first(struct log_segments *self);

/* What the directory holds: segments, oldest first, of which only names and seqs are known; and
 * what no start needs. Errors: ERR_UNUSABLE, logged. */
enum err log_segments_list(struct volume *volume, struct log_segments *segments,
                           struct log_segments *unfinished);

#endif
