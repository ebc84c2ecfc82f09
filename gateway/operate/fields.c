#include "gateway/operate/fields.h"

#include <inttypes.h>
#include <time.h>

#include "common/base/json.h"

struct str field_cut(struct str text, size_t max)
{
    return (struct str){text.data, text.len < max ? text.len : max};
}

void field_item(struct buf *to)
{
    char last = to->len > 0 ? to->data[to->len - 1] : '[';

    if (last != '{' && last != '[' && last != ':') {
        buf_add_char(to, ',');
    }
}

void field_key(struct buf *to, const char *key)
{
    field_item(to);
    json_quote(to, str_from(key));
    buf_add_char(to, ':');
}

void field_open(struct buf *to, const char *key, char bracket)
{
    field_key(to, key);
    buf_add_char(to, bracket);
}

void field_text(struct buf *to, const char *key, struct str value)
{
    field_key(to, key);
    json_quote(to, value);
}

void field_text_or_null(struct buf *to, const char *key, struct str value)
{
    if (value.len == 0) {
        field_null(to, key);
    } else {
        field_text(to, key, value);
    }
}

void field_number(struct buf *to, const char *key, int64_t value)
{
    field_key(to, key);
    buf_add_i64(to, value);
}

void field_flag(struct buf *to, const char *key, bool value)
{
    field_key(to, key);
    buf_add_str(to, value ? STR("true") : STR("false"));
}

void field_null(struct buf *to, const char *key)
{
    field_key(to, key);
    buf_add_str(to, STR("null"));
}

void field_hex(struct buf *to, const char *key, uint64_t value)
{
    field_key(to, key);
    buf_printf(to, "\"%016" PRIx64 "\"", value);
}

void time_print(struct buf *to, int64_t wall_ns)
{
    time_t seconds = (time_t)(wall_ns / 1000000000);
    int64_t ms = wall_ns / 1000000 % 1000;
    struct tm day = {0};

    (void)gmtime_r(&seconds, &day);
    buf_printf(to, "%04d-%02d-%02dT%02d:%02d:%02d.%03" PRId64 "Z", day.tm_year + 1900,
               day.tm_mon + 1, day.tm_mday, day.tm_hour, day.tm_min, day.tm_sec, ms);
}

void field_time(struct buf *to, const char *key, int64_t wall_ns)
{
    if (wall_ns <= 0) {
        field_null(to, key);
        return;
    }
    field_key(to, key);
    buf_add_char(to, '"');
    time_print(to, wall_ns);
    buf_add_char(to, '"');
}
