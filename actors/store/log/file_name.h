/* What the files of a log's directory are called. */
#ifndef ACTORS_STORE_LOG_FILE_NAME_H
#define ACTORS_STORE_LOG_FILE_NAME_H

#include "common/journal/volume.h"

// clang-format off
/*                 prefix    suffix   of a file named after a number, in 16 hex digits */
#define LOG_FILE_TABLE(X)         \
    X(SEGMENT,     "raft-",  ".log") /* the seq of its first frame */        \
    X(UNFINISHED,  "raft-",  ".tmp") /* a segment on its way here or away */ \
    X(SPARE,       "spare-", ".tmp")
// clang-format on

enum log_file {
#define LOG_FILE_ENUM(NAME, prefix, suffix) LOG_FILE_##NAME,
    LOG_FILE_TABLE(LOG_FILE_ENUM)
#undef LOG_FILE_ENUM
        LOG_FILE_OTHER
};

struct name log_file_name(enum log_file kind, uint64_t number);
/* LOG_FILE_OTHER: none of ours. */
enum log_file log_file_parse(const char *text, uint64_t *number);

/* So great may a seq be: no log writes as many frames. */
static const uint64_t log_seq_max = (uint64_t)1 << 62;

#endif
