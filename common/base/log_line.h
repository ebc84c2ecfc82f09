/* How a line reads: as a line of text for a person, or as a JSON object for a program. Pure. */
#ifndef COMMON_BASE_LOG_LINE_H
#define COMMON_BASE_LOG_LINE_H

#include "common/base/log.h"

enum { log_line_max = 4096 };

/* Ends with a line feed; not with a NUL. */
struct log_line {
    size_t len;
    size_t max; /* what is written goes no further: what must end the line has its room behind it */
    bool cut;   /* something was left out */
    char data[log_line_max];
};

/* What a line says; borrows all of it. */
struct log_content {
    int64_t wall_ns;
    enum log_level level;
    struct str node;
    struct str actor;
    int64_t index; /* -1: there is only one of this actor */
    struct str event;
    struct str text;
    const struct log_field *fields; /* ends with one of LOG_END */
};

/* In the zone of this host (TZ). colour: escapes of a terminal around what matters. */
void log_line_text(struct log_line *line, const struct log_content *content, bool colour);
/* In UTC. Valid JSON and valid UTF-8, whatever the values are and wherever it is cut. */
void log_line_json(struct log_line *line, const struct log_content *content);

#endif
