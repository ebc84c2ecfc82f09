#include "common/wire/print.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "common/wire/value.h"

void json_add_str(struct buf *json, struct str s)
{
    buf_add_char(json, '"');
    while (s.len > 0) {
        size_t len = str_utf8(s);

        if (len == 0) {
            len = 1;
            buf_add_str(json, STR("\xef\xbf\xbd"));
        } else if (str_commands(s.data, len)) {
            buf_printf(json, "\\u%04x", (unsigned)str_codepoint(s.data, len));
        } else {
            if (s.data[0] == '"' || s.data[0] == '\\') {
                buf_add_char(json, '\\');
            }
            buf_add(json, s.data, len);
        }
        s.data += len;
        s.len -= len;
    }
    buf_add_char(json, '"');
}

static void add_hex(struct buf *json, struct str bytes)
{
    static const char digits[] = "0123456789abcdef";

    buf_add_char(json, '"');
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned byte = (unsigned char)bytes.data[i];

        buf_add_char(json, digits[byte >> 4]);
        buf_add_char(json, digits[byte & 15]);
    }
    buf_add_char(json, '"');
}

static void add_comma(struct buf *json, bool first)
{
    if (!first) {
        buf_add_char(json, ',');
    }
}

/* ── any msgpack value ────────────────────────────────────────────────────── */

static bool print_value(struct buf *json, struct cursor *in);

/* JSON has only string keys: a scalar is shown as the string of its JSON, an
 * array or map by its bytes (escapes inside escapes would double at every level). */
static bool print_key(struct buf *json, struct cursor *in)
{
    struct cursor from = *in;
    struct cursor peek = *in;
    struct buf key = {0};
    struct value value;

    if (!value_skip(in) || !value_next(&peek, &value)) {
        return false;
    }
    if (value.kind == VALUE_STR) {
        return print_value(json, &from);
    }
    if (value.kind == VALUE_ARRAY || value.kind == VALUE_MAP) {
        add_hex(json, (struct str){(const char *)from.at, (size_t)(in->at - from.at)});
        return true;
    }
    print_value(&key, &from);
    json_add_str(json, buf_str(&key));
    buf_fini(&key);
    return true;
}

static bool print_items(struct buf *json, struct cursor *in, const struct value *value)
{
    bool map = value->kind == VALUE_MAP;

    if (in->depth == 0) {
        return false;
    }
    in->depth--;
    buf_add_char(json, map ? '{' : '[');
    for (uint64_t i = 0; i < value->number; i++) {
        add_comma(json, i == 0);
        if (map) {
            if (!print_key(json, in)) {
                return false;
            }
            buf_add_char(json, ':');
        }
        if (!print_value(json, in)) {
            return false;
        }
    }
    buf_add_char(json, map ? '}' : ']');
    in->depth++;
    return true;
}

static void print_real(struct buf *json, double real)
{
    if (isfinite(real)) {
        buf_printf(json, "%.17g", real);
    } else {
        buf_add_str(json, isnan(real) ? STR("\"nan\"")
                          : real > 0  ? STR("\"inf\"")
                                      : STR("\"-inf\""));
    }
}

static bool print_value(struct buf *json, struct cursor *in)
{
    struct value value;

    if (!value_next(in, &value)) {
        return false;
    }
    switch (value.kind) {
    case VALUE_NIL:
        buf_add_str(json, STR("null"));
        break;
    case VALUE_FLAG:
        buf_add_str(json, value.number != 0 ? STR("true") : STR("false"));
        break;
    case VALUE_INT:
        buf_add_i64(json, (int64_t)value.number);
        break;
    case VALUE_BIG:
        buf_printf(json, "%" PRIu64, value.number);
        break;
    case VALUE_REAL:
        print_real(json, value.real);
        break;
    case VALUE_STR:
        json_add_str(json, value.bytes);
        break;
    case VALUE_BIN:
        add_hex(json, value.bytes);
        break;
    case VALUE_ARRAY:
    case VALUE_MAP:
        return print_items(json, in, &value);
    case VALUE_EXT:
        buf_printf(json, "{\"ext\":%d,\"data\":", (int)(int8_t)value.number);
        add_hex(json, value.bytes);
        buf_add_char(json, '}');
        break;
    }
    return true;
}

/* ── fields ───────────────────────────────────────────────────────────────── */

static void print_str(struct buf *json, wire_str value)
{
    json_add_str(json, value);
}

static void print_bin(struct buf *json, wire_bin value)
{
    add_hex(json, value);
}

static void print_i64(struct buf *json, wire_i64 value)
{
    buf_add_i64(json, value);
}

static void print_u64(struct buf *json, wire_u64 value)
{
    buf_printf(json, "%" PRIu64, value);
}

static void print_u32(struct buf *json, wire_u32 value)
{
    buf_add_i64(json, value);
}

static void print_flag(struct buf *json, wire_flag value)
{
    buf_add_str(json, value ? STR("true") : STR("false"));
}

