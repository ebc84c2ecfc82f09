#include "actors/ctl/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "actors/ctl/ctl.h"

enum { said_max = 8192 }; /* longer than any path and any answer's message */

void output_clean(struct buf *to, struct str text)
{
    while (text.len > 0) {
        size_t len = str_utf8(text);

        if (len == 0 || str_commands(text.data, len)) {
            buf_add_char(to, '?');
            len = len == 0 ? 1 : len;
        } else {
            buf_add(to, text.data, len);
        }
        text.data += len;
        text.len -= len;
    }
}

static void clean_in_string(struct buf *to, struct str one)
{
    if (one.len == 0) {
        buf_add_str(to, STR("\xef\xbf\xbd"));
    } else if (str_commands(one.data, one.len)) {
        buf_printf(to, "\\u%04x", (unsigned)str_codepoint(one.data, one.len));
    } else {
        buf_add_str(to, one);
    }
}

static void clean_between(struct buf *to, struct str one)
{
    if (one.len == 0 || (one.data[0] != '\n' && str_commands(one.data, one.len))) {
        buf_add_char(to, ' ');
    } else {
        buf_add_str(to, one);
    }
}

void output_clean_json(struct buf *to, struct str json)
{
    bool in_string = false;
    bool escaped = false;

    while (json.len > 0) {
        size_t len = str_utf8(json);
        struct str one = {json.data, len};

        (in_string ? clean_in_string : clean_between)(to, one);
        if (json.data[0] == '"' && !escaped) {
            in_string = !in_string;
        }
        escaped = in_string && json.data[0] == '\\' && !escaped;
        len = len == 0 ? 1 : len;
        json.data += len;
        json.len -= len;
    }
}

void ctl_say(const struct ctl *ctl, const char *format, ...)
{
    char said[said_max];
    struct buf text = {0};
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(said, sizeof(said), format, args);
    va_end(args);
    buf_add_str(&text, STR("musterctl: "));
    if (len > 0) {
        output_clean(&text, str_from(said));
    }
    buf_add_char(&text, '\n');
    (void)fwrite(text.data, 1, text.len, ctl->err);
    (void)fflush(ctl->err);
    buf_fini(&text);
}

static void clean_line(const struct ctl *ctl, struct buf *to, struct str line)
{
    (ctl_json(ctl) ? output_clean_json : output_clean)(to, line);
    buf_add_char(to, '\n');
}

void ctl_put(const struct ctl *ctl, struct str text)
{
    bool whole = fwrite(text.data, 1, text.len, ctl->out) == text.len && fflush(ctl->out) == 0;

    if (!whole && ctl->out_error != NULL && *ctl->out_error == 0) {
        *ctl->out_error = errno;
    }
}

bool ctl_all_written(const struct ctl *ctl)
{
    int error;

    ctl_put(ctl, STR(""));
    error = ctl->out_error != NULL ? *ctl->out_error : 0;
    if (ferror(ctl->out) == 0 || error == EPIPE) {
        return true;
    }
    ctl_say(ctl, "output could not be written: %s", strerror(error != 0 ? error : EIO));
    return false;
}

void ctl_print(const struct ctl *ctl, struct str line)
{
    struct buf text = {0};

    clean_line(ctl, &text, line);
    ctl_put(ctl, buf_str(&text));
    buf_fini(&text);
}

void ctl_page(const struct ctl *ctl, struct str page)
{
    struct buf text = {0};

    while (page.len > 0) {
        const char *end = memchr(page.data, '\n', page.len);
        size_t len = end != NULL ? (size_t)(end - page.data) : page.len;

        clean_line(ctl, &text, (struct str){page.data, len});
        len += end != NULL ? 1 : 0;
        page.data += len;
        page.len -= len;
    }
    if (text.len == 0) {
        buf_add_char(&text, '\n');
    }
    ctl_put(ctl, buf_str(&text));
    buf_fini(&text);
}
