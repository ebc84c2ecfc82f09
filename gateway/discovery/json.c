#include "gateway/discovery/json.h"

static const char hex[] = "0123456789abcdef";

/* Bytes that are printed as they are: ASCII but controls, quote, backslash, < > &. */
static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

static bool in_range(unsigned char c, unsigned char low, unsigned char high)
{
    return c >= low && c <= high;
}

/* Length of the UTF-8 sequence at at (left > 0 bytes), 0 if it is none: Unicode
 * table 3-7, which leaves out surrogates, overlong forms and what is above U+10FFFF. */
static size_t utf8_len(const unsigned char *at, size_t left)
{
    unsigned char low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;
    size_t len = in_range(at[0], 0xc2, 0xdf)   ? 2
                 : in_range(at[0], 0xe0, 0xef) ? 3
                 : in_range(at[0], 0xf0, 0xf4) ? 4
                                               : 0;

    if (len == 0 || left < len || !in_range(at[1], low, high)) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if (!in_range(at[i], 0x80, 0xbf)) {
            return 0;
        }
    }
    return len;
}

static void add_escaped(struct buf *to, unsigned char c)
{
    char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    char shorter = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : (char)c;

    if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t') {
        buf_add_char(to, '\\');
        buf_add_char(to, shorter);
    } else {
        buf_add(to, escape, sizeof(escape));
    }
}

/* Adds what stands at at, which is not plain; returns how many bytes it had. */
static size_t add_special(struct buf *to, const unsigned char *at, size_t left)
{
    size_t len = at[0] < 0x80 ? 1 : utf8_len(at, left);

    if (at[0] < 0x80) {
        add_escaped(to, at[0]);
    } else if (len == 0) {
        buf_add_str(to, STR("\\ufffd"));
    } else if (len == 3 && at[0] == 0xe2 && at[1] == 0x80 && (at[2] & 0xfe) == 0xa8) {
        buf_add_str(to, at[2] == 0xa8 ? STR("\\u2028") : STR("\\u2029"));
    } else {
        buf_add(to, at, len);
    }
    return len == 0 ? 1 : len;
}

void json_string(struct buf *to, struct str s)
{
    const unsigned char *at = (const unsigned char *)s.data;
    size_t from = 0;

    buf_add_char(to, '"');
    while (from < s.len) {
        size_t plain = from;

        while (plain < s.len && is_plain(at[plain])) {
            plain++;
        }
        buf_add(to, at + from, plain - from);
        from = plain;
        if (from < s.len) {
            from += add_special(to, at + from, s.len - from);
        }
    }
    buf_add_char(to, '"');
}
