#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/str.h"

static void an_empty_string_needs_no_bytes(void **state)
{
    const struct str none = {0};

    (void)state;
    assert_true(str_eq(none, STR("")));
    assert_true(str_eq(none, str_from(NULL)));
    assert_int_equal(0, str_cmp(none, STR("")));
    assert_true(str_cmp(none, STR("a")) < 0);
    assert_true(str_starts(none, none));
    assert_true(str_starts(STR("a"), none));
    assert_false(str_starts(none, STR("a")));
    assert_int_equal(0, str_utf8(none));
}

static void order_is_by_byte_and_shorter_first(void **state)
{
    static const struct str rising[] = {{"", 0},  {"\0", 1},   {"a", 1},    {"a\0", 2}, {"ab", 2},
                                        {"b", 1}, {"\x7f", 1}, {"\x80", 1}, {"\xff", 1}};

    (void)state;
    for (size_t i = 0; i < sizeof(rising) / sizeof(rising[0]); i++) {
        for (size_t j = 0; j < sizeof(rising) / sizeof(rising[0]); j++) {
            int order = str_cmp(rising[i], rising[j]);

            assert_int_equal((i > j) - (i < j), (order > 0) - (order < 0));
            assert_int_equal(i == j, str_eq(rising[i], rising[j]));
        }
    }
}

struct number {
    const char *text;
    enum err err;
    int64_t value;
};

