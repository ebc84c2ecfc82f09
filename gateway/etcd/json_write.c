#include "gateway/etcd/json.h"

#include <inttypes.h>

#include "common/base/json.h"

static void print_message(struct buf *to, const ProtobufCMessage *message);

static void print_enum(struct buf *to, const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(type, value);

    if (found != NULL) {
        json_quote(to, str_from(found->name));
    } else {
        buf_add_i64(to, value);
    }
}

static void print_value(struct buf *to, const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
        buf_printf(to, "\"%" PRId64 "\"", *(const int64_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT64:
        buf_printf(to, "\"%" PRIu64 "\"", *(const uint64_t *)at);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        buf_add_str(to, *(const protobuf_c_boolean *)at ? STR("true") : STR("false"));
        break;
    case PROTOBUF_C_TYPE_ENUM:
        print_enum(to, field->descriptor, *(const int *)at);
        break;
    case PROTOBUF_C_TYPE_STRING:
        json_quote(to, str_from(*(const char *const *)at));
        break;
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *bytes = at;

        buf_add_char(to, '"');
        base64_encode((struct str){(const char *)bytes->data, bytes->len}, to);
        buf_add_char(to, '"');
        break;
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        print_message(to, *(const ProtobufCMessage *const *)at);
        break;
    default:
        buf_add_i64(to, *(const uint32_t *)at);
    }
}

static size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return sizeof(int64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    default:
        return sizeof(int);
    }
}

static bool is_zero(const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return *(const uint64_t *)at == 0;
    case PROTOBUF_C_TYPE_BOOL:
        return !*(const protobuf_c_boolean *)at;
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)at)->len == 0;
    case PROTOBUF_C_TYPE_STRING:
        return *(const char *const *)at == NULL || **(const char *const *)at == 0;
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(const void *const *)at == NULL;
    default:
        return *(const int *)at == 0;
    }
}

/* A member of a oneof is there if it is the one that was set, zero or not. */
static bool is_there(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *begin = (const char *)message;

    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        return *(const uint32_t *)(const void *)(begin + field->quantifier_offset) == field->id;
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return *(const size_t *)(const void *)(begin + field->quantifier_offset) > 0;
    }
    return !is_zero(field, begin + field->offset);
}

static void print_field(struct buf *to, const ProtobufCMessage *message,
                        const ProtobufCFieldDescriptor *field)
{
    const char *begin = (const char *)message;

    json_quote(to, str_from(field->name));
    buf_add_char(to, ':');
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = *(const size_t *)(const void *)(begin + field->quantifier_offset);
        const char *items = *(const char *const *)(const void *)(begin + field->offset);

        buf_add_char(to, '[');
        for (size_t i = 0; i < count; i++) {
            if (i > 0) {
                buf_add_char(to, ',');
            }
            print_value(to, field, items + i * size_of(field->type));
        }
        buf_add_char(to, ']');
    } else {
        print_value(to, field, begin + field->offset);
    }
}

static void print_message(struct buf *to, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    bool first = true;

    buf_add_char(to, '{');
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (is_there(message, &type->fields[i])) {
            if (!first) {
                buf_add_char(to, ',');
            }
            first = false;
            print_field(to, message, &type->fields[i]);
        }
    }
    buf_add_char(to, '}');
}

enum err json_of_message(const ProtobufCMessageDescriptor *type, struct str packed,
                         struct buf *text)
{
    ProtobufCMessage *message =
        protobuf_c_message_unpack(type, NULL, packed.len, (const uint8_t *)packed.data);

    if (message == NULL) {
        return ERR_MALFORMED;
    }
    print_message(text, message);
    protobuf_c_message_free_unpacked(message, NULL);
    return ERR_OK;
}
