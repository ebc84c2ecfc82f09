/* msgpack-c's own decoder as the oracle of what msg_encode writes. */
#include "tests/wire/samples.h"

#include <msgpack.h>

static void same_u64(const msgpack_object *o, wire_u64 value)
{
    assert_int_equal(MSGPACK_OBJECT_POSITIVE_INTEGER, o->type);
    assert_true(o->via.u64 == value);
}

static void same_u32(const msgpack_object *o, wire_u32 value)
{
    same_u64(o, value);
}

static void same_i64(const msgpack_object *o, wire_i64 value)
{
    assert_int_equal(value < 0 ? MSGPACK_OBJECT_NEGATIVE_INTEGER : MSGPACK_OBJECT_POSITIVE_INTEGER,
                     o->type);
    assert_true(o->via.i64 == value);
}

static void same_flag(const msgpack_object *o, wire_flag value)
{
    assert_int_equal(MSGPACK_OBJECT_BOOLEAN, o->type);
    assert_true(o->via.boolean == value);
}

static void same_str(const msgpack_object *o, wire_str value)
{
    assert_int_equal(MSGPACK_OBJECT_STR, o->type);
    assert_true(str_eq(value, (struct str){o->via.str.ptr, o->via.str.size}));
}

static void same_bin(const msgpack_object *o, wire_bin value)
{
    assert_int_equal(MSGPACK_OBJECT_BIN, o->type);
    assert_true(str_eq(value, (struct str){o->via.bin.ptr, o->via.bin.size}));
}

static void same_any(const msgpack_object *o, wire_any value)
{
    msgpack_sbuffer packed;
    msgpack_packer pk;

    msgpack_sbuffer_init(&packed);
    msgpack_packer_init(&pk, &packed, msgpack_sbuffer_write);
    assert_int_equal(0, msgpack_pack_object(&pk, *o));
    assert_true(str_eq(value, (struct str){packed.data, packed.size}));
    msgpack_sbuffer_destroy(&packed);
}

static void same_strs(const msgpack_object *o, wire_strs value)
{
    struct str item;

    assert_int_equal(MSGPACK_OBJECT_ARRAY, o->type);
    assert_int_equal(value.count, o->via.array.size);
    for (uint32_t i = 0; i < value.count; i++) {
        assert_true(strs_next(&value.bytes, &item));
        same_str(&o->via.array.ptr[i], item);
    }
    assert_false(strs_next(&value.bytes, &item));
}

static void same_pairs(const msgpack_object *o, wire_pairs value)
{
    struct str item;

    assert_int_equal(MSGPACK_OBJECT_MAP, o->type);
    assert_int_equal(value.count, o->via.map.size);
    for (uint32_t i = 0; i < value.count; i++) {
        assert_true(strs_next(&value.bytes, &item));
        same_str(&o->via.map.ptr[i].key, item);
        assert_true(strs_next(&value.bytes, &item));
        same_str(&o->via.map.ptr[i].val, item);
    }
}

static void same_counts(const msgpack_object *o, wire_counts value)
{
    struct str name;
    int64_t number;

    assert_int_equal(MSGPACK_OBJECT_MAP, o->type);
    assert_int_equal(value.count, o->via.map.size);
    for (uint32_t i = 0; i < value.count; i++) {
        assert_true(counts_next(&value.bytes, &name, &number));
        same_str(&o->via.map.ptr[i].key, name);
        same_i64(&o->via.map.ptr[i].val, number);
    }
    assert_false(counts_next(&value.bytes, &name, &number));
}

static void same_msgs(const msgpack_object *o, wire_msgs value)
{
    assert_int_equal(MSGPACK_OBJECT_ARRAY, o->type);
    assert_int_equal(value.count, o->via.array.size);
    for (uint32_t i = 0; i < value.count; i++) {
        struct str before = value.bytes;
        struct msg msg;

        assert_int_not_equal(ERR_MALFORMED, msg_decode(&value.bytes, &msg));
        before.len -= value.bytes.len;
        same_any(&o->via.array.ptr[i], before);
    }
    assert_int_equal(0, value.bytes.len);
}

static void same_message(const msgpack_object *o, const struct msg *msg)
{
    const msgpack_object *item = o->via.array.ptr;

    assert_int_equal(MSGPACK_OBJECT_ARRAY, o->type);
    same_u64(item++, (uint64_t)msg->type);
    switch (msg->type) {
#define FIELD_SAME(kind, name, need) same_##kind(item++, fields->name);
#define MSG_SAME(lower, UPPER, number, CLASS)                                                      \
    case MSG_TYPE_##UPPER: {                                                                       \
        const struct msg_##lower *fields = &msg->as_##lower;                                       \
        MSG_##UPPER(FIELD_SAME) break;                                                             \
    }
        MSG_TABLE(MSG_SAME)
    }
    assert_int_equal(o->via.array.size, item - o->via.array.ptr);
}

static void msgpack_c_reads_the_same_values_from_what_is_encoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        for (unsigned v = 0; v < SAMPLE_VARIANTS; v++) {
            struct msg msg = sample(sample_types[i], v);
            struct buf bytes = sample_encoded(sample_types[i], v);
            msgpack_unpacked unpacked;
            size_t at = 0;

            msgpack_unpacked_init(&unpacked);
            assert_int_equal(MSGPACK_UNPACK_SUCCESS,
                             msgpack_unpack_next(&unpacked, bytes.data, bytes.len, &at));
            assert_int_equal(bytes.len, at);
            same_message(&unpacked.data, &msg);
            msgpack_unpacked_destroy(&unpacked);
            buf_fini(&bytes);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(msgpack_c_reads_the_same_values_from_what_is_encoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
