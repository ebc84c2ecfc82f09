#include "common/etcdapi/protobuf.h"

bool pb_take_varint(struct str *rest, uint64_t *value)
{
    uint64_t taken = 0;

    for (size_t i = 0; i < rest->len && i < pb_varint_max; i++) {
        unsigned char byte = (unsigned char)rest->data[i];

        taken |= (uint64_t)(byte & 127) << (7 * i);
        if (byte < 128) {
            *rest = (struct str){rest->data + i + 1, rest->len - i - 1};
            *value = taken;
            return true;
        }
    }
    return false;
}

static bool take_bytes(struct str *rest, uint64_t len, struct str *bytes)
{
    if (len > rest->len) {
        return false;
    }
    *bytes = (struct str){rest->data, (size_t)len};
    *rest = (struct str){rest->data + len, rest->len - (size_t)len};
    return true;
}

static bool take_field(struct str *rest, struct pb_field *field)
{
    uint64_t tag;
    uint64_t len;

    if (!pb_take_varint(rest, &tag) || tag >> 3 == 0 || tag >> 3 > INT32_MAX) {
        return false;
    }
    *field = (struct pb_field){.number = (unsigned)(tag >> 3), .wire = (enum pb_wire)(tag & 7)};
    switch (field->wire) {
    case PB_VARINT:
        return pb_take_varint(rest, &field->value);
    case PB_BYTES:
        return pb_take_varint(rest, &len) && take_bytes(rest, len, &field->bytes);
    case PB_FIXED64:
        return take_bytes(rest, sizeof(uint64_t), &field->bytes);
    case PB_FIXED32:
        return take_bytes(rest, sizeof(uint32_t), &field->bytes);
    default:
        return false;
    }
}

bool pb_next(struct str *rest, struct pb_field *field)
{
    struct str at = *rest;

    if (rest->len == 0 || !take_field(&at, field)) {
        return false;
    }
    *rest = at;
    return true;
}

static char *put_tag(struct buf *to, unsigned number, enum pb_wire wire)
{
    return pb_put_varint(buf_reserve(to, (size_t)2 * pb_varint_max), (uint64_t)number << 3 | wire);
}

void pb_add_varint(struct buf *to, unsigned number, uint64_t value)
{
    char *end = pb_put_varint(put_tag(to, number, PB_VARINT), value);

    to->len = (size_t)(end - to->data);
}

void pb_add_bytes(struct buf *to, unsigned number, struct str bytes)
{
    char *end = pb_put_varint(put_tag(to, number, PB_BYTES), bytes.len);

    to->len = (size_t)(end - to->data);
    buf_add_str(to, bytes);
}

void pb_add_nonzero(struct buf *to, unsigned number, int64_t value)
{
    if (value != 0) {
        pb_add_varint(to, number, (uint64_t)value);
    }
}

void pb_add_nonempty(struct buf *to, unsigned number, struct str bytes)
{
    if (bytes.len != 0) {
        pb_add_bytes(to, number, bytes);
    }
}
