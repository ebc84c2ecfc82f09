#include "common/base/str.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"

struct str str_from(const char *text)
{
    return (struct str){text, text != NULL ? strlen(text) : 0};
}

int str_cmp(struct str a, struct str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq((struct str){s.data, prefix.len}, prefix);
}

size_t str_utf8(struct str s)
{
    const unsigned char *at = (const unsigned char *)s.data;
    unsigned char low = 0x80; /* bounds of the second byte: RFC 3629, section 4 */
    unsigned char high = 0xbf;
    size_t len;

    if (s.len == 0) {
        return 0;
    }
    if (at[0] < 0x80) {
        return 1;
    }
    len = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (at[0] < 0xc2 || at[0] > 0xf4 || s.len < len) {
        return 0;
    }
    low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : low;
    high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : high;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

uint32_t str_codepoint(const char *at, size_t len)
{
    static const unsigned char head[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = (unsigned char)at[0] & head[len];

    for (size_t i = 1; i < len; i++) {
        point = point << 6 | ((unsigned char)at[i] & 0x3f);
    }
    return point;
}

bool str_commands(const char *at, size_t len)
{
    uint32_t point = str_codepoint(at, len);

    return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

static enum err digits(struct str s, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    bool over = false;

    if (s.len == 0) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned char)s.data[i] - (unsigned)'0';

        if (digit > 9) {
            return ERR_MALFORMED;
        }
        over = over || sum > (max - digit) / 10;
        sum = over ? 0 : sum * 10 + digit;
    }
    if (over) {
        return ERR_TOO_LARGE;
    }
    *value = sum;
    return ERR_OK;
}

enum err str_to_i64(struct str s, int64_t *value)
{
    bool negative = s.len > 0 && s.data[0] == '-';
    uint64_t sum;
    enum err err;

    if (s.len > 0 && (negative || s.data[0] == '+')) {
        s.data++;
        s.len--;
    }
    err = digits(s, (uint64_t)INT64_MAX + (negative ? 1 : 0), &sum);
    if (err == ERR_OK) {
        *value = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    }
    return err;
}

enum err str_to_u32(struct str s, uint32_t *value)
{
    uint64_t sum;
    enum err err = digits(s, UINT32_MAX, &sum);

    if (err == ERR_OK) {
        *value = (uint32_t)sum;
    }
    return err;
}

void buf_fini(struct buf *self)
{
    free(self->data);
    *self = (struct buf){0};
}

void buf_grow(struct buf *self, size_t more)
{
    size_t cap = self->cap < 64 ? 64 : self->cap;

    assert(more <= SIZE_MAX / 4 && self->len <= SIZE_MAX / 4);
    while (cap < self->len + more) {
        cap *= 2;
    }
    self->data = heap_resize(self->data, cap);
    self->cap = cap;
}

void buf_printf(struct buf *self, const char *format, ...)
{
    va_list args;
    va_list again;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    (void)vsnprintf(buf_reserve(self, (size_t)len + 1), (size_t)len + 1, format, again);
    va_end(again);
    self->len += (size_t)len;
}

void buf_add_i64(struct buf *self, int64_t value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    char digit[20];
    size_t at = sizeof(digit);
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    while (left >= 100) {
        at -= 2;
        memcpy(digit + at, pairs + 2 * (left % 100), 2);
        left /= 100;
    }
    if (left >= 10) {
        at -= 2;
        memcpy(digit + at, pairs + 2 * left, 2);
    } else {
        digit[--at] = (char)('0' + left);
    }
    if (value < 0) {
        digit[--at] = '-';
    }
    buf_add(self, digit + at, sizeof(digit) - at);
}

struct str buf_str(const struct buf *self)
{
    return (struct str){self->data, self->len};
}

static uint32_t big_endian(const unsigned char *at, size_t bytes)
{
    uint32_t value = 0;

    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

bool strs_next(struct str *rest, struct str *item)
{
    const unsigned char *at = (const unsigned char *)rest->data;
    size_t head = 1;
    size_t len;

    if (rest->len == 0) {
        return false;
    }
    if ((at[0] & 0xe0) == 0xa0) {
        len = at[0] & 0x1f;
    } else {
        assert(at[0] >= 0xd9 && at[0] <= 0xdb);
        head += (size_t)1 << (at[0] - 0xd9);
        assert(head <= rest->len);
        len = big_endian(at + 1, head - 1);
    }
    assert(len <= rest->len - head);
    *item = (struct str){rest->data + head, len};
    rest->data += head + len;
    rest->len -= head + len;
    return true;
}

void strs_pack(struct buf *to, struct str item)
{
    unsigned char head[5];
    size_t len;

    assert(item.len <= UINT32_MAX);
    if (item.len < 32) {
        head[0] = (unsigned char)(0xa0 | item.len);
        len = 1;
    } else {
        len = item.len <= UINT8_MAX ? 2 : item.len <= UINT16_MAX ? 3 : 5;
        head[0] = (unsigned char)(len == 2 ? 0xd9 : len == 3 ? 0xda : 0xdb);
        for (size_t i = 1; i < len; i++) {
            head[i] = (unsigned char)(item.len >> (8 * (len - 1 - i)));
        }
    }
    buf_add(to, head, len);
    buf_add_str(to, item);
}
