#include "actors/store/mvcc/key_value.h"

enum { wire_varint = 0, wire_fixed64 = 1, wire_bytes = 2, wire_fixed32 = 5, varint_max = 10 };

static bool take_varint(struct str *rest, uint64_t *value)
{
    uint64_t taken = 0;

    for (size_t i = 0; i < rest->len && i < varint_max; i++) {
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

bool field_next(struct str *rest, struct field *field)
{
    uint64_t tag;
    uint64_t len;

    if (rest->len == 0 || !take_varint(rest, &tag) || tag >> 3 == 0 || tag >> 3 > INT32_MAX) {
        return false;
    }
    *field = (struct field){.number = (unsigned)(tag >> 3), .is_bytes = (tag & 7) != wire_varint};
    switch (tag & 7) {
    case wire_varint:
        return take_varint(rest, &field->value);
    case wire_bytes:
        return take_varint(rest, &len) && take_bytes(rest, len, &field->bytes);
    case wire_fixed64:
        return take_bytes(rest, 8, &field->bytes);
    case wire_fixed32:
        return take_bytes(rest, 4, &field->bytes);
    default:
        return false;
    }
}

enum err key_value_read(struct str record, Mvccpb__KeyValue *kv)
{
    struct field field;

    mvccpb__key_value__init(kv);
    while (field_next(&record, &field)) {
        switch (field.number) {
        case 1:
            kv->key = bytes_of_str(field.bytes);
            break;
        case 2:
            kv->create_revision = (int64_t)field.value;
            break;
        case 3:
            kv->mod_revision = (int64_t)field.value;
            break;
        case 4:
            kv->version = (int64_t)field.value;
            break;
        case 5:
            kv->value = bytes_of_str(field.bytes);
            break;
        case 6:
            kv->lease = (int64_t)field.value;
            break;
        default:
            break;
        }
    }
    return record.len == 0 ? ERR_OK : ERR_CORRUPT;
}

static void write_varint(struct buf *to, uint64_t value)
{
    while (value > 127) {
        buf_add_char(to, (char)(value | 128));
        value >>= 7;
    }
    buf_add_char(to, (char)value);
}

void field_write_int(struct buf *to, unsigned number, int64_t value)
{
    if (value != 0) {
        write_varint(to, (uint64_t)number << 3 | wire_varint);
        write_varint(to, (uint64_t)value);
    }
}

void field_write_bytes(struct buf *to, unsigned number, struct str bytes)
{
    if (bytes.len != 0) {
        write_varint(to, (uint64_t)number << 3 | wire_bytes);
        write_varint(to, bytes.len);
        buf_add_str(to, bytes);
    }
}
