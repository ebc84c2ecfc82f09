#include "gateway/etcd/json_scalar.h"

#include <stdio.h>

#include "common/etcdapi/protobuf.h"
#include "gateway/etcd/json.h"
#include "gateway/etcd/json_wrong.h"

static struct str inside(struct str quoted)
{
    return (struct str){quoted.data + 1, quoted.len - 2};
}

static struct str unquoted(const struct json_scalar *self, struct str raw)
{
    self->scratch->len = 0;
    json_unquote(self->scratch, raw);
    return buf_str(self->scratch);
}

static bool to_u64(struct str digits, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9' ||
            __builtin_mul_overflow(*value, (uint64_t)10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(digits.data[i] - '0'), value)) {
            return false;
        }
    }
    return true;
}

/* least, most: what the type holds; least is 0 of one without a sign, which takes not even -0. */
static bool to_integer(struct str text, int64_t least, uint64_t most, uint64_t *value)
{
    bool minus = text.data[0] == '-';
    struct str digits = {text.data + minus, text.len - minus};

    if (!to_u64(digits, value) || (minus && least == 0) ||
        *value > (minus ? (uint64_t)0 - (uint64_t)least : most)) {
        return false;
    }
    *value = minus ? (uint64_t)0 - *value : *value;
    return true;
}

/* Go's name of an enum: etcdserverpb.RangeRequest_SortOrder. */
static void print_go_name(char *to, size_t size, const ProtobufCEnumDescriptor *type)
{
    size_t package = strlen(type->package_name);

    (void)snprintf(to, size, "%s", type->name);
    for (char *dot = strchr(to + package + 1, '.'); dot != NULL; dot = strchr(dot, '.')) {
        *dot = '_';
    }
}

static enum err put_number(const struct json_scalar *self, const struct json_value *value)
{
    enum { name_max = 128 };
    char name[name_max] = "int64";
    int64_t least = INT64_MIN;
    uint64_t most = INT64_MAX;
    uint64_t number = 0;

    if (self->field->type == PROTOBUF_C_TYPE_ENUM) {
        print_go_name(name, sizeof(name), self->field->descriptor);
        least = INT32_MIN;
        most = INT32_MAX;
    } else if (self->field->type != PROTOBUF_C_TYPE_INT64) {
        bool is_64 = self->field->type == PROTOBUF_C_TYPE_UINT64;

        (void)snprintf(name, sizeof(name), "%s", is_64 ? "uint64" : "uint32");
        least = 0;
        most = is_64 ? UINT64_MAX : UINT32_MAX;
    }
    if (value->kind != SCAN_NUMBER && value->kind != SCAN_NULL) {
        return json_wrong_kind(self->why, value->kind, name);
    }
    if (value->kind == SCAN_NUMBER && !to_integer(value->raw, least, most, &number)) {
        return json_wrong_number(self->why, value->raw, name);
    }
    pb_add_varint(self->to, self->field->id, number);
    return ERR_OK;
}

/* What stands in the string is a document of its own. */
static enum err put_quoted_number(const struct json_scalar *self, struct str raw)
{
    struct scanner text = {.text = inside(raw)};
    struct json_value value;

    if (scanner_value(&text, &value) != ERR_OK) {
        return json_wrong_syntax(self->why, &text, JSON_FROM_STRING);
    }
    if (text.at < text.text.len) {
        return json_wrong_byte(self->why, (unsigned char)text.text.data[text.at],
                               "after top-level value");
    }
    return put_number(self, &value);
}

static enum err put_named(const struct json_scalar *self, struct str raw)
{
    enum { name_max = 128 };
    const ProtobufCEnumDescriptor *type = self->field->descriptor;
    const ProtobufCEnumValue *found;
    char name[name_max];

    self->scratch->len = 0;
    buf_add_str(self->scratch, inside(raw));
    buf_add_char(self->scratch, 0);
    found = protobuf_c_enum_descriptor_get_value_by_name(type, self->scratch->data);
    if (found == NULL) {
        print_go_name(name, sizeof(name), type);
        return json_wrong(self->why, "unknown value %.*s for enum %s", STR_ARG(raw), name);
    }
    pb_add_varint(self->to, self->field->id, (uint64_t)found->value);
    return ERR_OK;
}

static enum err put_base64(const struct json_scalar *self, struct str raw)
{
    struct str text = memchr(raw.data, '\\', raw.len) != NULL ? unquoted(self, raw) : inside(raw);
    struct buf bytes = {0};
    size_t at;
    enum err err = base64_decode(text, &bytes, &at);

    if (err == ERR_OK) {
        pb_add_bytes(self->to, self->field->id, buf_str(&bytes));
    } else {
        (void)json_wrong(self->why, "illegal base64 data at input byte %zu", at);
    }
    buf_fini(&bytes);
    return err;
}

/* Go takes bytes as numbers, too. */
static enum err put_numbered_bytes(const struct json_scalar *self, struct str array)
{
    struct scanner items = {.text = array};
    struct json_value item;
    enum err err = ERR_OK;
    uint64_t number;

    self->scratch->len = 0;
    while (err == ERR_OK && scanner_item(&items, &item)) {
        number = 0;
        if (item.kind != SCAN_NUMBER && item.kind != SCAN_NULL) {
            err = json_wrong_kind(self->why, item.kind, "uint8");
        } else if (item.kind == SCAN_NUMBER && !to_integer(item.raw, 0, UINT8_MAX, &number)) {
            err = json_wrong_number(self->why, item.raw, "uint8");
        }
        buf_add_char(self->scratch, (char)number);
    }
    if (err == ERR_OK) {
        pb_add_bytes(self->to, self->field->id, buf_str(self->scratch));
    }
    return err;
}

static enum err put_bytes(const struct json_scalar *self, const struct json_value *value)
{
    switch (value->kind) {
    case SCAN_NULL:
        pb_add_bytes(self->to, self->field->id, STR(""));
        return ERR_OK;
    case SCAN_STRING:
        return put_base64(self, value->raw);
    case SCAN_ARRAY:
        return put_numbered_bytes(self, value->raw);
    default:
        return json_wrong_kind(self->why, value->kind, "[]uint8");
    }
}

static enum err put_text(const struct json_scalar *self, const struct json_value *value)
{
    if (value->kind != SCAN_STRING && value->kind != SCAN_NULL) {
        return json_wrong_kind(self->why, value->kind, "string");
    }
    pb_add_bytes(self->to, self->field->id,
                 value->kind == SCAN_STRING ? unquoted(self, value->raw) : STR(""));
    return ERR_OK;
}

static enum err put_flag(const struct json_scalar *self, const struct json_value *value)
{
    if (value->kind != SCAN_TRUE && value->kind != SCAN_FALSE && value->kind != SCAN_NULL) {
        return json_wrong_kind(self->why, value->kind, "bool");
    }
    pb_add_varint(self->to, self->field->id, value->kind == SCAN_TRUE);
    return ERR_OK;
}

enum err json_scalar_read(const struct json_scalar *self, const struct json_value *value)
{
    bool is_string = value->kind == SCAN_STRING;

    switch (self->field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        return put_flag(self, value);
    case PROTOBUF_C_TYPE_STRING:
        return put_text(self, value);
    case PROTOBUF_C_TYPE_BYTES:
        return put_bytes(self, value);
    case PROTOBUF_C_TYPE_ENUM:
        return is_string ? put_named(self, value->raw) : put_number(self, value);
    default:
        return is_string ? put_quoted_number(self, value->raw) : put_number(self, value);
    }
}
