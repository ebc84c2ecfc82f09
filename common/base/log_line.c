#include "common/base/log_line.h"

#include <stdio.h>
#include <time.h>

/* ── a line in the making: it takes what fits, and nothing behind the first that does not ── */

/* What closes a string or a list may have gone beyond max. */
static size_t room(const struct log_line *line)
{
    return line->cut || line->len > line->max ? 0 : line->max - line->len;
}

static bool add(struct log_line *line, const char *data, size_t len)
{
    if (len > room(line)) {
        line->cut = true;
        return false;
    }
    memcpy(line->data + line->len, data, len);
    line->len += len;
    return true;
}

static bool add_text(struct log_line *line, const char *text)
{
    return add(line, text, strlen(text));
}

/* Into the room that was kept for it. */
static void end(struct log_line *line, const char *text)
{
    size_t len = strlen(text);

    assert(len <= sizeof(line->data) - line->len);
    memcpy(line->data + line->len, text, len);
    line->len += len;
}

enum quoting { PLAIN, QUOTED };

/* Whole characters only; what could move a terminal's cursor, end the line or leave the quotes is
 * written as an escape. */
static void add_escaped(struct log_line *line, struct str text, enum quoting quoting)
{
    bool fits = true;

    while (fits && text.len > 0) {
        size_t len = str_utf8(text);
        char escape[8];

        if (len == 0) {
            len = 1;
            fits = add(line, "\xef\xbf\xbd", 3);
        } else if (str_commands(text.data, len)) {
            int size = snprintf(escape, sizeof(escape), "\\u%04x",
                                (unsigned)str_codepoint(text.data, len));
            fits = add(line, escape, (size_t)size);
        } else if (quoting == QUOTED && (text.data[0] == '"' || text.data[0] == '\\')) {
            fits = add(line, (const char[]){'\\', text.data[0]}, 2);
        } else {
            fits = add(line, text.data, len);
        }
        text.data += len;
        text.len -= len;
    }
}

static void add_number(struct log_line *line, const struct log_field *field)
{
    char text[24];
    int len = field->kind == LOG_INT
                  ? snprintf(text, sizeof(text), "%lld", (long long)field->as.number)
                  : snprintf(text, sizeof(text), "%llu", (unsigned long long)field->as.count);

    add(line, text, (size_t)len);
}

/* ── JSON ── */

/* Behind max there is room for the end of a string in a list that was cut, and of the line. */
static const char json_cut[] = ",\"cut\":true";
static const char json_end[] = "}\n";
enum { json_room = sizeof("\"]") - 1 + sizeof(json_cut) - 1 + sizeof(json_end) - 1 };

/* A string that does not fit ends where it is cut, and closes. */
static void json_string(struct log_line *line, struct str text)
{
    if (add_text(line, "\"")) {
        add_escaped(line, text, QUOTED);
        end(line, "\"");
    }
}

static void json_list(struct log_line *line, struct strs list)
{
    struct str item;

    if (!add_text(line, "[")) {
        return;
    }
    for (bool first = true; strs_next(&list.bytes, &item); first = false) {
        if (room(line) < strlen(",\"\"")) { /* no comma without what it is for */
            line->cut = true;
            break;
        }
        add_text(line, first ? "" : ",");
        json_string(line, item);
    }
    end(line, "]");
}

static void json_value(struct log_line *line, const struct log_field *field)
{
    switch (field->kind) {
    case LOG_STR:
        json_string(line, field->as.str);
        break;
    case LOG_INT:
    case LOG_UINT:
        add_number(line, field);
        break;
    case LOG_FLAG:
        add_text(line, field->as.flag ? "true" : "false");
        break;
    case LOG_STRS:
        json_list(line, field->as.strs);
        break;
    case LOG_END:
        break;
    }
}

/* The longest value that can't be cut, with what comes before it: a name is followed by its value
 * or is not there. */
enum { whole_value_max = 24 };

static void json_field(struct log_line *line, const char *before, const struct log_field *field)
{
    size_t len = strlen(before) + strlen(field->name) + strlen("\"\":");

    if (room(line) < len + whole_value_max) {
        line->cut = true;
        return;
    }
    add_text(line, before);
    add_text(line, "\"");
    add_text(line, field->name);
    add_text(line, "\":");
    json_value(line, field);
}

static struct str time_utc(int64_t wall_ns, char *text, size_t size)
{
    time_t second = (time_t)(wall_ns / 1000000000);
    struct tm utc;
    char whole[32];
    int len = 0;

    if (gmtime_r(&second, &utc) != NULL &&
        strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &utc) > 0) {
        len = snprintf(text, size, "%s.%03dZ", whole, (int)(wall_ns / 1000000 % 1000));
    }
    return (struct str){text, (size_t)len};
}

