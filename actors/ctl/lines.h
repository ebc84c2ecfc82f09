/* One line an event, of watch and tap. */
#ifndef ACTORS_CTL_LINES_H
#define ACTORS_CTL_LINES_H

#include "actors/ctl/seen.h"
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
/* time, topic, type, seq, fields */
void line_wide(const struct line *line, struct buf *to);
/* A fact for people, who are told what has become of what seen holds:
 *   time  register  dev/demo.hello  sh001/host-1  status up, addrs ["http://10.0.0.1:80"]
 *   time  put  /config/limit  10 → 20
 *   time  evictor.protection  on false → true, heard 20 → 3 */
void line_table(struct seen *seen, const struct line *line, struct buf *to);

#endif
