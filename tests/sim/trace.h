/* What happened in a run, for a person: off while seeds are tried (nothing is formatted then), on
 * when one that failed is run again. Keeps the last lines, or prints each at once. */
#ifndef TESTS_SIM_TRACE_H
#define TESTS_SIM_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum trace_mode { TRACE_OFF, TRACE_LAST, TRACE_ALL };
enum { trace_lines = 60, trace_line_bytes = 160 };

struct trace {
    enum trace_mode mode;
    uint32_t scale;
    uint64_t count;
    char lines[trace_lines][trace_line_bytes];
};

void trace_init(struct trace *self, enum trace_mode mode, uint32_t scale);

/* at_ms: since the run began, as actors see it. node: its number, or -1: of no node. */
void trace_add(struct trace *self, int64_t at_ms, int node, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void trace_print(const struct trace *self, FILE *to); /* the lines that are kept */

static inline bool trace_on(const struct trace *self)
{
    return self->mode != TRACE_OFF;
}

#endif
