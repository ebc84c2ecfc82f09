#include "tests/wire/samples.h"

#include <stdlib.h>
#include <string.h>

#include "common/wire/print.h"
#include "common/wire/value.h"

static const struct str seven_bytes = {"\xdf\xdf\xdf\xdf\xdf\xdf\xe2", 7};

static enum err decode(struct str frame, struct msg *msg)
{
    struct str rest = frame;
    enum err err = msg_decode(&rest, msg);

    if (err == ERR_MALFORMED) {
        assert_ptr_equal(frame.data, rest.data);
        assert_int_equal(frame.len, rest.len);
    } else {
        assert_int_equal(0, rest.len);
    }
    return err;
}

static void every_message_comes_back_equal(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        for (unsigned v = 0; v < SAMPLE_VARIANTS; v++) {
            struct msg msg = sample(sample_types[i], v);
            struct buf bytes = sample_encoded(sample_types[i], v);
            struct buf again = {0};
            struct msg back;

            memset(&back, 0xa5, sizeof(back));
            assert_int_equal(ERR_OK, decode(buf_str(&bytes), &back));
            assert_true(sample_equal(&msg, &back));
            msg_encode(&again, &back);
            assert_true(str_eq(buf_str(&bytes), buf_str(&again)));
            buf_fini(&bytes);
            buf_fini(&again);
        }
    }
}

static void a_frame_may_hold_every_message_one_after_the_other(void **state)
{
    struct buf frame = {0};
    struct str rest;

    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        struct msg msg = sample(sample_types[i], SAMPLE_USUAL);

        msg_encode(&frame, &msg);
    }
    rest = buf_str(&frame);
    for (size_t i = 0; i < sample_count; i++) {
        struct msg want = sample(sample_types[i], SAMPLE_USUAL);
        struct msg msg;

        assert_int_equal(ERR_OK, msg_decode(&rest, &msg));
        assert_true(sample_equal(&want, &msg));
    }
    assert_int_equal(0, rest.len);
    buf_fini(&frame);
}

/* In an allocation of exactly that size, so that a sanitizer sees a read behind it. */
static void every_prefix_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        struct buf bytes = sample_encoded(sample_types[i], SAMPLE_USUAL);

        for (size_t len = 0; len < bytes.len; len++) {
            char *copy = malloc(len + (len == 0));
            struct msg msg;

            assert_non_null(copy);
            memcpy(copy, bytes.data, len);
            assert_int_equal(ERR_MALFORMED, decode((struct str){copy, len}, &msg));
            free(copy);
        }
        buf_fini(&bytes);
    }
}

/* What decodes after a flip must also encode to something that decodes to the same. */
static void check_stable(struct str frame)
{
    struct buf json = {0};
    struct msg msg;

    frame_print(&json, frame);
    while (msg_decode(&frame, &msg) != ERR_MALFORMED) {
        struct buf bytes = {0};
        struct msg back;

        msg_encode(&bytes, &msg);
        assert_int_not_equal(ERR_MALFORMED, decode(buf_str(&bytes), &back));
        assert_true(sample_equal(&msg, &back));
        buf_fini(&bytes);
    }
    buf_fini(&json);
}

static void every_flipped_bit_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        struct buf bytes = sample_encoded(sample_types[i], SAMPLE_USUAL);
        char *copy = malloc(bytes.len);

        assert_non_null(copy);
        for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
            memcpy(copy, bytes.data, bytes.len);
            copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
            check_stable((struct str){copy, bytes.len});
        }
        free(copy);
        buf_fini(&bytes);
    }
}

/* ── fields more and less ─────────────────────────────────────────────────── */

/* The message with its first `fields` fields, then `more` bytes as `more_count` fields. */
static struct buf resized(enum msg_type type, uint32_t fields, struct str more, uint32_t more_count)
{
    struct buf whole = sample_encoded(type, SAMPLE_USUAL);
    struct cursor in = cursor_over(buf_str(&whole));
    struct buf bytes = {0};
    struct value head;
    const unsigned char *from;

    assert_true(value_next(&in, &head));
    assert_true(fields < head.number);
    from = in.at;
    for (uint32_t i = 0; i <= fields; i++) {
        assert_true(value_skip(&in));
    }
    buf_add_char(&bytes, (char)0xdc);
    buf_add_char(&bytes, 0);
    buf_add_char(&bytes, (char)(1 + fields + more_count));
    buf_add(&bytes, from, (size_t)(in.at - from));
    buf_add_str(&bytes, more);
    buf_fini(&whole);
    return bytes;
}

