#include "common/base/json.h"

#include <string.h>

static const char hex[] = "0123456789abcdef";

/* Bytes that are printed as they are: ASCII but controls, quote, backslash, < > &. */
static bool is_plain(unsigned char c)
{
    static const uint64_t plain[2] = {0xafffffbb00000000, 0xffffffffefffffff};

    return c < 0x80 && (plain[c >> 6] >> (c & 63) & 1) != 0;
}

static uint64_t each(unsigned char c)
{
    return 0x0101010101010101 * (uint64_t)c;
}

/* Whether any of eight bytes is zero: Hacker's Delight, 6-1. */
static uint64_t any_zero(uint64_t bytes)
{
    return (bytes - each(1)) & ~bytes & each(0x80);
}

/* The same of eight bytes at once. < and > differ in one bit, as do " and &. */
static bool are_plain(uint64_t bytes)
{
    uint64_t below_space = (bytes - each(0x20)) & ~bytes;

    return ((bytes | below_space) & each(0x80)) == 0 && any_zero(bytes ^ each('\\')) == 0 &&
           any_zero((bytes | each('<' ^ '>')) ^ each('>')) == 0 &&
           any_zero((bytes | each('"' ^ '&')) ^ each('&')) == 0;
}

/* Most texts are short: words that overlap look at all of one. */
static bool is_all_plain(const unsigned char *at, size_t len)
{
    uint32_t ends[2];
    uint64_t bytes;

    if (len >= sizeof(bytes)) {
        for (size_t i = 0; i < len - sizeof(bytes); i += sizeof(bytes)) {
            memcpy(&bytes, at + i, sizeof(bytes));
            if (!are_plain(bytes)) {
                return false;
            }
        }
        memcpy(&bytes, at + len - sizeof(bytes), sizeof(bytes));
        return are_plain(bytes);
    }
    if (len >= sizeof(ends[0])) {
        memcpy(&ends[0], at, sizeof(ends[0]));
        memcpy(&ends[1], at + len - sizeof(ends[1]), sizeof(ends[1]));
        memcpy(&bytes, ends, sizeof(bytes));
        return are_plain(bytes);
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_plain(at[i])) {
            return false;
        }
    }
    return true;
}

static size_t plain_len(const unsigned char *at, size_t len)
{
    size_t plain = 0;

    while (len - plain >= sizeof(uint64_t)) {
        uint64_t bytes;

        memcpy(&bytes, at + plain, sizeof(bytes));
        if (!are_plain(bytes)) {
            break;
        }
        plain += sizeof(bytes);
    }
    while (plain < len && is_plain(at[plain])) {
        plain++;
    }
    return plain;
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
    size_t len = str_utf8((struct str){(const char *)at, left});

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

void json_quote(struct buf *to, struct str s)
{
    const unsigned char *at = (const unsigned char *)s.data;
    size_t left = s.len;

    buf_reserve(to, s.len + 2);
    buf_add_char(to, '"');
    if (is_all_plain(at, left)) {
        buf_add(to, at, left);
        left = 0;
    }
    while (left > 0) {
        size_t len = plain_len(at, left);

        buf_add(to, at, len);
        if (len < left) {
            len += add_special(to, at + len, left - len);
        }
        at += len;
        left -= len;
    }
    buf_add_char(to, '"');
}
