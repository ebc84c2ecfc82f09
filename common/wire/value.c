#include "common/wire/value.h"

#include <endian.h>
#include <string.h>

/* Of 1, 2, 4 or 8 bytes. */
static inline bool take_number(struct cursor *in, size_t bytes, uint64_t *number)
{
    uint16_t of_two;
    uint32_t of_four;
    uint64_t of_eight;

    if (cursor_left(in) < bytes) {
        return false;
    }
    switch (bytes) {
    case 1:
        *number = in->at[0];
        break;
    case sizeof(of_two):
        memcpy(&of_two, in->at, sizeof(of_two));
        *number = be16toh(of_two);
        break;
    case sizeof(of_four):
        memcpy(&of_four, in->at, sizeof(of_four));
        *number = be32toh(of_four);
        break;
    default: /* there is no other */
        memcpy(&of_eight, in->at, sizeof(of_eight));
        *number = be64toh(of_eight);
        break;
    }
    in->at += bytes;
    return true;
}

static bool take_bytes(struct cursor *in, enum value_kind kind, uint64_t len, struct value *value)
{
    if (cursor_left(in) < len) {
        return false;
    }
    value->kind = kind;
    value->bytes = (struct str){(const char *)in->at, (size_t)len};
    in->at += len;
    return true;
}

static bool take_items(const struct cursor *in, enum value_kind kind, uint64_t count,
                       struct value *value)
{
    value->kind = kind;
    value->number = count;
    return count * (kind == VALUE_MAP ? 2 : 1) <= cursor_left(in);
}

static bool take_uint(struct cursor *in, size_t bytes, struct value *value)
{
    if (!take_number(in, bytes, &value->number)) {
        return false;
    }
    value->kind = value->number > INT64_MAX ? VALUE_BIG : VALUE_INT;
    return true;
}

static bool take_int(struct cursor *in, size_t bytes, struct value *value)
{
    uint64_t sign = (uint64_t)1 << (8 * bytes - 1);

    if (!take_number(in, bytes, &value->number)) {
        return false;
    }
    value->kind = VALUE_INT;
    value->number = (value->number ^ sign) - sign;
    return true;
}

static bool take_real(struct cursor *in, size_t bytes, struct value *value)
{
    uint64_t bits;
    uint32_t bits32;
    float real32;

    if (!take_number(in, bytes, &bits)) {
        return false;
    }
    value->kind = VALUE_REAL;
    if (bytes == sizeof(real32)) {
        bits32 = (uint32_t)bits;
        memcpy(&real32, &bits32, sizeof(real32));
        value->real = (double)real32;
    } else {
        memcpy(&value->real, &bits, sizeof(bits));
    }
    return true;
}

static bool take_ext(struct cursor *in, uint64_t len, struct value *value)
{
    return take_number(in, 1, &value->number) && take_bytes(in, VALUE_EXT, len, value);
}

/* Heads c0 … df: the low bits of most give the width of what follows. */
static bool take_long(struct cursor *in, unsigned head, struct value *value)
{
    uint64_t len;

    switch (head) {
    case 0xc0:
        value->kind = VALUE_NIL;
        return true;
    case 0xc2:
    case 0xc3:
        value->kind = VALUE_FLAG;
        value->number = head & 1;
        return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return take_number(in, (size_t)1 << (head - 0xc4), &len) &&
               take_bytes(in, VALUE_BIN, len, value);
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return take_number(in, (size_t)1 << (head - 0xc7), &len) && take_ext(in, len, value);
    case 0xca:
    case 0xcb:
        return take_real(in, (size_t)4 << (head - 0xca), value);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return take_uint(in, (size_t)1 << (head - 0xcc), value);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return take_int(in, (size_t)1 << (head - 0xd0), value);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
        return take_ext(in, (uint64_t)1 << (head - 0xd4), value);
    case 0xd9:
    case 0xda:
    case 0xdb:
        return take_number(in, (size_t)1 << (head - 0xd9), &len) &&
               take_bytes(in, VALUE_STR, len, value);
    case 0xdc:
    case 0xdd:
        return take_number(in, (size_t)2 << (head - 0xdc), &len) &&
               take_items(in, VALUE_ARRAY, len, value);
    case 0xde:
    case 0xdf:
        return take_number(in, (size_t)2 << (head - 0xde), &len) &&
               take_items(in, VALUE_MAP, len, value);
    default: /* c1 is never used */
        return false;
    }
}

bool value_next(struct cursor *in, struct value *value)
{
    unsigned head;

    if (cursor_left(in) == 0) {
        return false;
    }
    head = *in->at++;
    if (head < 0x80) {
        value->kind = VALUE_INT;
        value->number = head;
        return true;
    }
    if (head >= 0xe0) {
        value->kind = VALUE_INT;
        value->number = (uint64_t)head - 0x100;
        return true;
    }
    if (head >= 0xc0) {
        return take_long(in, head, value);
    }
    if (head >= 0xa0) {
        return take_bytes(in, VALUE_STR, head & 0x1f, value);
    }
    return take_items(in, head >= 0x90 ? VALUE_ARRAY : VALUE_MAP, head & 0x0f, value);
}

bool value_skip(struct cursor *in)
{
    uint64_t left[value_depth_max + 1]; /* values still to come, by level */
    unsigned level = 0;
    struct value value;

    left[0] = 1;
    for (;;) {
        while (left[level] == 0) {
            if (level == 0) {
                return true;
            }
            level--;
        }
        left[level]--;
        if (!value_next(in, &value)) {
            return false;
        }
        if (value.kind == VALUE_ARRAY || value.kind == VALUE_MAP) {
            if (level == in->depth) {
                return false;
            }
            left[++level] = value.number * (value.kind == VALUE_MAP ? 2 : 1);
        }
    }
}