struct shape {
    enum msg_type type;
    uint32_t fields;
    uint32_t required;
};

static const struct shape shapes[] = {
#define ONE(kind, name, need) +1
#define ONE_REQUIRED(kind, name, need) +((need) == MSG_REQUIRED)
#define SHAPE(lower, UPPER, number, CLASS)                                                         \
    {MSG_TYPE_##UPPER, 0 MSG_##UPPER(ONE), 0 MSG_##UPPER(ONE_REQUIRED)},
    MSG_TABLE(SHAPE)};

static void fields_of_a_newer_version_are_kept_and_passed_on(void **state)
{
    static const struct str more = {"\xa3new\x93\x01\x02\x81\xa1k\xc0", 11};

    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        struct msg want = sample(shapes[i].type, SAMPLE_USUAL);
        struct buf bytes = resized(shapes[i].type, shapes[i].fields, more, 2);
        struct buf again = {0};
        struct msg msg;
        struct msg back;

        assert_int_equal(ERR_OK, decode(buf_str(&bytes), &msg));
        want.unknown = more;
        want.unknown_count = 2;
        assert_true(sample_equal(&want, &msg));
        msg_encode(&again, &msg);
        assert_int_equal(ERR_OK, decode(buf_str(&again), &back));
        assert_true(sample_equal(&want, &back));
        buf_fini(&again);
        buf_fini(&bytes);
    }
}

static void a_missing_field_is_zero_if_optional_and_refused_if_required(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        for (uint32_t fields = 0; fields < shapes[i].fields; fields++) {
            struct buf bytes = resized(shapes[i].type, fields, (struct str){0}, 0);
            enum err want = fields >= shapes[i].required ? ERR_OK : ERR_MALFORMED;
            struct msg msg;

            memset(&msg, 0xa5, sizeof(msg));
            assert_int_equal(want, decode(buf_str(&bytes), &msg));
            buf_fini(&bytes);
        }
    }
}

static void a_result_without_its_optional_fields_has_them_zero(void **state)
{
    struct msg msg;

    (void)state;
    memset(&msg, 0xa5, sizeof(msg));
    assert_int_equal(ERR_OK, decode(STR("\x96\x0e\x01\x02\x03\x04\x05"), &msg));
    assert_int_equal(5, msg.as_result.seq);
    assert_int_equal(0, msg.as_result.timestamp);
    assert_int_equal(0, msg.as_result.text.len);
    assert_int_equal(0, msg.unknown_count);
}

/* ── what is taken and what is not ────────────────────────────────────────── */

struct
try {
    struct str frame;
    enum err want;
    uint64_t id;
};

