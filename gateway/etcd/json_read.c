#include "gateway/etcd/json.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { oneofs_max = 4 }; /* of a message; etcd's have one */

/* A message that is being written, and what is wrong with what it is made of. */
struct writing {
    struct buf *why;
    unsigned depth;
};

static enum err wrong(struct writing *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static enum err wrong(struct writing *self, const char *format, ...)
{
    enum { text_max = 512 };
    char text[text_max];
    va_list rest;
    int len;

    va_start(rest, format);
    len = vsnprintf(text, sizeof(text), format, rest);
    va_end(rest);
    buf_add(self->why, text, len < text_max ? (size_t)len : text_max - 1);
    return ERR_MALFORMED;
}

static const char *kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_TRUE:
    case JSON_FALSE:
        return "bool";
    default:
        return "number";
    }
}

static enum err wrong_kind(struct writing *self, const json_t *value, const char *wanted)
{
    return wrong(self, "json: cannot unmarshal %s into Go value of type %s", kind_of(value),
                 wanted);
}

/* ── protobuf's wire format ── */

enum wire { WIRE_VARINT = 0, WIRE_BYTES = 2 };

static void put_varint(struct buf *to, uint64_t value)
{
    while (value > 127) {
        buf_add_char(to, (char)(value | 128));
        value >>= 7;
    }
    buf_add_char(to, (char)value);
}

static void put_tag(struct buf *to, const ProtobufCFieldDescriptor *field, enum wire wire)
{
    put_varint(to, (uint64_t)field->id << 3 | wire);
}

static void put_bytes(struct buf *to, const ProtobufCFieldDescriptor *field, struct str bytes)
{
    put_tag(to, field, WIRE_BYTES);
    put_varint(to, bytes.len);
    buf_add_str(to, bytes);
}

/* ── values ── */

static struct str text_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

