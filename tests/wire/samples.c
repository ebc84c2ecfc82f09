#include "tests/wire/samples.h"

#include <string.h>

enum { long_bytes = 70000 };

const enum msg_type sample_types[] = {
#define TYPE(lower, UPPER, number, CLASS) MSG_TYPE_##UPPER,
    MSG_TABLE(TYPE)
#undef TYPE
};
const size_t sample_count = sizeof(sample_types) / sizeof(sample_types[0]);

/* Text of a usual field: a window into this, another one for each field. */
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static char *long_text(void)
{
    static char text[long_bytes + 64];

    if (text[0] == 0) {
        for (size_t i = 0; i < sizeof(text); i++) {
            text[i] = (char)(i % 251 + 1); /* also what is no UTF-8 */
        }
    }
    return text;
}

static struct str text_of(enum sample_variant variant, unsigned n)
{
    switch (variant) {
    case SAMPLE_EMPTY:
        return (struct str){0};
    case SAMPLE_USUAL:
        return (struct str){letters + n, 3 + n % 5};
    default:
        return (struct str){long_text() + n, n % 3 == 0 ? long_bytes : n % 3 == 1 ? 300 : 40};
    }
}

static wire_str make_str(enum sample_variant variant, unsigned n)
{
    return text_of(variant, n);
}

static wire_bin make_bin(enum sample_variant variant, unsigned n)
{
    return text_of(variant, n);
}

static wire_i64 make_i64(enum sample_variant variant, unsigned n)
{
    return variant == SAMPLE_EMPTY   ? 0
           : variant == SAMPLE_USUAL ? -1000 * (int64_t)n
                                     : INT64_MIN + n;
}

static wire_u64 make_u64(enum sample_variant variant, unsigned n)
{
    return variant == SAMPLE_EMPTY ? 0 : variant == SAMPLE_USUAL ? 100 + n : UINT64_MAX - n;
}

static wire_u32 make_u32(enum sample_variant variant, unsigned n)
{
    return variant == SAMPLE_EMPTY ? 0 : variant == SAMPLE_USUAL ? 1 + n : UINT32_MAX - n;
}

static wire_flag make_flag(enum sample_variant variant, unsigned n)
{
    return variant != SAMPLE_EMPTY && n % 2 == 0;
}

static wire_strs make_strs(enum sample_variant variant, unsigned n)
{
    (void)n;
    switch (variant) {
    case SAMPLE_EMPTY:
        return (wire_strs){0};
    case SAMPLE_USUAL:
        return (wire_strs){2, STR("\xa1\x61\xa3\x62\x63\x64")};
    default: /* one of each width */
        return (wire_strs){4, STR("\xa0\xd9\x01x\xda\x00\x01y\xdb\x00\x00\x00\x01z")};
    }
}

static wire_pairs make_pairs(enum sample_variant variant, unsigned n)
{
    wire_strs strs = make_strs(variant, n);

    strs.count /= 2;
    return strs;
}

static wire_counts make_counts(enum sample_variant variant, unsigned n)
{
    switch (variant) {
    case SAMPLE_EMPTY:
        return (wire_counts){0};
    case SAMPLE_USUAL:
        return n % 2 == 0 ? (wire_counts){2, STR("\xa1\x61\x07\xa1\x62\xcd\x01\x00")}
                          : (wire_counts){1, STR("\xa1\x63\x09")};
    default:
        return (wire_counts){1, STR("\xa1z\xd3\x80\x00\x00\x00\x00\x00\x00\x00")};
    }
}

static wire_msgs make_msgs(enum sample_variant variant, unsigned n)
{
    switch (variant) {
    case SAMPLE_EMPTY:
        return (wire_msgs){0};
    case SAMPLE_USUAL: /* PING, SYNCED */
        return n % 2 == 0 ? (wire_msgs){2, STR("\x92\x01\x07\x93\x1a\x08\xa2ok")}
                          : (wire_msgs){1, STR("\x92\x01\x09")};
    default: /* PING with an unknown field, and an unknown type */
        return (wire_msgs){2, STR("\x93\x01\x07\xc0\x92\xcd\x03\xe8\x81\x01\xc3")};
    }
}

static wire_any make_any(enum sample_variant variant, unsigned n)
{
    (void)n;
    switch (variant) {
    case SAMPLE_EMPTY:
        return STR("\xc0");
    case SAMPLE_USUAL:
        return STR("\x82\xa1\x61\x91\x01\xa1\x62\xc3");
    default:
        return STR(
            "\x95\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\xc4\x01\xff\xd4\x05\xaa\xcf\xff\xff\xff"
            "\xff\xff\xff\xff\xff\x81\x2a\xc0");
    }
}

struct msg sample(enum msg_type type, enum sample_variant variant)
{
    struct msg msg = {.type = type};
    unsigned n = 0;

    switch (type) {
#define FIELD_MAKE(kind, name, need) fields->name = make_##kind(variant, n++);
#define MSG_MAKE(lower, UPPER, number, CLASS)                                                      \
    case MSG_TYPE_##UPPER: {                                                                       \
        struct msg_##lower *fields = &msg.as_##lower;                                              \
        MSG_##UPPER(FIELD_MAKE) break;                                                             \
    }
        MSG_TABLE(MSG_MAKE)
#undef MSG_MAKE
#undef FIELD_MAKE
    }
    return msg;
}

#define EQUAL_NUMBER(kind)                                                                         \
    static bool equal_##kind(wire_##kind a, wire_##kind b)                                         \
    {                                                                                              \
        return a == b;                                                                             \
    }
EQUAL_NUMBER(i64)
EQUAL_NUMBER(u64)
EQUAL_NUMBER(u32)
EQUAL_NUMBER(flag)
#define EQUAL_BYTES(kind)                                                                          \
    static bool equal_##kind(wire_##kind a, wire_##kind b)                                         \
    {                                                                                              \
        return str_eq(a, b);                                                                       \
    }
EQUAL_BYTES(str)
EQUAL_BYTES(bin)
EQUAL_BYTES(any)
#define EQUAL_LIST(kind)                                                                           \
    static bool equal_##kind(wire_##kind a, wire_##kind b)                                         \
    {                                                                                              \
        return a.count == b.count && str_eq(a.bytes, b.bytes);                                     \
    }
EQUAL_LIST(strs)
EQUAL_LIST(pairs)
EQUAL_LIST(counts)
EQUAL_LIST(msgs)

bool sample_equal(const struct msg *a, const struct msg *b)
{
    bool equal = a->type == b->type && a->unknown_count == b->unknown_count &&
                 str_eq(a->unknown, b->unknown);

    switch (equal ? a->type : 0) {
#define FIELD_EQUAL(kind, name, need) equal = equal && equal_##kind(x->name, y->name);
#define MSG_EQUAL(lower, UPPER, number, CLASS)                                                     \
    case MSG_TYPE_##UPPER: {                                                                       \
        const struct msg_##lower *x = &a->as_##lower;                                              \
        const struct msg_##lower *y = &b->as_##lower;                                              \
        MSG_##UPPER(FIELD_EQUAL) break;                                                            \
    }
        MSG_TABLE(MSG_EQUAL)
#undef MSG_EQUAL
#undef FIELD_EQUAL
    default:
        break;
    }
    return equal;
}

struct buf sample_encoded(enum msg_type type, enum sample_variant variant)
{
    struct msg msg = sample(type, variant);
    struct buf bytes = {0};

    msg_encode(&bytes, &msg);
    return bytes;
}