static void signed_numbers_are_read_as_go_reads_them(void **state)
{
    static const struct number numbers[] = {
        {"0", ERR_OK, 0},
        {"-0", ERR_OK, 0},
        {"+7", ERR_OK, 7},
        {"007", ERR_OK, 7},
        {"9223372036854775807", ERR_OK, INT64_MAX},
        {"-9223372036854775808", ERR_OK, INT64_MIN},
        {"9223372036854775808", ERR_TOO_LARGE, 0},
        {"-9223372036854775809", ERR_TOO_LARGE, 0},
        {"99999999999999999999999", ERR_TOO_LARGE, 0},
        {"99999999999999999999999x", ERR_MALFORMED, 0},
        {"", ERR_MALFORMED, 0},
        {"-", ERR_MALFORMED, 0},
        {"+-1", ERR_MALFORMED, 0},
        {" 1", ERR_MALFORMED, 0},
        {"1 ", ERR_MALFORMED, 0},
        {"1_000", ERR_MALFORMED, 0},
        {"0x1", ERR_MALFORMED, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        int64_t value = 42;

        assert_int_equal(numbers[i].err, str_to_i64(str_from(numbers[i].text), &value));
        assert_true(value == (numbers[i].err == ERR_OK ? numbers[i].value : 42));
    }
}

static void unsigned_numbers_take_no_sign(void **state)
{
    uint32_t value = 42;

    (void)state;
    assert_int_equal(ERR_MALFORMED, str_to_u32(STR("+1"), &value));
    assert_int_equal(ERR_MALFORMED, str_to_u32(STR("-1"), &value));
    assert_int_equal(ERR_MALFORMED, str_to_u32(STR(""), &value));
    assert_int_equal(ERR_TOO_LARGE, str_to_u32(STR("4294967296"), &value));
    assert_int_equal(42, value);
    assert_int_equal(ERR_OK, str_to_u32(STR("4294967295"), &value));
    assert_int_equal(UINT32_MAX, value);
}

static void a_character_is_well_formed_utf_8_or_none(void **state)
{
    (void)state;
    assert_int_equal(1, str_utf8(STR("a")));
    assert_int_equal(1, str_utf8(STR("\0")));
    assert_int_equal(2, str_utf8(STR("\xc2\x80")));
    assert_int_equal(3, str_utf8(STR("\xe0\xa0\x80")));
    assert_int_equal(3, str_utf8(STR("\xed\x9f\xbf")));
    assert_int_equal(3, str_utf8(STR("\xef\xbf\xbfx")));
    assert_int_equal(4, str_utf8(STR("\xf0\x90\x80\x80")));
    assert_int_equal(4, str_utf8(STR("\xf4\x8f\xbf\xbf")));
    assert_int_equal(0, str_utf8(STR("\x80")));
    assert_int_equal(0, str_utf8(STR("\xc0\x80"))); /* overlong */
    assert_int_equal(0, str_utf8(STR("\xc1\xbf")));
    assert_int_equal(0, str_utf8(STR("\xe0\x9f\xbf")));
    assert_int_equal(0, str_utf8(STR("\xf0\x8f\xbf\xbf")));
    assert_int_equal(0, str_utf8(STR("\xed\xa0\x80")));     /* surrogate */
    assert_int_equal(0, str_utf8(STR("\xf4\x90\x80\x80"))); /* above U+10FFFF */
    assert_int_equal(0, str_utf8(STR("\xf5\x80\x80\x80")));
    assert_int_equal(0, str_utf8(STR("\xe2\x82"))); /* cut */
    assert_int_equal(0, str_utf8(STR("\xe2\x28\xa1")));
    assert_int_equal(0, str_utf8(STR("\xf0\x9f\x98z")));
}

static bool commands(const char *text)
{
    return str_commands(text, str_utf8(str_from(text)));
}

static void controls_and_what_turns_a_text_around_command(void **state)
{
    static const char *const do_[] = {
        "\x01",     "\t",       "\n",           "\x1b",         "\x7f",         "\xc2\x80",
        "\xc2\x9b", "\xc2\x9f", "\xe2\x80\xa8", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9"};
    static const char *const do_not[] = {" ",
                                         "~",
                                         "a",
                                         "\xc2\xa0",
                                         "\xc3\xa9",
                                         "\xe2\x80\xa7",
                                         "\xe2\x80\xaf",
                                         "\xe4\xb8\xad",
                                         "\xf0\x9f\x98\x80"};

    (void)state;
    for (size_t i = 0; i < sizeof(do_) / sizeof(do_[0]); i++) {
        assert_true(commands(do_[i]));
    }
    for (size_t i = 0; i < sizeof(do_not) / sizeof(do_not[0]); i++) {
        assert_false(commands(do_not[i]));
    }
    assert_int_equal(0x9b, str_codepoint("\xc2\x9b", 2));
    assert_int_equal(0x202e, str_codepoint("\xe2\x80\xae", 3));
    assert_int_equal(0x1f600, str_codepoint("\xf0\x9f\x98\x80", 4));
}

static void a_buffer_grows_and_keeps_what_it_has(void **state)
{
    struct buf buf = {0};

    (void)state;
    for (int i = 0; i < 10000; i++) {
        buf_add_char(&buf, (char)(i % 100));
    }
    buf_add_str(&buf, (struct str){0});
    assert_int_equal(10000, buf.len);
    assert_true(buf.cap >= buf.len && buf.cap < 4 * buf.len);
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(i % 100, buf.data[i]);
    }
    buf_fini(&buf);
    assert_null(buf.data);
    assert_int_equal(0, buf.len);
}

static void a_buffer_takes_numbers_and_formats(void **state)
{
    struct buf buf = {0};

    (void)state;
    buf_add_i64(&buf, 0);
    buf_add_char(&buf, ' ');
    buf_add_i64(&buf, INT64_MIN);
    buf_add_char(&buf, ' ');
    buf_add_i64(&buf, INT64_MAX);
    buf_printf(&buf, " %.*s%d", STR_ARG(STR("x")), 7);
    assert_true(str_eq(STR("0 -9223372036854775808 9223372036854775807 x7"), buf_str(&buf)));
    buf_fini(&buf);
}

/* Lengths at every border between two widths of the encoding. */
static void packed_strings_come_back_in_order(void **state)
{
    static const size_t lens[] = {0, 1, 31, 32, 255, 256, 65535, 65536};
    static const size_t heads[] = {1, 1, 1, 2, 2, 3, 3, 5};
    static char text[65536];
    struct buf buf = {0};
    struct str rest;
    struct str item;

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        size_t before = buf.len;

        strs_pack(&buf, (struct str){text, lens[i]});
        assert_int_equal(heads[i] + lens[i], buf.len - before);
    }
    rest = buf_str(&buf);
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        assert_true(strs_next(&rest, &item));
        assert_true(str_eq((struct str){text, lens[i]}, item));
    }
    assert_false(strs_next(&rest, &item));
    buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_string_needs_no_bytes),
        cmocka_unit_test(order_is_by_byte_and_shorter_first),
        cmocka_unit_test(signed_numbers_are_read_as_go_reads_them),
        cmocka_unit_test(unsigned_numbers_take_no_sign),
        cmocka_unit_test(a_character_is_well_formed_utf_8_or_none),
        cmocka_unit_test(controls_and_what_turns_a_text_around_command),
        cmocka_unit_test(a_buffer_grows_and_keeps_what_it_has),
        cmocka_unit_test(a_buffer_takes_numbers_and_formats),
        cmocka_unit_test(packed_strings_come_back_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