static void print_strs(struct buf *json, wire_strs value)
{
    struct str item;

    buf_add_char(json, '[');
    for (bool first = true; strs_next(&value.bytes, &item); first = false) {
        add_comma(json, first);
        json_add_str(json, item);
    }
    buf_add_char(json, ']');
}

static void print_pairs(struct buf *json, wire_pairs value)
{
    struct str item;
    bool key = true;

    buf_add_char(json, '{');
    for (bool first = true; strs_next(&value.bytes, &item); first = false) {
        if (!first) {
            buf_add_char(json, key ? ',' : ':');
        }
        json_add_str(json, item);
        key = !key;
    }
    buf_add_char(json, '}');
}

static void print_counts(struct buf *json, wire_counts value)
{
    struct str name;
    int64_t number;

    buf_add_char(json, '{');
    for (bool first = true; counts_next(&value.bytes, &name, &number); first = false) {
        add_comma(json, first);
        json_add_str(json, name);
        buf_add_char(json, ':');
        buf_add_i64(json, number);
    }
    buf_add_char(json, '}');
}

/* msg_next would hide the messages whose type is unknown. */
static void print_msgs(struct buf *json, wire_msgs value)
{
    struct msg msg;

    buf_add_char(json, '[');
    for (bool first = true; msg_decode(&value.bytes, &msg) != ERR_MALFORMED; first = false) {
        add_comma(json, first);
        msg_print(json, &msg);
    }
    buf_add_char(json, ']');
}

static void print_raw(struct buf *json, struct str bytes, uint32_t count)
{
    struct cursor in = cursor_over(bytes);

    for (uint32_t i = 0; i < count; i++) {
        add_comma(json, i == 0);
        if (!print_value(json, &in)) {
            return; /* not from msg_decode */
        }
    }
}

static void print_any(struct buf *json, wire_any value)
{
    if (value.len == 0) {
        buf_add_str(json, STR("null"));
    } else {
        print_raw(json, value, 1);
    }
}

/* ── messages ─────────────────────────────────────────────────────────────── */

/* Every field with a comma before it. */
static void print_fields(struct buf *json, const struct msg *msg)
{
    bool known = false;

    switch (msg->type) {
        // clang-format off
#define FIELD_PRINT(kind, name, need)          \
    buf_add_str(json, STR(",\"" #name "\":")); \
    print_##kind(json, fields->name);
#define MSG_PRINT(lower, UPPER, number, CLASS)                      \
    case MSG_TYPE_##UPPER: {                                 \
        const struct msg_##lower *fields = &msg->as_##lower; \
        known = true;                                        \
        MSG_##UPPER(FIELD_PRINT)                             \
        break;                                               \
    }
        // clang-format on
        MSG_TABLE(MSG_PRINT)
#undef MSG_PRINT
#undef FIELD_PRINT
    }
    if (msg->unknown_count != 0) {
        buf_add_str(json, known ? STR(",\"unknown\":[") : STR(",\"fields\":["));
        print_raw(json, msg->unknown, msg->unknown_count);
        buf_add_char(json, ']');
    }
}

void msg_print(struct buf *json, const struct msg *msg)
{
    const char *name = msg_type_name(msg->type);

    buf_add_str(json, STR("{\"type\":"));
    if (name != NULL) {
        json_add_str(json, str_from(name));
    } else {
        buf_add_i64(json, (int64_t)msg->type);
    }
    print_fields(json, msg);
    buf_add_char(json, '}');
}

void msg_print_fields(struct buf *json, const struct msg *msg)
{
    size_t from = json->len;

    print_fields(json, msg);
    if (json->len == from) {
        buf_add_char(json, '{');
    } else {
        json->data[from] = '{'; /* in place of the first comma */
    }
    buf_add_char(json, '}');
}

/* Appends one value; if it is none, json is as before. */
static bool add_value(struct buf *json, struct str *rest)
{
    struct cursor in = cursor_over(*rest);
    size_t from = json->len;

    buf_add_str(json, STR("{\"value\":"));
    if (!print_value(json, &in)) {
        json->len = from;
        return false;
    }
    buf_add_char(json, '}');
    *rest = (struct str){(const char *)in.at, cursor_left(&in)};
    return true;
}

void frame_print(struct buf *json, struct str frame)
{
    struct str rest = frame;
    struct msg msg;

    buf_add_char(json, '[');
    while (rest.len > 0) {
        add_comma(json, rest.len == frame.len);
        if (msg_decode(&rest, &msg) != ERR_MALFORMED) {
            msg_print(json, &msg);
        } else if (!add_value(json, &rest)) {
            buf_printf(json, "{\"damaged_at\":%zu,\"hex\":", frame.len - rest.len);
            add_hex(json, rest);
            buf_add_char(json, '}');
            rest.len = 0;
        }
    }
    buf_add_char(json, ']');
}