/* A number given as one, or as a string of one. */
static enum err put_number(struct writing *self, const ProtobufCFieldDescriptor *field,
                           const json_t *value, struct buf *to)
{
    const char *type = field->type == PROTOBUF_C_TYPE_INT64    ? "int64"
                       : field->type == PROTOBUF_C_TYPE_UINT64 ? "uint64"
                                                               : "uint32";
    bool is_signed = field->type == PROTOBUF_C_TYPE_INT64;
    uint64_t number;

    if (json_is_integer(value)) {
        number = (uint64_t)json_integer_value(value);
        if (!is_signed && json_integer_value(value) < 0) {
            return wrong(self, "json: cannot unmarshal number %lld into Go value of type %s",
                         (long long)json_integer_value(value), type);
        }
    } else if (json_is_string(value)) {
        struct str text = text_of(value);
        char *end = NULL;

        if (text.len == 0) {
            return wrong(self, "unexpected end of JSON input");
        }
        errno = 0;
        number = is_signed ? (uint64_t)strtoll(text.data, &end, 10) : strtoull(text.data, &end, 10);
        if ((text.data[0] < '0' || text.data[0] > '9') && !(is_signed && text.data[0] == '-')) {
            return wrong(self, "invalid character '%c' looking for beginning of value",
                         text.data[0]);
        }
        if (end != text.data + text.len || errno != 0) {
            return wrong(self, "json: cannot unmarshal number %.*s into Go value of type %s",
                         STR_ARG(text), type);
        }
    } else if (json_is_real(value)) {
        return wrong(self, "json: cannot unmarshal number %g into Go value of type %s",
                     json_real_value(value), type);
    } else {
        return wrong_kind(self, value, type);
    }
    if (field->type == PROTOBUF_C_TYPE_UINT32 && number > UINT32_MAX) {
        return wrong(self, "json: cannot unmarshal number %llu into Go value of type %s",
                     (unsigned long long)number, type);
    }
    put_tag(to, field, WIRE_VARINT);
    put_varint(to, number);
    return ERR_OK;
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

static enum err put_enum(struct writing *self, const ProtobufCFieldDescriptor *field,
                         const json_t *value, struct buf *to)
{
    enum { name_max = 128 };
    const ProtobufCEnumDescriptor *type = field->descriptor;
    const ProtobufCEnumValue *found;
    char name[name_max];

    if (json_is_integer(value)) {
        put_tag(to, field, WIRE_VARINT);
        put_varint(to, (uint64_t)(int32_t)json_integer_value(value));
        return ERR_OK;
    }
    print_go_name(name, sizeof(name), type);
    if (!json_is_string(value)) {
        return wrong_kind(self, value, name);
    }
    found = protobuf_c_enum_descriptor_get_value_by_name(type, json_string_value(value));
    if (found == NULL) {
        return wrong(self, "unknown value \"%.*s\" for enum %s", STR_ARG(text_of(value)), name);
    }
    put_tag(to, field, WIRE_VARINT);
    put_varint(to, (uint64_t)found->value);
    return ERR_OK;
}

static enum err put_base64(struct writing *self, const ProtobufCFieldDescriptor *field,
                           const json_t *value, struct buf *to)
{
    struct buf bytes = {0};
    size_t at;
    enum err err;

    if (!json_is_string(value)) {
        return wrong_kind(self, value, "[]uint8");
    }
    err = base64_decode(text_of(value), &bytes, &at);
    if (err == ERR_OK) {
        put_bytes(to, field, buf_str(&bytes));
    } else {
        (void)wrong(self, "illegal base64 data at input byte %zu", at);
    }
    buf_fini(&bytes);
    return err;
}

static enum err put_message(struct writing *self, const ProtobufCMessageDescriptor *type,
                            const json_t *value, struct buf *to);

static enum err put_value(struct writing *self, const ProtobufCFieldDescriptor *field,
                          const json_t *value, struct buf *to)
{
    struct buf nested = {0};
    enum err err;

    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(value)) {
            return wrong_kind(self, value, "bool");
        }
        put_tag(to, field, WIRE_VARINT);
        put_varint(to, json_is_true(value));
        return ERR_OK;
    case PROTOBUF_C_TYPE_ENUM:
        return put_enum(self, field, value, to);
    case PROTOBUF_C_TYPE_STRING:
        if (!json_is_string(value)) {
            return wrong_kind(self, value, "string");
        }
        put_bytes(to, field, text_of(value));
        return ERR_OK;
    case PROTOBUF_C_TYPE_BYTES:
        return put_base64(self, field, value, to);
    case PROTOBUF_C_TYPE_MESSAGE:
        err = put_message(self, field->descriptor, value, &nested);
        if (err == ERR_OK) {
            put_bytes(to, field, buf_str(&nested));
        }
        buf_fini(&nested);
        return err;
    default:
        return put_number(self, field, value, to);
    }
}

/* ── messages ── */

/* range_end and rangeEnd. */
static bool is_camel_case_of(const char *key, const char *name)
{
    for (; *name != 0; key++, name++) {
        char c = *name;

        if (c == '_' && name[1] >= 'a' && name[1] <= 'z') {
            c = (char)(*++name - 'a' + 'A');
        }
        if (*key != c) {
            return false;
        }
    }
    return *key == 0;
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *type,
                                                const char *key)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (strcmp(type->fields[i].name, key) == 0 || is_camel_case_of(key, type->fields[i].name)) {
            return &type->fields[i];
        }
    }
    return NULL;
}

static enum err put_field(struct writing *self, const ProtobufCFieldDescriptor *field,
                          json_t *value, struct buf *to)
{
    enum err err = ERR_OK;
    json_t *item;
    size_t i;

    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        return put_value(self, field, value, to);
    }
    if (!json_is_array(value)) {
        return wrong_kind(self, value, "[]json.RawMessage");
    }
    json_array_foreach(value, i, item)
    {
        err = err != ERR_OK ? err : put_value(self, field, item, to);
    }
    return err;
}

