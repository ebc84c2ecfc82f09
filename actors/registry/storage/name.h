/* What the files of a data directory are called. */
#ifndef ACTORS_REGISTRY_STORAGE_NAME_H
#define ACTORS_REGISTRY_STORAGE_NAME_H

#include "common/journal/head.h"
#include "common/journal/volume.h"

// clang-format off
/*            prefix       suffix   of a file named after a seq */
#define NAME_TABLE(X)               \
    X(SEGMENT,      SEGMENT_PREFIX, SEGMENT_SUFFIX) \
    X(SEGMENT_TMP,  SEGMENT_PREFIX, SEGMENT_UNFINISHED) \
    X(SNAPSHOT,     "snapshot-", ".dat") \
    X(SNAPSHOT_TMP, "snapshot-", ".tmp")
// clang-format on

enum name_kind {
#define NAME_ENUM(NAME, prefix, suffix) NAME_##NAME,
    NAME_TABLE(NAME_ENUM)
#undef NAME_ENUM
        NAME_OTHER
};

struct name name_make(enum name_kind kind, uint64_t seq);
/* NAME_OTHER: not one of ours; so is a segment that would begin at 0. */
enum name_kind name_parse(const char *text, uint64_t *seq);
uint64_t name_seq(struct name name); /* of one of ours */

static inline void seq_raise(uint64_t *seq, uint64_t to)
{
    *seq = to > *seq ? to : *seq;
}

/* As a file of that name is called before it is whole, and while it is taken away: the next start
 * removes it. Of a segment's or a snapshot's. */
struct name name_unfinished(struct name name);

#endif