void log_line_json(struct log_line *line, const struct log_content *content)
{
    char time[40];
    const struct log_field head[] = {
        log_str("time", time_utc(content->wall_ns, time, sizeof(time))),
        log_text("level", log_level_name(content->level)),
        log_str("node", content->node),
        log_str("actor", content->actor),
        log_int("index", content->index < 0 ? 0 : content->index),
        log_str("event", content->event),
        log_str("text", content->text),
    };

    line->len = 0;
    line->max = sizeof(line->data) - json_room;
    line->cut = false;
    for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++) {
        json_field(line, i == 0 ? "{" : ",", &head[i]);
    }
    for (const struct log_field *field = content->fields; field->kind != LOG_END; field++) {
        json_field(line, ",", field);
    }
    end(line, line->cut ? json_cut : "");
    end(line, json_end);
}

/* ── text ── */

static const char text_cut[] = " \xe2\x80\xa6"; /* an ellipsis */
static const char colour_off[] = "\x1b[0m";
enum { text_room = sizeof("\"") - 1 + sizeof(colour_off) - 1 + sizeof(text_cut) - 1 + 1 };

static const char *const level_colours[] = {
    [LOG_ERROR] = "\x1b[1;31m",
    [LOG_WARN] = "\x1b[33m",
    [LOG_INFO] = "\x1b[32m",
    [LOG_DEBUG] = "\x1b[2m",
};
static const char dim[] = "\x1b[2m";

static void add_coloured(struct log_line *line, const char *colour, struct str text)
{
    if (colour != NULL && add_text(line, colour)) {
        add_escaped(line, text, PLAIN);
        end(line, colour_off);
    } else {
        add_escaped(line, text, PLAIN);
    }
}

static bool needs_quotes(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) {
            return true;
        }
    }
    return text.len == 0;
}

static void text_string(struct log_line *line, struct str text)
{
    if (needs_quotes(text)) {
        json_string(line, text);
    } else {
        add_escaped(line, text, PLAIN);
    }
}

static void text_field(struct log_line *line, const struct log_field *field, bool colour)
{
    struct str item;
    struct str rest = field->as.strs.bytes;

    add_text(line, " ");
    add_coloured(line, colour ? dim : NULL, str_from(field->name));
    add_text(line, "=");
    switch (field->kind) {
    case LOG_STR:
        text_string(line, field->as.str);
        break;
    case LOG_STRS:
        for (bool first = true; strs_next(&rest, &item); first = false) {
            add_text(line, first ? "" : ",");
            text_string(line, item);
        }
        break;
    default:
        json_value(line, field);
        break;
    }
}

/* 2026-11-28 22:48:22.123+08:00 */
static struct str time_local(int64_t wall_ns, char *text, size_t size)
{
    time_t second = (time_t)(wall_ns / 1000000000);
    struct tm local;
    char whole[32];
    char zone[8];
    int len = 0;

    if (localtime_r(&second, &local) != NULL &&
        strftime(whole, sizeof(whole), "%Y-%m-%d %H:%M:%S", &local) > 0 &&
        strftime(zone, sizeof(zone), "%z", &local) == 5) {
        len = snprintf(text, size, "%s.%03d%.3s:%.2s", whole, (int)(wall_ns / 1000000 % 1000), zone,
                       zone + 3);
    }
    return (struct str){text, (size_t)len};
}

static void add_level(struct log_line *line, enum log_level level, bool colour)
{
    const char *name = log_level_name(level);
    char upper[8];
    size_t len = 0;

    for (; len < sizeof(upper) && name[len] != '\0'; len++) {
        upper[len] = (char)(name[len] - 'a' + 'A');
    }
    add_coloured(line, colour ? level_colours[level] : NULL, (struct str){upper, len});
}

void log_line_text(struct log_line *line, const struct log_content *content, bool colour)
{
    char time[64];

    line->len = 0;
    line->max = sizeof(line->data) - text_room;
    line->cut = false;
    add_coloured(line, colour ? dim : NULL, time_local(content->wall_ns, time, sizeof(time)));
    add_text(line, " ");
    add_level(line, content->level, colour);
    add_text(line, " ");
    add_escaped(line, content->actor, PLAIN);
    if (content->index >= 0) {
        add_text(line, ".");
        add_number(line, &(struct log_field){.kind = LOG_INT, .as.number = content->index});
    }
    add_text(line, " ");
    add_coloured(line, colour ? "\x1b[1m" : NULL, content->event);
    if (content->text.len > 0) {
        add_text(line, " ");
        add_escaped(line, content->text, PLAIN);
    }
    for (const struct log_field *field = content->fields; field->kind != LOG_END; field++) {
        text_field(line, field, colour);
    }
    end(line, line->cut ? text_cut : "");
    end(line, "\n");
}