/* Of several members of a oneof the first is taken. seen: the places of those that were, in a
 * message in memory. */
static bool is_first_of_oneof(const ProtobufCFieldDescriptor *field, unsigned *seen,
                              unsigned *count)
{
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
        return true;
    }
    for (unsigned i = 0; i < *count; i++) {
        if (seen[i] == field->quantifier_offset) {
            return false;
        }
    }
    assert(*count < oneofs_max);
    seen[(*count)++] = field->quantifier_offset;
    return true;
}

static enum err put_message(struct writing *self, const ProtobufCMessageDescriptor *type,
                            const json_t *value, struct buf *to)
{
    unsigned oneofs[oneofs_max];
    unsigned count = 0;
    enum err err = ERR_OK;
    const char *key;
    json_t *member;

    if (json_is_null(value)) {
        return ERR_OK;
    }
    if (!json_is_object(value)) {
        return wrong_kind(self, value, "map[string]json.RawMessage");
    }
    if (self->depth == json_depth_max) {
        return wrong(self, "messages nest more than %d deep", json_depth_max);
    }
    self->depth++;
    json_object_foreach((json_t *)value, key, member)
    {
        const ProtobufCFieldDescriptor *field = field_of(type, key);

        if (err == ERR_OK && field != NULL && !json_is_null(member) &&
            is_first_of_oneof(field, oneofs, &count)) {
            err = put_field(self, field, member, to);
        }
    }
    self->depth--;
    return err;
}

/* What jansson finds wrong, as Go would say it; the rest in jansson's words. */
static enum err wrong_syntax(struct writing *self, const json_error_t *error)
{
    static const struct {
        const char *expected; /* jansson's text begins so */
        const char *looking;
    } texts[] = {
        {"string or '}' expected", "looking for beginning of object key string"},
        {"':' expected", "after object key"},
        {"'}' expected", "after object key:value pair"},
        {"']' expected", "after array element"},
        {"invalid token", "looking for beginning of value"},
        {"unexpected token", "looking for beginning of value"},
        {"'[' or '{' expected", "looking for beginning of value"},
    };
    struct str near = STR(" near '");
    struct str said = str_from(error->text);

    if (json_error_code(error) == json_error_premature_end_of_input) {
        return wrong(self, "unexpected end of JSON input");
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct str begin = str_from(texts[i].expected);

        if (str_starts(said, begin) && said.len > begin.len + near.len) {
            return wrong(self, "invalid character '%c' %s", said.data[begin.len + near.len],
                         texts[i].looking);
        }
    }
    return wrong(self, "%s", error->text);
}

static struct str trimmed(struct str text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.data[0]) != NULL && text.data[0] != 0) {
        text.data++;
        text.len--;
    }
    return text;
}

/* One document off text; empty: a message of nothing. */
static enum err take_document(const ProtobufCMessageDescriptor *type, struct str *text,
                              struct buf *packed, struct buf *why)
{
    struct writing self = {.why = why};
    json_error_t error;
    json_t *document;
    enum err err;

    document = json_loadb(text->data, text->len,
                          JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &error);
    if (document == NULL) {
        return wrong_syntax(&self, &error);
    }
    assert(error.position > 0 && (size_t)error.position <= text->len);
    text->data += error.position;
    text->len -= (size_t)error.position;
    err = put_message(&self, type, document, packed);
    json_decref(document);
    return err;
}

enum err json_to_message(const ProtobufCMessageDescriptor *type, struct str text,
                         struct buf *packed, struct buf *why)
{
    text = trimmed(text);
    return text.len > 0 ? take_document(type, &text, packed, why) : ERR_OK;
}

enum err json_take_message(const ProtobufCMessageDescriptor *type, struct str *text,
                           struct buf *packed, struct buf *why)
{
    *text = trimmed(*text);
    return text->len > 0 ? take_document(type, text, packed, why) : ERR_NOT_FOUND;
}
