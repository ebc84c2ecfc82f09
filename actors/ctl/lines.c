#include "actors/ctl/lines.h"

#include <inttypes.h>
#include <string.h>

#include "actors/ctl/diff.h"
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
    buf_printf(to, "\"epoch\":\"%016" PRIx64 "\",\"seq\":%" PRIu64 ",", line->epoch, line->seq);
    member(to, "type", line->type);
    buf_add_str(to, STR("\"fields\":"));
    buf_add_str(to, line->fields);
    buf_add_char(to, '}');
}

void line_wide(const struct line *line, struct buf *to)
{
    buf_printf(to, "%.*s  %.*s  %.*s  %" PRIu64 "  %.*s", STR_ARG(line->time), STR_ARG(line->topic),
               STR_ARG(line->type), line->seq, STR_ARG(line->fields));
}

static struct str text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return (struct str){json_string_value(value), json_string_length(value)};
}

/* Bytes from their hex digits, as far as they go. */
static void unhex(struct str hex, struct buf *to)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        const char *high = strchr(digits, hex.data[i]);
        const char *low = strchr(digits, hex.data[i + 1]);

        unsigned byte = high != NULL && low != NULL
                            ? (unsigned)(high - digits) << 4 | (unsigned)(low - digits)
                            : '?';

        buf_add_char(to, (char)(unsigned char)byte);
    }
}

static void tell(struct seen *seen, struct str name, json_t *now, struct buf *to)
{
    json_t *before = seen_swap(seen, name, now);

    diff_print(before, now, to);
    json_decref(before);
}

static void changed(struct seen *seen, const json_t *data, struct buf *to)
{
    struct buf name = {0};
    size_t middle;

    buf_printf(&name, "%.*s/%.*s", STR_ARG(text_of(data, "env")), STR_ARG(text_of(data, "appid")));
    middle = name.len;
    buf_printf(&name, "/%.*s/%.*s", STR_ARG(text_of(data, "zone")),
               STR_ARG(text_of(data, "hostname")));
    buf_printf(to, "%.*s  %.*s  %.*s  ", STR_ARG(text_of(data, "kind")), (int)middle, name.data,
               (int)(name.len - middle - 1), name.data + middle + 1);
    tell(seen, buf_str(&name), json_object_get(data, "instance"), to);
    buf_fini(&name);
}

static void key_event(struct seen *seen, const json_t *data, struct buf *to)
{
    struct buf key = {0};
    struct buf name = {0};
    struct buf value = {0};
    struct str kind = text_of(data, "kind");
    bool gone = str_eq_nocase(kind, STR("delete"));
    json_t *now;

    unhex(text_of(data, "key"), &key);
    unhex(text_of(data, "value"), &value);
    now = gone ? NULL : json_stringn(value.data != NULL ? value.data : "", value.len);
    buf_printf(to, "%.*s  %.*s  ", STR_ARG(kind), STR_ARG(buf_str(&key)));
    if (now == NULL && !gone) { /* no text */
        buf_printf(to, "%zu bytes", value.len);
    } else {
        buf_add_str(&name, STR("store/")); /* a topic may be cut */
        buf_add_str(&name, buf_str(&key));
        tell(seen, buf_str(&name), now, to);
    }
    json_decref(now);
    buf_fini(&name);
    buf_fini(&key);
    buf_fini(&value);
}

/* Digits from at on, or the one character that is none. */
static size_t digits_at(struct str text, size_t at)
{
    size_t len = 0;

    while (at + len < text.len && text.data[at + len] >= '0' && text.data[at + len] <= '9') {
        len++;
    }
    return len > 0 ? len : 1;
}

/* Whether the digits at at are a number of 2^63 or more. */
static bool is_too_large(struct str text, size_t at, size_t len)
{
    struct str most = STR("9223372036854775807");

    return (at == 0 || (text.data[at - 1] != '-' && text.data[at - 1] != '.')) &&
           (len > most.len || (len == most.len && memcmp(text.data + at, most.data, len) > 0));
}

/* jansson's numbers end at 2^63, and ids are drawn from all of 64 bits: those beyond become texts.
 */
static json_t *load(struct str fields)
{
    struct buf text = {0};
    bool in_string = false;
    json_t *data;

    for (size_t i = 0; i < fields.len;) {
        struct str quote = STR("");
        size_t len = 1;

        if (in_string && fields.data[i] == '\\') {
            len = i + 1 < fields.len ? 2 : 1;
        } else if (fields.data[i] == '"') {
            in_string = !in_string;
        } else if (!in_string) {
            len = digits_at(fields, i);
            quote = is_too_large(fields, i, len) ? STR("\"") : quote;
        }
        buf_add_str(&text, quote);
        buf_add(&text, fields.data + i, len);
        buf_add_str(&text, quote);
        i += len;
    }
    data = json_loadb(text.data != NULL ? text.data : "", text.len, JSON_ALLOW_NUL, NULL);
    buf_fini(&text);
    return data;
}

void line_table(struct seen *seen, const struct line *line, struct buf *to)
{
    json_t *data = load(line->fields);

    buf_printf(to, "%.*s  ", STR_ARG(line->time));
    if (data == NULL) {
        buf_printf(to, "%.*s  %.*s", STR_ARG(line->topic), STR_ARG(line->fields));
    } else if (str_eq(line->type, STR("CHANGED"))) {
        changed(seen, data, to);
    } else if (str_eq(line->type, STR("KEY_EVENT"))) {
        key_event(seen, data, to);
    } else {
        buf_printf(to, "%.*s  ", STR_ARG(line->topic));
        tell(seen, line->topic, data, to);
    }
    json_decref(data);
}
