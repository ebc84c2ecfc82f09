/* Protobuf's wire format (protobuf.dev, "Encoding"), field by field: for records that no message of
 * protobuf-c stands for, and for messages that are too large to be unpacked at once.
 *
 *   08 96 01        field 1, a varint: 150
 *   12 02 68 69     field 2, bytes: "hi"
 */
#ifndef COMMON_ETCDAPI_PROTOBUF_H
#define COMMON_ETCDAPI_PROTOBUF_H

#include "common/base/str.h"

enum pb_wire { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

enum { pb_varint_max = 10 }; /* bytes */

struct pb_field {
    unsigned number;
    enum pb_wire wire;
    uint64_t value;   /* of PB_VARINT */
    struct str bytes; /* of all others; borrows */
};

/* Takes the next field off rest. False: the end, or malformed: then rest is left as it was. */
bool pb_next(struct str *rest, struct pb_field *field);
bool pb_take_varint(struct str *rest, uint64_t *value); /* false: cut, or too long */

/* Writes to where there is room for pb_varint_max; where it ends. */
static inline char *pb_put_varint(char *to, uint64_t value)
{
    while (value >= 0x80) {
        *to++ = (char)(value | 0x80);
        value >>= 7;
    }
    *to++ = (char)value;
    return to;
}

/* Appends a field. */
void pb_add_varint(struct buf *to, unsigned number, uint64_t value);
void pb_add_bytes(struct buf *to, unsigned number, struct str bytes);

/* The same; zero, and empty bytes, are left out, as proto3 has it. */
void pb_add_nonzero(struct buf *to, unsigned number, int64_t value);
void pb_add_nonempty(struct buf *to, unsigned number, struct str bytes);

#endif