static void integers_are_taken_in_every_width_that_holds_them(void **state)
{
    static const struct try tries[] = {
        {{"\x92\x01\x07", 3}, ERR_OK, 7},
        {{"\x92\x01\xcc\x07", 4}, ERR_OK, 7},
        {{"\x92\x01\xcd\x00\x07", 5}, ERR_OK, 7},
        {{"\x92\x01\xce\x00\x00\x00\x07", 7}, ERR_OK, 7},
        {{"\x92\x01\xcf\x00\x00\x00\x00\x00\x00\x00\x07", 11}, ERR_OK, 7},
        {{"\x92\x01\xd0\x07", 4}, ERR_OK, 7},
        {{"\x92\x01\xd1\x00\x07", 5}, ERR_OK, 7},
        {{"\x92\x01\xd2\x00\x00\x00\x07", 7}, ERR_OK, 7},
        {{"\x92\x01\xd3\x00\x00\x00\x00\x00\x00\x00\x07", 11}, ERR_OK, 7},
        {{"\x92\x01\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 11}, ERR_OK, UINT64_MAX},
        {{"\x92\xcd\x00\x01\x07", 5}, ERR_OK, 7}, /* the type too */
        {{"\xdc\x00\x02\x01\x07", 5}, ERR_OK, 7}, /* and the array's length */
        {{"\xdd\x00\x00\x00\x02\x01\x07", 7}, ERR_OK, 7},
        {{"\x92\x01\xff", 3}, ERR_MALFORMED, 0},                                  /* -1 */
        {{"\x92\x01\xd0\x80", 4}, ERR_MALFORMED, 0},                              /* -128 */
        {{"\x92\x01\xd3\xff\xff\xff\xff\xff\xff\xff\xff", 11}, ERR_MALFORMED, 0}, /* -1 */
        {{"\x92\x01\xcb\x40\x1c\x00\x00\x00\x00\x00\x00", 11}, ERR_MALFORMED, 0}, /* 7.0 */
        {{"\x92\x01\xa1\x37", 4}, ERR_MALFORMED, 0},                              /* "7" */
        {{"\x92\x01\xc0", 3}, ERR_MALFORMED, 0},                                  /* nil */
        {{"\x92\xff\x07", 3}, ERR_MALFORMED, 0},                                  /* type -1 */
        {{"\x92\xcf\x00\x00\x00\x01\x00\x00\x00\x01\x07", 11}, ERR_MALFORMED, 0}, /* 2^32+1 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        struct msg msg;

        assert_int_equal(tries[i].want, decode(tries[i].frame, &msg));
        if (tries[i].want == ERR_OK) {
            assert_int_equal(MSG_TYPE_PING, msg.type);
            assert_true(msg.as_ping.id == tries[i].id);
        }
    }
}

static void an_integer_out_of_its_field_s_range_is_refused(void **state)
{
    struct msg msg;

    (void)state;
    /* FOOT's are u64, HEAD's format is u32, RESULT's err is i64 */
    assert_int_equal(ERR_OK, decode(STR("\x96\x2a\xce\xff\xff\xff\xff\x01\x02\xa0\x03"), &msg));
    assert_int_equal(UINT32_MAX, msg.as_head.format);
    assert_int_equal(ERR_MALFORMED,
                     decode(STR("\x96\x2a\xcf\0\0\0\1\0\0\0\0\x01\x02\xa0\x03"), &msg));
    assert_int_equal(
        ERR_OK, decode(STR("\x96\x0e\x01\xcf\x7f\xff\xff\xff\xff\xff\xff\xff\x03\x04\x05"), &msg));
    assert_true(msg.as_result.err == INT64_MAX);
    assert_int_equal(
        ERR_MALFORMED,
        decode(STR("\x96\x0e\x01\xcf\x80\x00\x00\x00\x00\x00\x00\x00\x03\x04\x05"), &msg));
}

static void claims_without_bytes_behind_them_are_refused(void **state)
{
    static const struct str frames[] = {
        {"", 0},
        {"\x90", 1},                             /* no type */
        {"\x92\x01", 2},                         /* no id */
        {"\xc1", 1},                             /* never used */
        {"\xdd\xff\xff\xff\xff\x01\x07", 7},     /* 2^32 - 1 fields */
        {"\x93\x05\x01\xdb\xff\xff\xff\xff", 8}, /* LOG_LEVEL, 4 GiB of level */
        {"\x97\x32\x01\x02\x03\x04\xdd\x7f\xff\xff\xff", 11},
        {"\x93\x01\x07\xdf\xff\xff\xff\xff", 8}, /* an unknown field */
        {"\x93\x01\x07\xc9\xff\xff\xff\xff\x01", 9},
    };
    struct msg msg;

    (void)state;
    assert_int_equal(ERR_MALFORMED, decode(seven_bytes, &msg));
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        assert_int_equal(ERR_MALFORMED, decode(frames[i], &msg));
    }
}

static void an_unknown_type_is_named_with_its_id_and_passed_on(void **state)
{
    static const struct str frame = {"\x93\xcd\x03\xe8\x2a\xa1x", 7};
    struct buf again = {0};
    struct msg msg;

    (void)state;
    assert_int_equal(ERR_UNSUPPORTED, decode(frame, &msg));
    assert_int_equal(1000, msg.type);
    assert_int_equal(42, msg.as_ping.id);
    assert_int_equal(42, msg_id(&msg));
    assert_null(msg_type_name(msg.type));
    msg_encode(&again, &msg);
    assert_true(str_eq(frame, buf_str(&again)));
    buf_fini(&again);
    assert_int_equal(ERR_UNSUPPORTED, decode(STR("\x92\xcd\x03\xe8\xa1x"), &msg));
    assert_int_equal(0, msg.as_ping.id);
    assert_int_equal(ERR_UNSUPPORTED, decode(STR("\x91\xcd\x03\xe8"), &msg));
    assert_int_equal(0, msg.as_ping.id);
}

static void lists_are_checked_when_their_message_is_decoded(void **state)
{
    struct msg msg;

    (void)state;
    /* NODES: epoch, boot, seq, nodes */
    assert_int_equal(ERR_OK, decode(STR("\x95\x46\x01\x02\x03\x91\x92\x01\x07"), &msg));
    assert_int_equal(ERR_OK, decode(STR("\x95\x46\x01\x02\x03\x91\x92\xcc\xc8\x07"), &msg));
    assert_int_equal(ERR_MALFORMED, decode(STR("\x95\x46\x01\x02\x03\x91\x92\x01\xa0"), &msg));
    assert_int_equal(ERR_MALFORMED, decode(STR("\x95\x46\x01\x02\x03\x91\x91\x01"), &msg));
    assert_int_equal(ERR_MALFORMED, decode(STR("\x95\x46\x01\x02\x03\x91\x07"), &msg));
    assert_int_equal(ERR_MALFORMED, decode(STR("\x95\x46\x01\x02\x03\x91\x90"), &msg));
    assert_int_equal(ERR_MALFORMED, decode(STR("\x95\x46\x01\x02\x03\x80"), &msg));
    /* HOST: hostname, status, metadata, metadata_null */
    assert_int_equal(ERR_OK, decode(STR("\x95\x18\xa1h\x01\x81\xa1k\xa1v\xc2"), &msg));
    assert_int_equal(ERR_MALFORMED, decode(STR("\x95\x18\xa1h\x01\x81\xa1k\x01\xc2"), &msg));
    assert_int_equal(ERR_MALFORMED, decode(STR("\x95\x18\xa1h\x01\x81\x01\xa1v\xc2"), &msg));
    assert_int_equal(ERR_MALFORMED, decode(STR("\x95\x18\xa1h\x01\x81\xa1k\xa1v\x01"), &msg));
    assert_int_equal(ERR_MALFORMED, decode(STR("\x95\x18\xc4\x01h\x01\x80\xc2"), &msg));
}

static void the_walk_over_a_list_skips_unknown_types(void **state)
{
    struct str rest = STR("\x92\xcc\xc8\x01\x92\x01\x07\x91\xcc\xc9\x92\x02\x08\x91\xcc\xca");
    struct msg msg;

    (void)state;
    assert_true(msg_next(&rest, &msg));
    assert_int_equal(MSG_TYPE_PING, msg.type);
    assert_true(msg_next(&rest, &msg));
    assert_int_equal(MSG_TYPE_STATS, msg.type);
    assert_false(msg_next(&rest, &msg));
    assert_false(msg_next(&rest, &msg));
}

/* An unknown PING field of arrays inside each other. */
static enum err decode_nested(unsigned depth)
{
    struct buf bytes = {0};
    struct msg msg;
    enum err err;

    buf_add_str(&bytes, STR("\x93\x01\x07"));
    for (unsigned i = 0; i < depth; i++) {
        buf_add_char(&bytes, (char)0x91);
    }
    buf_add_char(&bytes, 0);
    err = decode(buf_str(&bytes), &msg);
    buf_fini(&bytes);
    return err;
}

/* NODES inside NODES. */
static enum err decode_nodes(unsigned depth)
{
    struct buf bytes = {0};
    struct msg msg;
    enum err err;

    for (unsigned i = 1; i < depth; i++) {
        buf_add_str(&bytes, STR("\x95\x46\x01\x02\x03\x91"));
    }
    buf_add_str(&bytes, STR("\x95\x46\x01\x02\x03\x90"));
    err = decode(buf_str(&bytes), &msg);
    buf_fini(&bytes);
    return err;
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(ERR_OK, decode_nested(15));
    assert_int_equal(ERR_MALFORMED, decode_nested(16));
    assert_int_equal(ERR_MALFORMED, decode_nested(100000));
    assert_int_equal(ERR_OK, decode_nodes(8));
    assert_int_equal(ERR_MALFORMED, decode_nodes(9));
    assert_int_equal(ERR_MALFORMED, decode_nodes(100000));
}

/* ── building lists; names ────────────────────────────────────────────────── */

static void lists_grow_at_the_end_of_their_store(void **state)
{
    struct msg_list list = {0};
    struct msg_counts counts = {0};
    struct buf store = {0};
    struct str name;
    int64_t value;

    (void)state;
    buf_add_str(&store, STR("before"));
    for (uint64_t i = 0; i < 100; i++) {
        struct msg ping = {.type = MSG_TYPE_PING, .as_ping.id = i};

        msg_list_add(&list, &store, &ping);
    }
    assert_int_equal(100, list.count);
    for (uint64_t i = 0; i < 100; i++) {
        struct msg msg;

        assert_true(msg_next(&list.bytes, &msg));
        assert_true(msg.as_ping.id == i);
    }
    assert_int_equal(0, list.bytes.len);
    for (int i = 0; i < 100; i++) {
        counts_add(&counts, &store, "name", -i);
    }
    for (int i = 0; i < 100; i++) {
        assert_true(counts_next(&counts.bytes, &name, &value));
        assert_true(str_eq(STR("name"), name));
        assert_int_equal(-i, value);
    }
    assert_false(counts_next(&counts.bytes, &name, &value));
    buf_fini(&store);
}

static void the_id_is_that_of_the_first_field_and_0_where_there_is_none(void **state)
{
    struct msg ping = sample(MSG_TYPE_PING, SAMPLE_USUAL);
    struct msg result = sample(MSG_TYPE_RESULT, SAMPLE_USUAL);
    struct msg put = sample(MSG_TYPE_PUT, SAMPLE_USUAL);
    struct msg turn = sample(MSG_TYPE_TURN, SAMPLE_USUAL);

    (void)state;
    assert_int_equal(ping.as_ping.id, msg_id(&ping));
    assert_int_equal(result.as_result.id, msg_id(&result));
    assert_int_equal(0, msg_id(&put));
    assert_int_equal(0, msg_id(&turn));
    /* msg_id looks where PING has it: id is first wherever it is. */
#define FIELD_AT(kind, name, need)                                                                 \
    assert_true(strcmp(#name, "id") != 0 ||                                                        \
                (const void *)&fields->name == (const void *)&ping.as_ping);
#define MSG_AT(lower, UPPER, number, CLASS)                                                        \
    {                                                                                              \
        const struct msg_##lower *fields = &ping.as_##lower;                                       \
        MSG_##UPPER(FIELD_AT)                                                                      \
    }
    MSG_TABLE(MSG_AT)
}

static void a_type_is_of_one_class(void **state)
{
    static const struct {
        enum msg_type type;
        enum msg_class class;
    } told[] = {
        {MSG_TYPE_PING, MSG_CLASS_COMMAND}, {MSG_TYPE_SET, MSG_CLASS_WRITE},
        {MSG_TYPE_ACK, MSG_CLASS_ANSWER},   {MSG_TYPE_GONE, MSG_CLASS_CHANGE},
        {MSG_TYPE_FOOT, MSG_CLASS_FILE},    {MSG_TYPE_CHANGED, MSG_CLASS_FACT},
        {MSG_TYPE_NODE, MSG_CLASS_PART},    {(enum msg_type)127, MSG_CLASS_UNKNOWN},
    };
    struct msg set = {.type = MSG_TYPE_SET,
                      .as_set = {.id = 7, .gateway = 8, .expires = 9, .origin = ORIGIN_PEER}};
    struct msg gone = {.type = MSG_TYPE_GONE, .as_gone = {.seq = 5, .hostname = STR("h")}};

    (void)state;
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        assert_int_equal(told[i].class, msg_type_class(told[i].type));
    }
    assert_int_equal(8, set.as_write.gateway);
    assert_int_equal(ORIGIN_PEER, set.as_write.origin);
    assert_int_equal(5, gone.as_change.seq);
    assert_true(str_eq(STR("h"), gone.as_change.hostname));
}

static void types_have_names_and_none_is_used_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        assert_non_null(msg_type_name(sample_types[i]));
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(sample_types[i], sample_types[j]);
        }
    }
    assert_string_equal("PING", msg_type_name(MSG_TYPE_PING));
    assert_false(msg_type_skippable(127));
    assert_true(msg_type_skippable(128));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back_equal),
        cmocka_unit_test(a_frame_may_hold_every_message_one_after_the_other),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_flipped_bit_is_survived),
        cmocka_unit_test(fields_of_a_newer_version_are_kept_and_passed_on),
        cmocka_unit_test(a_missing_field_is_zero_if_optional_and_refused_if_required),
        cmocka_unit_test(a_result_without_its_optional_fields_has_them_zero),
        cmocka_unit_test(integers_are_taken_in_every_width_that_holds_them),
        cmocka_unit_test(an_integer_out_of_its_field_s_range_is_refused),
        cmocka_unit_test(claims_without_bytes_behind_them_are_refused),
        cmocka_unit_test(an_unknown_type_is_named_with_its_id_and_passed_on),
        cmocka_unit_test(lists_are_checked_when_their_message_is_decoded),
        cmocka_unit_test(the_walk_over_a_list_skips_unknown_types),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(lists_grow_at_the_end_of_their_store),
        cmocka_unit_test(the_id_is_that_of_the_first_field_and_0_where_there_is_none),
        cmocka_unit_test(a_type_is_of_one_class),
        cmocka_unit_test(types_have_names_and_none_is_used_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
