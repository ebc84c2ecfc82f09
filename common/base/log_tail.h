/* The last lines of a log, as JSON without their line feed, numbered from 1 on. */
#ifndef COMMON_BASE_LOG_TAIL_H
#define COMMON_BASE_LOG_TAIL_H

#include "common/base/log.h"

enum { log_tail_lines_max = 200, log_tail_bytes_max = 128 * 1024 };

struct log_tail {
    uint64_t next;  /* the number the next line gets */
    uint64_t first; /* of the oldest that is kept; next: none is */
    size_t bytes;
    struct {
        enum log_level level;
        struct str text; /* owned */
    } lines[log_tail_lines_max];
};

void log_tail_init(struct log_tail *self);
void log_tail_fini(struct log_tail *self);

/* Copies the line; the oldest ones make room. */
void log_tail_add(struct log_tail *self, enum log_level level, struct str line);

/* The line of that number, first … next - 1; borrowed until the next add. */
struct str log_tail_line(const struct log_tail *self, uint64_t number, enum log_level *level);

#endif
