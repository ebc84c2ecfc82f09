#include "common/wire/codec.h"

#include <assert.h>
#include <stddef.h>

#include "common/wire/pack.h"
#include "common/wire/value.h"

/* ── one field in ─────────────────────────────────────────────────────────── */

static enum err decode(struct cursor *in, struct msg *msg);

/* Short forms first: most integers and strings of ours are of that kind. */
static inline bool get_u64(struct cursor *in, wire_u64 *to)
{
    struct value value;

    if (in->at != in->end && *in->at < 0x80) {
        *to = *in->at++;
        return true;
    }
    if (!value_next(in, &value) ||
        (value.kind != VALUE_BIG && (value.kind != VALUE_INT || value.number > INT64_MAX))) {
        return false;
    }
    *to = value.number;
    return true;
}

static inline bool get_i64(struct cursor *in, wire_i64 *to)
{
    struct value value;

    if (!value_next(in, &value) || value.kind != VALUE_INT) {
        return false;
    }
    *to = (int64_t)value.number;
    return true;
}

static inline bool get_u32(struct cursor *in, wire_u32 *to)
{
    uint64_t value;

    if (!get_u64(in, &value) || value > UINT32_MAX) {
        return false;
    }
    *to = (uint32_t)value;
    return true;
}

static inline bool get_flag(struct cursor *in, wire_flag *to)
{
    if (in->at == in->end || (*in->at & 0xfe) != 0xc2) {
        return false;
    }
    *to = (*in->at++ & 1) != 0;
    return true;
}

static inline bool get_str(struct cursor *in, wire_str *to)
{
    struct value value;

    if (in->at != in->end && (*in->at & 0xe0) == 0xa0) {
        size_t len = *in->at & 0x1f;

        if (len >= cursor_left(in)) {
            return false;
        }
        *to = (struct str){(const char *)in->at + 1, len};
        in->at += 1 + len;
        return true;
    }
    if (!value_next(in, &value) || value.kind != VALUE_STR) {
        return false;
    }
    *to = value.bytes;
    return true;
}

static bool get_bin(struct cursor *in, wire_bin *to)
{
    struct value value;

    if (!value_next(in, &value) || value.kind != VALUE_BIN) {
        return false;
    }
    *to = value.bytes;
    return true;
}

static bool get_count(struct cursor *in, enum value_kind kind, uint32_t *count)
{
    struct value value;

    if (in->depth == 0 || !value_next(in, &value) || value.kind != kind) {
        return false;
    }
    *count = (uint32_t)value.number;
    return true;
}

static struct str since(const unsigned char *from, const struct cursor *in)
{
    return (struct str){(const char *)from, (size_t)(in->at - from)};
}

static bool get_texts(struct cursor *in, uint64_t count, struct str *bytes)
{
    const unsigned char *from = in->at;
    struct str item;

    for (uint64_t i = 0; i < count; i++) {
        if (!get_str(in, &item)) {
            return false;
        }
    }
    *bytes = since(from, in);
    return true;
}

static bool get_strs(struct cursor *in, wire_strs *to)
{
    return get_count(in, VALUE_ARRAY, &to->count) && get_texts(in, to->count, &to->bytes);
}

static bool get_pairs(struct cursor *in, wire_pairs *to)
{
    return get_count(in, VALUE_MAP, &to->count) &&
           get_texts(in, 2 * (uint64_t)to->count, &to->bytes);
}

static bool get_counts(struct cursor *in, wire_counts *to)
{
    const unsigned char *from;
    struct str name;
    int64_t value;

    if (!get_count(in, VALUE_MAP, &to->count)) {
        return false;
    }
    from = in->at;
    for (uint32_t i = 0; i < to->count; i++) {
        if (!get_str(in, &name) || !get_i64(in, &value)) {
            return false;
        }
    }
    to->bytes = since(from, in);
    return true;
}

static bool get_msgs(struct cursor *in, wire_msgs *to)
{
    const unsigned char *from;
    struct msg item;

    if (!get_count(in, VALUE_ARRAY, &to->count)) {
        return false;
    }
    from = in->at;
    in->depth--;
    for (uint32_t i = 0; i < to->count; i++) {
        if (decode(in, &item) == ERR_MALFORMED) {
            return false;
        }
    }
    in->depth++;
    to->bytes = since(from, in);
    return true;
}

static bool get_any(struct cursor *in, wire_any *to)
{
    const unsigned char *from = in->at;

    if (!value_skip(in)) {
        return false;
    }
    *to = since(from, in);
    return true;
}

/* ── one field out ────────────────────────────────────────────────────────── */

static void pack_u64(msgpack_packer *pk, wire_u64 value)
{
    msgpack_pack_uint64(pk, value);
}

