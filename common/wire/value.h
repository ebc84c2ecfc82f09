/* Reading msgpack in place, one value's head at a time: what the decoder, the
 * printer and the converter share. Nothing is allocated, no claimed length is
 * believed before it was compared with the bytes that are there.
 */
#ifndef COMMON_WIRE_VALUE_H
#define COMMON_WIRE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"

/* Arrays and maps inside each other, the message itself included; deeper is malformed. */
enum { value_depth_max = 16 };

struct cursor {
    const unsigned char *at;
    const unsigned char *end;
    unsigned depth; /* levels that may still be entered */
};

enum value_kind {
    VALUE_NIL,
    VALUE_FLAG,
    VALUE_INT, /* fits an int64_t */
    VALUE_BIG, /* an integer above INT64_MAX */
    VALUE_REAL,
    VALUE_STR,
    VALUE_BIN,
    VALUE_ARRAY,
    VALUE_MAP,
    VALUE_EXT,
};

struct value {
    enum value_kind kind;
    uint64_t number;  /* FLAG: 0, 1; INT: two's complement; BIG; ARRAY, MAP: count; EXT: type */
    double real;      /* of a REAL */
    struct str bytes; /* STR, BIN, EXT: borrowed from the frame */
};

static inline struct cursor cursor_over(struct str bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.data;

    return (struct cursor){at, bytes.len != 0 ? at + bytes.len : at, value_depth_max};
}

static inline size_t cursor_left(const struct cursor *in)
{
    return (size_t)(in->end - in->at);
}

/* Takes one value; of an array or a map only its head: its items are the next
 * values, two for each pair; there are at least as many bytes as items claimed.
 * False: no msgpack, or cut; the cursor is then of no further use. */
bool value_next(struct cursor *in, struct value *value);

/* Takes one value with all that is in it. False as above, or too deep. */
bool value_skip(struct cursor *in);

#endif
