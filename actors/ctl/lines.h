/* One line an event, of watch and tap. */
#ifndef ACTORS_CTL_LINES_H
#define ACTORS_CTL_LINES_H

#include "common/base/str.h"

struct line {
    struct str time;
    struct str actor;
    struct str topic;
    uint64_t epoch;
    uint64_t seq;
    struct str type;
    struct str fields; /* JSON */
};

/* {"time","actor","topic","epoch","seq","type","fields"}: epoch in hex, as in a position. */
void line_json(const struct line *line, struct buf *to);
/* time without the date, topic, type, seq, fields */
void line_table(const struct line *line, struct buf *to);

#endif