static void pack_i64(msgpack_packer *pk, wire_i64 value)
{
    msgpack_pack_int64(pk, value);
}

static void pack_u32(msgpack_packer *pk, wire_u32 value)
{
    msgpack_pack_uint32(pk, value);
}

static void pack_flag(msgpack_packer *pk, wire_flag value)
{
    if (value) {
        msgpack_pack_true(pk);
    } else {
        msgpack_pack_false(pk);
    }
}

static void pack_str(msgpack_packer *pk, wire_str value)
{
    strs_pack(pk->data, value);
}

static void pack_bin(msgpack_packer *pk, wire_bin value)
{
    assert(value.len <= UINT32_MAX);
    msgpack_pack_bin(pk, value.len);
    pack_raw(pk, value);
}

static void pack_strs(msgpack_packer *pk, wire_strs value)
{
    msgpack_pack_array(pk, value.count);
    pack_raw(pk, value.bytes);
}

static void pack_pairs(msgpack_packer *pk, wire_pairs value)
{
    msgpack_pack_map(pk, value.count);
    pack_raw(pk, value.bytes);
}

static void pack_counts(msgpack_packer *pk, wire_counts value)
{
    msgpack_pack_map(pk, value.count);
    pack_raw(pk, value.bytes);
}

static void pack_msgs(msgpack_packer *pk, wire_msgs value)
{
    msgpack_pack_array(pk, value.count);
    pack_raw(pk, value.bytes);
}

static void pack_any(msgpack_packer *pk, wire_any value)
{
    if (value.len == 0) {
        msgpack_pack_nil(pk);
    } else {
        pack_raw(pk, value);
    }
}

/* ── a function each for every row of the table ───────────────────────────── */

