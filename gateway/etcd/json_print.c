#include "gateway/etcd/json_print.h"

#include <inttypes.h>

#include "common/base/json.h"
#include "common/etcdapi/protobuf.h"

enum { scan_share = 16 }; /* going through bytes is so much faster than printing them */

static void print_enum(struct buf *to, const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(type, value);

    if (found != NULL) {
        json_quote(to, str_from(found->name));
    } else {
        buf_add_i64(to, value);
    }
}

static void print_number(struct buf *to, const ProtobufCFieldDescriptor *field, uint64_t number)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
        buf_add_char(to, '"');
        buf_add_i64(to, (int64_t)number);
        buf_add_char(to, '"');
        break;
    case PROTOBUF_C_TYPE_UINT64:
        buf_printf(to, "\"%" PRIu64 "\"", number);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        buf_add_str(to, number != 0 ? STR("true") : STR("false"));
        break;
    case PROTOBUF_C_TYPE_ENUM:
        print_enum(to, field->descriptor, (int)(uint32_t)number);
        break;
    default:
        buf_add_i64(to, (uint32_t)number);
    }
}

static bool is_number(const ProtobufCFieldDescriptor *field)
{
    return field->type != PROTOBUF_C_TYPE_BYTES && field->type != PROTOBUF_C_TYPE_STRING &&
           field->type != PROTOBUF_C_TYPE_MESSAGE;
}

static void push(struct json_print *self, const ProtobufCMessageDescriptor *type, struct str packed)
{
    self->failed = self->failed || self->depth > json_depth_max;
    if (!self->failed) {
        self->frames[self->depth++] =
            (struct json_frame){.type = type, .message = packed, .rest = packed};
    }
}

static void print(struct json_print *self, const ProtobufCFieldDescriptor *field,
                  const struct pb_field *value, struct buf *to)
{
    if (value->wire != (is_number(field) ? PB_VARINT : PB_BYTES)) {
        self->failed = true;
    } else if (is_number(field)) {
        print_number(to, field, value->value);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        push(self, field->descriptor, value->bytes);
    } else if (field->type == PROTOBUF_C_TYPE_STRING) {
        json_quote(to, value->bytes);
    } else {
        buf_add_char(to, '"');
        base64_encode(value->bytes, to);
        buf_add_char(to, '"');
    }
}

/* Of a oneof, the field is what was set last, or it is not there. */
static bool find(const struct json_frame *frame, const ProtobufCFieldDescriptor *field,
                 struct pb_field *found)
{
    const ProtobufCMessageDescriptor *type = frame->type;
    bool in_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    struct str rest = frame->message;
    struct pb_field next;
    bool is_there = false;

    while (pb_next(&rest, &next)) {
        if (next.number == field->id) {
            *found = next;
            is_there = true;
        } else if (in_oneof && is_there) {
            const ProtobufCFieldDescriptor *other =
                protobuf_c_message_descriptor_get_field(type, next.number);

            is_there = other == NULL || (other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 ||
                       other->quantifier_offset != field->quantifier_offset;
        }
    }
    return is_there;
}

/* Of whose number 32 bits count. */
static bool is_short(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_ENUM || field->type == PROTOBUF_C_TYPE_UINT32;
}

/* What is zero is left out, but for a member of a oneof. */
static bool is_told(const ProtobufCFieldDescriptor *field, const struct pb_field *value)
{
    bool is_zero =
        is_short(field) ? (uint32_t)value->value == 0 : value->value == 0 && value->bytes.len == 0;

    return !is_zero || field->type == PROTOBUF_C_TYPE_MESSAGE ||
           (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

static void begin_member(struct json_frame *frame, const ProtobufCFieldDescriptor *field,
                         struct buf *to)
{
    if (frame->some) {
        buf_add_char(to, ',');
    }
    frame->some = true;
    json_quote(to, str_from(field->name));
    buf_add_char(to, ':');
}

static void begin_item(struct json_frame *frame, const ProtobufCFieldDescriptor *field,
                       struct buf *to)
{
    if (frame->in_list) {
        buf_add_char(to, ',');
        return;
    }
    begin_member(frame, field, to);
    buf_add_char(to, '[');
    frame->in_list = true;
}

/* Numbers of a list may stand behind each other in one field. */
static void print_packed(struct json_print *self, struct json_frame *frame,
                         const ProtobufCFieldDescriptor *field, struct str packed, struct buf *to)
{
    uint64_t number;

    while (pb_take_varint(&packed, &number)) {
        begin_item(frame, field, to);
        print_number(to, field, number);
    }
    self->failed = self->failed || packed.len > 0;
}

/* The next item of a list, or its end. */
static void print_list(struct json_print *self, struct json_frame *frame,
                       const ProtobufCFieldDescriptor *field, struct buf *to)
{
    struct pb_field value;

    while (pb_next(&frame->rest, &value)) {
        if (value.number != field->id) {
            continue;
        }
        if (is_number(field) && value.wire == PB_BYTES) {
            print_packed(self, frame, field, value.bytes, to);
        } else {
            begin_item(frame, field, to);
            print(self, field, &value, to);
        }
        return;
    }
    if (frame->in_list) {
        buf_add_char(to, ']');
        frame->in_list = false;
    }
    frame->rest = frame->message;
    frame->field++;
}

static bool is_whole(struct str message)
{
    struct pb_field field;

    while (pb_next(&message, &field)) {
    }
    return message.len == 0;
}

/* Its beginning, one member, one item of a list, or its end. What it took beside what it has
 * printed, as so many bytes printed. */
static size_t go_on(struct json_print *self, struct buf *to)
{
    struct json_frame *frame = &self->frames[self->depth - 1];
    const ProtobufCFieldDescriptor *field;
    struct pb_field value;

    if (!frame->begun) {
        frame->begun = true;
        self->failed = !is_whole(frame->message);
        buf_add_char(to, '{');
        return frame->message.len / scan_share;
    }
    if (frame->field == frame->type->n_fields) {
        buf_add_char(to, '}');
        self->depth--;
        return 0;
    }
    field = &frame->type->fields[frame->field];
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        print_list(self, frame, field, to);
        return 0;
    }
    frame->field++;
    if (find(frame, field, &value) && is_told(field, &value)) {
        begin_member(frame, field, to);
        print(self, field, &value, to);
    }
    return frame->message.len / scan_share;
}

void json_print_begin(struct json_print *self, const ProtobufCMessageDescriptor *type,
                      struct str packed)
{
    self->depth = 0;
    self->failed = false;
    push(self, type, packed);
}

enum err json_print_step(struct json_print *self, size_t max, struct buf *to)
{
    size_t used = 0;

    while (!self->failed && self->depth > 0 && used < max) {
        size_t len = to->len;

        used += go_on(self, to);
        used += to->len - len;
    }
    return self->failed ? ERR_MALFORMED : self->depth > 0 ? ERR_BUSY : ERR_OK;
}

enum err json_of_message(const ProtobufCMessageDescriptor *type, struct str packed,
                         struct buf *text)
{
    struct json_print print;

    json_print_begin(&print, type, packed);
    return json_print_step(&print, SIZE_MAX, text);
}
