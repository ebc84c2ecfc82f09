#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/prng.h"
#include "common/etcdapi/protobuf.h"

/* The two examples of protobuf's own page. */
static void fields_are_written_as_protobuf_has_them(void **state)
{
    struct buf to = {0};

    (void)state;
    pb_add_varint(&to, 1, 150);
    pb_add_bytes(&to, 2, STR("testing"));
    assert_int_equal(to.len, 12);
    assert_memory_equal(to.data, "\x08\x96\x01\x12\x07testing", 12);
    to.len = 0;
    pb_add_nonzero(&to, 1, 0);
    pb_add_nonempty(&to, 2, STR(""));
    assert_int_equal(to.len, 0);
    pb_add_varint(&to, 1, 0);
    pb_add_bytes(&to, 2, STR(""));
    assert_memory_equal(to.data, "\x08\x00\x12\x00", 4);
    buf_fini(&to);
}

static void numbers_of_every_length_come_back(void **state)
{
    struct buf to = {0};
    struct pb_field field;

    (void)state;
    for (unsigned bits = 0; bits <= 64; bits++) {
        uint64_t value = bits == 0 ? 0 : UINT64_MAX >> (64 - bits);
        struct str rest;

        to.len = 0;
        pb_add_varint(&to, 1 + bits * 1000, value);
        rest = buf_str(&to);
        assert_true(pb_next(&rest, &field));
        assert_int_equal(field.number, 1 + bits * 1000);
        assert_int_equal(field.wire, PB_VARINT);
        assert_true(field.value == value && rest.len == 0);
        assert_false(pb_next(&rest, &field));
    }
    buf_fini(&to);
}

static void every_kind_of_field_is_taken(void **state)
{
    struct str rest = STR("\x08\x05\x11"
                          "12345678\x1a\x02hi\x25"
                          "1234");
    struct pb_field field;

    (void)state;
    assert_true(pb_next(&rest, &field) && field.wire == PB_VARINT && field.value == 5);
    assert_true(pb_next(&rest, &field) && field.wire == PB_FIXED64 && field.number == 2);
    assert_true(str_eq(field.bytes, STR("12345678")));
    assert_true(pb_next(&rest, &field) && field.wire == PB_BYTES && field.number == 3);
    assert_true(str_eq(field.bytes, STR("hi")));
    assert_true(pb_next(&rest, &field) && field.wire == PB_FIXED32 && field.number == 4);
    assert_true(str_eq(field.bytes, STR("1234")));
    assert_int_equal(rest.len, 0);
}

static void what_is_cut_or_no_field_is_refused(void **state)
{
    static const struct str cases[] = {
        {"\x08", 1},                                              /* no number */
        {"\x08\x80", 2},                                          /* it is cut */
        {"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12}, /* too long */
        {"\x12\x03hi", 4},                                        /* fewer bytes than said */
        {"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},     /* more than there can be */
        {"\x11"
         "1234567",
         8},
        {"\x25"
         "123",
         4},
        {"\x00\x01", 2},                 /* field 0 */
        {"\x0b", 1},                     /* a group begins */
        {"\x0c", 1},                     /* … and ends */
        {"\x0e\x01", 2},                 /* no kind */
        {"\x88\x80\x80\x80\x40\x01", 6}, /* field 2^31 */
    };
    struct pb_field field;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str rest = cases[i];

        assert_false(pb_next(&rest, &field));
        assert_true(rest.len == cases[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_written_as_protobuf_has_them),
        cmocka_unit_test(numbers_of_every_length_come_back),
        cmocka_unit_test(every_kind_of_field_is_taken),
        cmocka_unit_test(what_is_cut_or_no_field_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
