#include "common/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { line_max = 4096 };

/* A line in the making: it fills up to max and then takes no more. */
struct line {
    size_t len;
    size_t max;
    char data[line_max];
};

static const char *const level_names[] = {
#define LEVEL_NAME(NAME, text) [LOG_##NAME] = (text),
    LOG_LEVEL_TABLE(LEVEL_NAME)
#undef LEVEL_NAME
};
static const size_t level_count = sizeof(level_names) / sizeof(level_names[0]);

static bool line_add(struct line *line, const char *data, size_t len)
{
    if (len > line->max - line->len) {
        line->max = line->len; /* cut here: nothing shorter may slip in behind the gap */
        return false;
    }
    memcpy(line->data + line->len, data, len);
    line->len += len;
    return true;
}

static void line_text(struct line *line, const char *text)
{
    line_add(line, text, strlen(text));
}

/* Whole characters only; what could move a terminal's cursor, end the line or
 * leave the JSON string is written as an escape. */
static void line_escaped(struct line *line, struct str text, bool json)
{
    bool fits = true;

    while (fits && text.len > 0) {
        size_t len = str_utf8(text);
        char escape[8];

        if (len == 0) {
            len = 1;
            fits = line_add(line, "\xef\xbf\xbd", 3);
        } else if (str_commands(text.data, len)) {
            int size = snprintf(escape, sizeof(escape), "\\u%04x",
                                (unsigned)str_codepoint(text.data, len));
            fits = line_add(line, escape, (size_t)size);
        } else if (json && (text.data[0] == '"' || text.data[0] == '\\')) {
            fits = line_add(line, (const char[]){'\\', text.data[0]}, 2);
        } else {
            fits = line_add(line, text.data, len);
        }
        text.data += len;
        text.len -= len;
    }
}

static void line_time(struct line *line, int64_t wall_ns)
{
    time_t second = (time_t)(wall_ns / 1000000000);
    struct tm utc;
    char text[40];

    if (gmtime_r(&second, &utc) != NULL &&
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc) > 0) {
        line_text(line, text);
        (void)snprintf(text, sizeof(text), ".%03dZ", (int)(wall_ns / 1000000 % 1000));
        line_text(line, text);
    }
}

static void line_head(struct line *line, const struct log *log, enum log_level level,
                      const char *event)
{
    const char *name = log_level_name(level);

    line_text(line, log->json ? "{\"time\":\"" : "");
    line_time(line, log->clock->now(log->clock).wall_ns);
    if (log->json) {
        line_text(line, "\",\"level\":\"");
        line_text(line, name);
        line_text(line, "\",\"actor\":\"");
        line_escaped(line, str_from(log->actor), true);
        line_text(line, "\",\"event\":\"");
        line_escaped(line, str_from(event), true);
        line_text(line, "\",\"text\":\"");
        return;
    }
    line_text(line, " ");
    for (size_t i = 0; i < 6; i++) { /* upper case, padded: "WARN  " */
        char c = i < strlen(name) ? name[i] : ' ';

        line_add(line, &(char){c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c}, 1);
    }
    line_escaped(line, str_from(log->actor), false);
    line_text(line, " ");
    line_escaped(line, str_from(event), false);
    line_text(line, " ");
}

void log_init(struct log *self, const char *actor, int fd, const struct clock *clock)
{
    *self = (struct log){
        .clock = clock, .actor = actor, .level = LOG_INFO, .fd = fd, .json = isatty(fd) == 0};
}

void log_event(const struct log *self, enum log_level level, const char *event, const char *format,
               ...)
{
    static const struct str tail_json = {"\"}\n", 3};
    static const struct str tail_text = {"\n", 1};
    struct str tail;
    struct line line;
    char text[line_max];
    va_list args;
    int len;

    if (self == NULL || level > self->level) {
        return;
    }
    va_start(args, format);
    len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (len < 0) {
        len = 0;
    } else if (len >= (int)sizeof(text)) {
        len = (int)sizeof(text) - 1;
    }
    tail = self->json ? tail_json : tail_text;
    line.len = 0;
    line.max = sizeof(line.data) - tail.len;
    line_head(&line, self, level, event);
    line_escaped(&line, (struct str){text, (size_t)len}, self->json);
    line.max = sizeof(line.data);
    line_add(&line, tail.data, tail.len);
    if (write(self->fd, line.data, line.len) < 0) {
        return; /* nobody left to tell */
    }
}

enum err log_level_from(struct str name, enum log_level *level)
{
    for (size_t i = 0; i < level_count; i++) {
        if (str_eq(name, str_from(level_names[i]))) {
            *level = (enum log_level)i;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
}

const char *log_level_name(enum log_level level)
{
    return (size_t)level < level_count ? level_names[level] : "unknown";
}
