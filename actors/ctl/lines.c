#include "actors/ctl/lines.h"

#include <inttypes.h>

#include "common/wire/print.h"

static void member(struct buf *to, const char *name, struct str value)
{
    buf_printf(to, "\"%s\":", name);
    json_add_str(to, value);
    buf_add_char(to, ',');
}

void line_json(const struct line *line, struct buf *to)
{
    buf_add_char(to, '{');
    member(to, "time", line->time);
    member(to, "actor", line->actor);
    member(to, "topic", line->topic);
    buf_printf(to, "\"epoch\":\"%" PRIx64 "\",\"seq\":%" PRIu64 ",", line->epoch, line->seq);
    member(to, "type", line->type);
    buf_add_str(to, STR("\"fields\":"));
    buf_add_str(to, line->fields);
    buf_add_char(to, '}');
}

void line_table(const struct line *line, struct buf *to)
{
    /* 2026-11-22T02:30:00.123Z -> 02:30:00.123 */
    struct str time = line->time.len == 24 ? (struct str){line->time.data + 11, 12} : line->time;

    buf_printf(to, "%.*s  %.*s  %.*s  %" PRIu64 "  %.*s", STR_ARG(time), STR_ARG(line->topic),
               STR_ARG(line->type), line->seq, STR_ARG(line->fields));
}
