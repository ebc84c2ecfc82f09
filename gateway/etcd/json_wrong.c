#include "gateway/etcd/json_wrong.h"

#include <stdarg.h>
#include <stdio.h>

enum err json_wrong(struct buf *why, const char *format, ...)
{
    enum { text_max = 512 };
    char text[text_max];
    va_list rest;
    int len;

    va_start(rest, format);
    len = vsnprintf(text, sizeof(text), format, rest);
    va_end(rest);
    buf_add(why, text, len < text_max ? (size_t)len : text_max - 1);
    return ERR_MALFORMED;
}

enum err json_wrong_kind(struct buf *why, enum json_kind kind, const char *wanted)
{
    static const char *const kinds[] = {
        [SCAN_NULL] = "null",     [SCAN_FALSE] = "bool",    [SCAN_TRUE] = "bool",
        [SCAN_NUMBER] = "number", [SCAN_STRING] = "string", [SCAN_ARRAY] = "array",
        [SCAN_OBJECT] = "object",
    };

    return json_wrong(why, "json: cannot unmarshal %s into Go value of type %s", kinds[kind],
                      wanted);
}

enum err json_wrong_number(struct buf *why, struct str number, const char *wanted)
{
    return json_wrong(why, "json: cannot unmarshal number %.*s into Go value of type %s",
                      STR_ARG(number), wanted);
}

/* A byte as Go quotes it: it takes it for a character of Latin-1. */
static void print_byte(char *to, size_t size, unsigned char c)
{
    static const char escaped[] = "\a\b\f\n\r\t\v\\'";
    static const char letters[] = "abfnrtv\\'";
    const char *found = c != 0 ? strchr(escaped, c) : NULL;

    if (found != NULL) {
        (void)snprintf(to, size, "'\\%c'", letters[found - escaped]);
    } else if (c < ' ' || c == 0x7f) {
        (void)snprintf(to, size, "'\\x%02x'", c);
    } else if (c < 0x7f) {
        (void)snprintf(to, size, "'%c'", c);
    } else if (c <= 0xa0 || c == 0xad) {
        (void)snprintf(to, size, "'\\u%04x'", c);
    } else {
        (void)snprintf(to, size, "'%c%c'", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
    }
}

enum err json_wrong_byte(struct buf *why, unsigned char c, const char *where)
{
    enum { quoted_max = 16 };
    char quoted[quoted_max];

    print_byte(quoted, sizeof(quoted), c);
    return json_wrong(why, "invalid character %s %s", quoted, where);
}

/* At its end a string is read on by a space. */
static enum err wrong_at(struct buf *why, struct str rest, const char *where)
{
    return json_wrong_byte(why, rest.len > 0 ? (unsigned char)rest.data[0] : ' ', where);
}

/* A word that begins as one of JSON's, and goes on otherwise. */
static enum err wrong_word(struct buf *why, struct str rest)
{
    enum { where_max = 64 };
    static const char *const words[] = {"true", "false", "null"};
    char where[where_max];
    size_t at = 0;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i][0] != rest.data[0]) {
            continue;
        }
        while (at < rest.len && rest.data[at] == words[i][at]) {
            at++;
        }
        (void)snprintf(where, sizeof(where), "in literal %s (expecting '%c')", words[i],
                       words[i][at]);
        return wrong_at(why, (struct str){rest.data + at, rest.len - at}, where);
    }
    return wrong_at(why, rest, "looking for beginning of value");
}

/* Whether all that is there is the beginning of one. */
static bool is_cut_word(struct str rest)
{
    return rest.len > 0 && (str_starts(STR("true"), rest) || str_starts(STR("false"), rest) ||
                            str_starts(STR("null"), rest));
}

enum err json_wrong_syntax(struct buf *why, const struct scanner *at, enum json_source source)
{
    static const char *const where[] = {
        [SCAN_WRONG_DIGIT] = "in numeric literal",
        [SCAN_WRONG_FRACTION] = "after decimal point in numeric literal",
        [SCAN_WRONG_EXPONENT] = "in exponent of numeric literal",
        [SCAN_WRONG_ESCAPE] = "in string escape code",
        [SCAN_WRONG_HEX] = "in \\u hexadecimal character escape",
        [SCAN_WRONG_NAME] = "looking for beginning of object key string",
        [SCAN_WRONG_CONTROL] = "in string literal",
        [SCAN_WRONG_COLON] = "after object key",
        [SCAN_WRONG_MEMBERS] = "after object key:value pair",
        [SCAN_WRONG_ITEMS] = "after array element",
    };
    struct str rest = {at->text.data + at->at, at->text.len - at->at};

    if (at->wrong == SCAN_WRONG_DEPTH) {
        return json_wrong(why, "exceeded max depth");
    }
    if (source == JSON_FROM_STREAM && (rest.len == 0 || is_cut_word(rest))) {
        return json_wrong(why, "unexpected EOF");
    }
    if (at->wrong == SCAN_WRONG_VALUE && rest.len > 0) {
        return wrong_word(why, rest);
    }
    if (rest.len == 0 && (at->wrong < SCAN_WRONG_DIGIT || at->wrong > SCAN_WRONG_HEX)) {
        return json_wrong(why, "unexpected end of JSON input");
    }
    return wrong_at(why, rest, where[at->wrong]);
}
