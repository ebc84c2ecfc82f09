#include "gateway/operate/cursor.h"

#include <assert.h>

void cursor_add(struct buf *cursor, struct str part)
{
    assert(part.len <= UINT16_MAX);
    buf_add_char(cursor, (char)(part.len >> 8));
    buf_add_char(cursor, (char)(part.len & 255));
    buf_add_str(cursor, part);
}

void cursor_add_number(struct buf *cursor, uint64_t part)
{
    char bytes[8];

    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(part >> (56 - 8 * i));
    }
    cursor_add(cursor, (struct str){bytes, sizeof(bytes)});
}

bool cursor_part(struct str *rest, struct str *part)
{
    size_t len;

    if (rest->len < 2) {
        return false;
    }
    len = (size_t)(unsigned char)rest->data[0] << 8 | (unsigned char)rest->data[1];
    if (rest->len - 2 < len) {
        return false;
    }
    *part = (struct str){rest->data + 2, len};
    rest->data += 2 + len;
    rest->len -= 2 + len;
    return true;
}

bool cursor_part_number(struct str *rest, uint64_t *part)
{
    struct str bytes;

    if (!cursor_part(rest, &bytes) || bytes.len != sizeof(*part)) {
        return false;
    }
    *part = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        *part = *part << 8 | (unsigned char)bytes.data[i];
    }
    return true;
}

static char digit(unsigned value)
{
    return (char)(value < 10 ? '0' + value : 'a' + value - 10);
}

void cursor_print(struct str cursor, struct buf *to)
{
    for (size_t i = 0; i < cursor.len; i++) {
        unsigned byte = (unsigned char)cursor.data[i];

        buf_add_char(to, digit(byte >> 4));
        buf_add_char(to, digit(byte & 15));
    }
}

static int value_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool cursor_read(struct str text, struct buf *cursor)
{
    bool ok = text.len % 2 == 0;

    for (size_t i = 0; ok && i < text.len; i += 2) {
        int high = value_of(text.data[i]);
        int low = value_of(text.data[i + 1]);

        ok = high >= 0 && low >= 0;
        if (ok) {
            buf_add_char(cursor, (char)(high * 16 + low));
        }
    }
    return ok;
}
