#include "tests/sim/trace.h"

#include <stdarg.h>

void trace_init(struct trace *self, enum trace_mode mode, uint32_t scale)
{
    self->mode = mode;
    self->scale = scale;
    self->count = 0;
}

void trace_add(struct trace *self, int64_t at_ms, int node, const char *format, ...)
{
    char *line = self->lines[self->count % trace_lines];
    char name[16] = "";
    va_list args;
    int len;

    if (self->mode == TRACE_OFF) {
        return;
    }
    if (node >= 0) {
        (void)snprintf(name, sizeof(name), "node%d", node + 1);
    }
    len = snprintf(line, trace_line_bytes, "%9.3f s (%11.3f s) %-5s  ",
                   (double)at_ms / 1000 / self->scale, (double)at_ms / 1000, name);
    va_start(args, format);
    (void)vsnprintf(line + len, (size_t)(trace_line_bytes - len), format, args);
    va_end(args);
    self->count++;
    if (self->mode == TRACE_ALL) {
        (void)fprintf(stdout, "%s\n", line);
    }
}

void trace_print(const struct trace *self, FILE *to)
{
    uint64_t first = self->count > trace_lines ? self->count - trace_lines : 0;

    for (uint64_t i = first; i < self->count; i++) {
        (void)fprintf(to, "  %s\n", self->lines[i % trace_lines]);
    }
}
