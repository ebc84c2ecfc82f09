#include "gateway/etcd/json.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct str s, struct buf *to)
{
    const unsigned char *at = (const unsigned char *)s.data;
    size_t left = s.len;

    for (; left > 0; left -= left < 3 ? left : 3, at += 3) {
        unsigned bits =
            (unsigned)at[0] << 16 | (left > 1 ? (unsigned)at[1] << 8 : 0) | (left > 2 ? at[2] : 0);

        buf_add(to,
                (char[]){letters[bits >> 18], letters[bits >> 12 & 63],
                         left > 1 ? letters[bits >> 6 & 63] : '=',
                         left > 2 ? letters[bits & 63] : '='},
                4);
    }
}

static int value_of(char c)
{
    const char *at = c != 0 ? strchr(letters, c) : NULL;

    return at != NULL ? (int)(at - letters) : -1;
}

static size_t skip_ends_of_line(struct str s, size_t at)
{
    while (at < s.len && (s.data[at] == '\n' || s.data[at] == '\r')) {
        at++;
    }
    return at;
}

/* At an "=" that stands behind `have` digits, at `at`. Go: decodeQuantum. */
static enum err padding(struct str s, unsigned have, size_t *at)
{
    size_t next = skip_ends_of_line(s, *at + 1);

    if (have < 2) {
        return ERR_MALFORMED;
    }
    if (have == 2) {
        if (next == s.len) {
            *at = s.len;
            return ERR_MALFORMED;
        }
        if (s.data[next] != '=') {
            *at = next;
            return ERR_MALFORMED;
        }
        next = skip_ends_of_line(s, next + 1);
    }
    *at = next;
    return next == s.len ? ERR_OK : ERR_MALFORMED; /* else there is something behind the end */
}

enum err base64_decode(struct str s, struct buf *to, size_t *at)
{
    unsigned bits = 0;
    unsigned have = 0;
    size_t i = 0;
    enum err err = ERR_OK;

    for (i = skip_ends_of_line(s, 0); i < s.len; i = skip_ends_of_line(s, i + 1)) {
        int value = value_of(s.data[i]);

        if (s.data[i] == '=') {
            err = padding(s, have, &i);
            *at = i;
            if (err == ERR_OK) {
                buf_add(to, (char[]){(char)(bits >> (have == 2 ? 4 : 10)), (char)(bits >> 2)},
                        have - 1);
            }
            return err;
        }
        if (value < 0) {
            *at = i;
            return ERR_MALFORMED;
        }
        bits = bits << 6 | (unsigned)value;
        if (++have == 4) {
            buf_add(to, (char[]){(char)(bits >> 16), (char)(bits >> 8), (char)bits}, 3);
            bits = have = 0;
        }
    }
    *at = s.len - have;
    return have == 0 ? ERR_OK : ERR_MALFORMED;
}
