#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/percent.h"

static void assert_text(const char *expected, struct buf *made)
{
    assert_true(str_eq(str_from(expected), buf_str(made)));
    made->len = 0;
}

static void letters_digits_and_what_is_plain_stand_for_themselves(void **state)
{
    struct buf made = {0};

    (void)state;
    percent_add(&made, STR("azAZ09-_.~/@[`{\x7f"), percent_unreserved, false);
    assert_text("azAZ09-_.~%2F%40%5B%60%7B%7F", &made);
    percent_add(&made, STR("a.b-c_d"), "-_", false);
    assert_text("a%2Eb-c_d", &made);
    percent_add(&made, (struct str){"\0\xc3\xbc", 3}, percent_unreserved, false);
    assert_text("%00%C3%BC", &made);
    buf_fini(&made);
}

static void a_space_is_a_plus_in_forms_only(void **state)
{
    struct buf made = {0};

    (void)state;
    percent_add(&made, STR("a b+c"), percent_unreserved, true);
    assert_text("a+b%2Bc", &made);
    percent_add(&made, STR("a b+c"), percent_unreserved, false);
    assert_text("a%20b%2Bc", &made);
    assert_true(percent_decode(&made, STR("a+b%2Bc"), true));
    assert_text("a b+c", &made);
    assert_true(percent_decode(&made, STR("a+b%2bc"), false));
    assert_text("a+b+c", &made);
    buf_fini(&made);
}

static void every_byte_comes_back(void **state)
{
    char bytes[256];
    struct buf made = {0};
    struct buf back = {0};

    (void)state;
    for (int i = 0; i < 256; i++) {
        bytes[i] = (char)i;
    }
    for (int plus = 0; plus < 2; plus++) {
        made.len = back.len = 0;
        percent_add(&made, (struct str){bytes, sizeof(bytes)}, percent_unreserved, plus);
        assert_true(percent_decode(&back, buf_str(&made), plus));
        assert_true(str_eq((struct str){bytes, sizeof(bytes)}, buf_str(&back)));
    }
    buf_fini(&made);
    buf_fini(&back);
}

static void a_malformed_escape_appends_nothing(void **state)
{
    static const char *const texts[] = {"%", "a%4", "a%4g", "%g4", "%%41", "abc%"};
    struct buf made = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_false(percent_decode(&made, str_from(texts[i]), false));
        assert_int_equal(0, made.len);
    }
    buf_fini(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_digits_and_what_is_plain_stand_for_themselves),
        cmocka_unit_test(a_space_is_a_plus_in_forms_only),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(a_malformed_escape_appends_nothing),
    };

    return cmocka_run_group_tests_name("percent", tests, NULL, NULL);
}