// clang-format off
#define FIELD_COUNT(kind, name, need) + 1
#define FIELD_PACK(kind, name, need) pack_##kind(pk, msg->name);
#define FIELD_GET(kind, name, need)                          \
    if (*left != 0) {                                        \
        --*left;                                             \
        if (!get_##kind(in, &msg->name)) {                   \
            return ERR_MALFORMED;                            \
        }                                                    \
    } else if ((need) == MSG_REQUIRED) {                     \
        return ERR_MALFORMED;                                \
    } else {                                                 \
        msg->name = (wire_##kind){0};                        \
    }

#define MSG_CODEC(lower, UPPER, number, CLASS)                                                \
    static void pack_msg_##lower(msgpack_packer *pk, const struct msg_##lower *msg)    \
    {                                                                                  \
        MSG_##UPPER(FIELD_PACK)                                                        \
    }                                                                                  \
    static enum err get_msg_##lower(struct cursor *in, uint32_t *left,                 \
                                    struct msg_##lower *msg)                           \
    {                                                                                  \
        MSG_##UPPER(FIELD_GET)                                                         \
        return ERR_OK;                                                                 \
    }
MSG_TABLE(MSG_CODEC)
// clang-format on

static enum err get_fields(struct cursor *in, uint32_t *left, struct msg *msg)
{
    struct cursor peek = *in;

    switch (msg->type) {
#define MSG_GET(lower, UPPER, number, CLASS)                                                       \
    case MSG_TYPE_##UPPER:                                                                         \
        return get_msg_##lower(in, left, &msg->as_##lower);
        MSG_TABLE(MSG_GET)
#undef MSG_GET
    }
    msg->as_command.id = 0;
    if (*left == 0 || !get_u64(&peek, &msg->as_command.id)) {
        msg->as_command.id = 0;
    }
    return ERR_UNSUPPORTED;
}

static enum err decode(struct cursor *in, struct msg *msg)
{
    const unsigned char *from;
    uint32_t left;
    uint32_t type;
    enum err err;

    if (!get_count(in, VALUE_ARRAY, &left) || left == 0 || !get_u32(in, &type)) {
        return ERR_MALFORMED;
    }
    left--;
    in->depth--;
    msg->type = (enum msg_type)type;
    err = get_fields(in, &left, msg);
    if (err == ERR_MALFORMED) {
        return err;
    }
    from = in->at;
    for (uint32_t i = 0; i < left; i++) {
        if (!value_skip(in)) {
            return ERR_MALFORMED;
        }
    }
    in->depth++;
    msg->unknown = since(from, in);
    msg->unknown_count = left;
    return err;
}

enum err msg_decode(struct str *rest, struct msg *msg)
{
    struct cursor in = cursor_over(*rest);
    enum err err = decode(&in, msg);

    if (err != ERR_MALFORMED) {
        *rest = (struct str){(const char *)in.at, cursor_left(&in)};
    }
    return err;
}

void msg_encode(struct buf *to, const struct msg *msg)
{
    msgpack_packer packer = pack_to(to);
    msgpack_packer *pk = &packer;

    switch (msg->type) {
#define MSG_PACK(lower, UPPER, number, CLASS)                                                      \
    case MSG_TYPE_##UPPER:                                                                         \
        msgpack_pack_array(pk, (size_t)msg->unknown_count + 1 MSG_##UPPER(FIELD_COUNT));           \
        msgpack_pack_uint8(pk, (number));                                                          \
        pack_msg_##lower(pk, &msg->as_##lower);                                                    \
        break;
        MSG_TABLE(MSG_PACK)
#undef MSG_PACK
    default:
        msgpack_pack_array(pk, (size_t)msg->unknown_count + 1);
        msgpack_pack_uint32(pk, (uint32_t)msg->type);
        break;
    }
    pack_raw(pk, msg->unknown);
}

/* ── lists ────────────────────────────────────────────────────────────────── */

bool msg_next(struct str *rest, struct msg *msg)
{
    enum err err = ERR_UNSUPPORTED;

    while (err == ERR_UNSUPPORTED) {
        err = msg_decode(rest, msg);
    }
    return err == ERR_OK;
}

/* What a list holds is the end of its store, wherever the store has moved to. */
static struct str grown(const struct buf *store, size_t old_len, struct str bytes)
{
    size_t from;

    assert(old_len >= bytes.len);
    from = old_len - bytes.len;
    return (struct str){store->data + from, store->len - from};
}

void msg_list_add(struct msg_list *list, struct buf *store, const struct msg *msg)
{
    size_t old_len = store->len;

    msg_encode(store, msg);
    list->bytes = grown(store, old_len, list->bytes);
    list->count++;
}

bool counts_next(struct str *rest, struct str *name, int64_t *value)
{
    struct cursor in = cursor_over(*rest);

    if (!get_str(&in, name) || !get_i64(&in, value)) {
        return false;
    }
    *rest = (struct str){(const char *)in.at, cursor_left(&in)};
    return true;
}

void counts_add(struct msg_counts *counts, struct buf *store, const char *name, int64_t value)
{
    msgpack_packer pk = pack_to(store);
    size_t old_len = store->len;

    strs_pack(store, str_from(name));
    msgpack_pack_int64(&pk, value);
    counts->bytes = grown(store, old_len, counts->bytes);
    counts->count++;
}

/* ── what a type is ───────────────────────────────────────────────────────── */

const char *msg_type_name(enum msg_type type)
{
    switch (type) {
#define MSG_NAME(lower, UPPER, number, CLASS)                                                      \
    case MSG_TYPE_##UPPER:                                                                         \
        return #UPPER;
        MSG_TABLE(MSG_NAME)
#undef MSG_NAME
    }
    return NULL;
}

bool msg_type_skippable(unsigned type)
{
    return type >= 128;
}

/* A head is read through its own struct: C promises that of a common beginning of a union's
 * members, and here it is seen to be one. */
#define HEAD_OF_COMMAND struct msg_command_head
#define HEAD_OF_WRITE struct msg_write_head
#define HEAD_OF_ANSWER struct msg_answer_head
#define HEAD_OF_CHANGE struct msg_change_head
#define HEAD_OF_FACT struct msg_fact_head
#define HEAD_OF_FILE char
#define HEAD_OF_PART char

enum msg_class msg_type_class(enum msg_type type)
{
    switch (type) {
#define SAME_PLACE(kind, name, need)                                                               \
    _Static_assert(offsetof(it, name) == offsetof(head, name) &&                                   \
                       sizeof(((it *)0)->name) == sizeof(((head *)0)->name),                       \
                   "a message begins as its class does");
#define MSG_CLASS_OF(lower, UPPER, number, CLASS)                                                  \
    case MSG_TYPE_##UPPER: {                                                                       \
        typedef struct msg_##lower it;                                                             \
        typedef HEAD_OF_##CLASS head;                                                              \
        _Static_assert(sizeof(it) >= sizeof(head), "a message begins as its class does");          \
        MSG_##CLASS##_HEAD(SAME_PLACE) return MSG_CLASS_##CLASS;                                   \
    }
        MSG_TABLE(MSG_CLASS_OF)
#undef MSG_CLASS_OF
#undef SAME_PLACE
    }
    return MSG_CLASS_UNKNOWN;
}

uint64_t msg_id(const struct msg *msg)
{
    switch (msg_type_class(msg->type)) {
    case MSG_CLASS_COMMAND:
    case MSG_CLASS_WRITE:
    case MSG_CLASS_ANSWER:
    case MSG_CLASS_UNKNOWN:
        return msg->as_command.id;
    default:
        return 0;
    }
}
