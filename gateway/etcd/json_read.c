#include "gateway/etcd/json.h"

#include <assert.h>

#include "common/base/scanner.h"
#include "common/etcdapi/protobuf.h"
#include "gateway/etcd/json_scalar.h"
#include "gateway/etcd/json_wrong.h"

enum { oneofs_max = 4 }; /* of a message; etcd's have one */

/* A document that was checked, and the place in it; what is wrong with it. */
struct reading {
    struct scanner at;
    struct buf *why;
    unsigned depth;
    struct buf scratch;
};

/* The value that stands there. */
static struct json_value take(struct reading *self)
{
    struct json_value value;
    enum err err = scanner_value(&self->at, &value);

    assert(err == ERR_OK);
    (void)err;
    return value;
}

static enum err put_message(struct reading *self, const ProtobufCMessageDescriptor *type,
                            struct buf *to);

static enum err put_nested(struct reading *self, const ProtobufCFieldDescriptor *field,
                           struct buf *to)
{
    struct buf nested = {0};
    enum err err = put_message(self, field->descriptor, &nested);

    if (err == ERR_OK) {
        pb_add_bytes(to, field->id, buf_str(&nested));
    }
    buf_fini(&nested);
    return err;
}

static enum err put_value(struct reading *self, const ProtobufCFieldDescriptor *field,
                          struct buf *to)
{
    struct json_scalar scalar = {field, to, self->why, &self->scratch};
    struct json_value value;

    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return put_nested(self, field, to);
    }
    value = take(self);
    return json_scalar_read(&scalar, &value);
}

/* range_end and rangeEnd. */
static bool is_name(struct str key, const char *name)
{
    bool plain = true;
    bool camel = true;
    size_t plain_at = 0;
    size_t camel_at = 0;

    for (; *name != 0; name++) {
        plain = plain && plain_at < key.len && key.data[plain_at++] == *name;
        if (*name == '_' && name[1] >= 'a' && name[1] <= 'z') {
            camel = camel && camel_at < key.len && key.data[camel_at++] == name[1] - 'a' + 'A';
            name++;
            plain = plain && plain_at < key.len && key.data[plain_at++] == *name;
        } else {
            camel = camel && camel_at < key.len && key.data[camel_at++] == *name;
        }
    }
    return (plain && plain_at == key.len) || (camel && camel_at == key.len);
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *type,
                                                struct str key)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (is_name(key, type->fields[i].name)) {
            return &type->fields[i];
        }
    }
    return NULL;
}

static enum err put_field(struct reading *self, const ProtobufCFieldDescriptor *field,
                          struct buf *to)
{
    enum err err = ERR_OK;

    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        return put_value(self, field, to);
    }
    if (scanner_kind(&self->at) != SCAN_ARRAY) {
        return json_wrong_kind(self->why, scanner_kind(&self->at), "[]json.RawMessage");
    }
    scanner_enter(&self->at);
    while (err == ERR_OK && scanner_more(&self->at)) {
        err = put_value(self, field, to);
    }
    return err;
}

/* What of a message is written. */
struct written {
    struct span {
        size_t from;
        size_t to;
    } fields[json_fields_max];   /* by their places in the type; to 0: not yet */
    unsigned oneofs[oneofs_max]; /* those of which a member was, by their place in memory */
    unsigned oneof_count;
};

/* Of several members of a oneof the first is taken. */
static bool is_first_of_oneof(struct written *self, const ProtobufCFieldDescriptor *field)
{
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
        return true;
    }
    for (unsigned i = 0; i < self->oneof_count; i++) {
        if (self->oneofs[i] == field->quantifier_offset) {
            return false;
        }
    }
    assert(self->oneof_count < oneofs_max);
    self->oneofs[self->oneof_count++] = field->quantifier_offset;
    return true;
}

/* Of several members of one name the last is taken: what came before goes. No byte moves more often
 * than there are fields. */
static void take_back(struct written *self, struct span *span, struct buf *to)
{
    struct span gone = *span;
    size_t len = gone.to - gone.from;

    memmove(to->data + gone.from, to->data + gone.to, to->len - gone.to);
    to->len -= len;
    for (unsigned i = 0; i < json_fields_max; i++) {
        if (self->fields[i].from >= gone.to) {
            self->fields[i].from -= len;
            self->fields[i].to -= len;
        }
    }
    *span = (struct span){0};
}

static const ProtobufCFieldDescriptor *take_name(struct reading *self,
                                                 const ProtobufCMessageDescriptor *type)
{
    self->scratch.len = 0;
    json_unquote(&self->scratch, scanner_name(&self->at));
    return field_of(type, buf_str(&self->scratch));
}

static enum err put_member(struct reading *self, const ProtobufCMessageDescriptor *type,
                           struct written *written, struct buf *to)
{
    const ProtobufCFieldDescriptor *field = take_name(self, type);
    bool is_null = scanner_kind(&self->at) == SCAN_NULL;
    struct span *span;
    size_t from;
    bool again;
    enum err err;

    if (field == NULL) {
        (void)take(self);
        return ERR_OK;
    }
    span = &written->fields[field - type->fields];
    again = span->to > 0;
    if (again) {
        take_back(written, span, to);
    }
    if (is_null || (!again && !is_first_of_oneof(written, field))) {
        (void)take(self);
        return ERR_OK;
    }
    from = to->len;
    err = put_field(self, field, to);
    if (to->len > from) {
        *span = (struct span){from, to->len};
    }
    return err;
}

static enum err put_message(struct reading *self, const ProtobufCMessageDescriptor *type,
                            struct buf *to)
{
    struct written written = {0};
    enum err err = ERR_OK;

    assert(type->n_fields <= json_fields_max);
    if (scanner_kind(&self->at) == SCAN_NULL) {
        (void)take(self);
        return ERR_OK;
    }
    if (scanner_kind(&self->at) != SCAN_OBJECT) {
        return json_wrong_kind(self->why, scanner_kind(&self->at), "map[string]json.RawMessage");
    }
    if (self->depth == json_depth_max) {
        return json_wrong(self->why, "messages nest more than %d deep", json_depth_max);
    }
    self->depth++;
    scanner_enter(&self->at);
    while (err == ERR_OK && scanner_more(&self->at)) {
        err = put_member(self, type, &written, to);
    }
    self->depth--;
    return err;
}

/* ── documents ── */

static struct str trimmed(struct str text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.data[0]) != NULL && text.data[0] != 0) {
        text.data++;
        text.len--;
    }
    return text;
}

/* One document off text, which is checked whole before it is looked into, as Go does. */
static enum err take_document(const ProtobufCMessageDescriptor *type, struct str *text,
                              struct buf *packed, struct buf *why)
{
    struct reading self = {.at = {.text = *text}, .why = why};
    struct json_value whole;
    enum err err;

    if (scanner_value(&self.at, &whole) != ERR_OK) {
        return json_wrong_syntax(why, &self.at, JSON_FROM_STREAM);
    }
    *text = (struct str){text->data + self.at.at, text->len - self.at.at};
    self.at = (struct scanner){.text = whole.raw};
    err = put_message(&self, type, packed);
    buf_fini(&self.scratch);
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
