#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/json.h"

static void assert_json(struct str text, struct str expected)
{
    struct buf json = {0};

    json_quote(&json, text);
    assert_int_equal(json.len, expected.len);
    assert_memory_equal(json.data, expected.data, expected.len);
    buf_fini(&json);
}

static void writes_the_recorded_escapes(void **state)
{
    (void)state;
    assert_json(STR("h<1>&\"'"), STR("\"h\\u003c1\\u003e\\u0026\\\"'\""));
    assert_json(STR("<b>&\xe2\x80\xa8\xe2\x80\xa9é漢😀\t\x01"),
                STR("\"\\u003cb\\u003e\\u0026\\u2028\\u2029é漢😀\\t\\u0001\""));
    assert_json(STR("\\/\b\f\n\r\x1f\x7f"), STR("\"\\\\/\\u0008\\u000c\\n\\r\\u001f\x7f\""));
    assert_json((struct str){0}, STR("\"\""));
    assert_json((struct str){"a\0b", 3}, STR("\"a\\u0000b\""));
}

static void writes_each_byte_that_is_not_utf8_as_ufffd(void **state)
{
    (void)state;
    assert_json(STR("h\xff\xfe"), STR("\"h\\ufffd\\ufffd\""));
    assert_json(STR("\xe6\xbc"), STR("\"\\ufffd\\ufffd\""));
    assert_json(STR("\xc0\xaf"), STR("\"\\ufffd\\ufffd\""));
    assert_json(STR("\xed\xa0\x80"), STR("\"\\ufffd\\ufffd\\ufffd\""));
    assert_json(STR("\xf4\x90\x80\x80"), STR("\"\\ufffd\\ufffd\\ufffd\\ufffd\""));
    assert_json(STR("\xf0\x8f\xbf\xbf"), STR("\"\\ufffd\\ufffd\\ufffd\\ufffd\""));
    assert_json(STR("\xf4\x8f\xbf\xbf"), STR("\"\xf4\x8f\xbf\xbf\""));
    assert_json(STR("\xef\xbf\xbd"), STR("\"\xef\xbf\xbd\"")); /* a true U+FFFD stays raw */
    assert_json(STR("\xe2\x80\xa7"), STR("\"\xe2\x80\xa7\""));
}

static void assert_seen(unsigned char c, size_t at, size_t len)
{
    char text[24];
    struct buf alone = {0};
    struct buf expected = {0};
    struct str one = {text + at, 1};

    memset(text, 'x', sizeof(text));
    text[at] = (char)c;
    json_quote(&alone, one);
    buf_add_char(&expected, '"');
    buf_add(&expected, text, at);
    buf_add(&expected, alone.data + 1, alone.len - 2);
    buf_add(&expected, text + at + 1, len - at - 1);
    buf_add_char(&expected, '"');
    assert_json((struct str){text, len}, buf_str(&expected));
    buf_fini(&alone);
    buf_fini(&expected);
}

/* Up to eight bytes are looked at together: each must be seen wherever it stands among plain ones.
 */
static void sees_a_byte_wherever_it_stands(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        for (size_t len = 1; len <= 24; len++) {
            for (size_t at = 0; at < len; at++) {
                assert_seen((unsigned char)c, at, len);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_recorded_escapes),
        cmocka_unit_test(writes_each_byte_that_is_not_utf8_as_ufffd),
        cmocka_unit_test(sees_a_byte_wherever_it_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
