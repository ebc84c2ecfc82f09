#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/scanner.h"

static void check_string(const char *raw, const char *expected)
{
    struct buf text = {0};

    json_unquote(&text, str_from(raw));
    assert_int_equal(strlen(expected), text.len);
    assert_memory_equal(expected, text.data, text.len);
    buf_fini(&text);
}

static void strings_are_decoded_as_go_does(void **state)
{
    (void)state;
    check_string("\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80");
    check_string("\"\\ud800\"", "\xef\xbf\xbd");
    check_string("\"\\ud800\\u0041\"", "\xef\xbf\xbd"
                                       "A");
    check_string("\"\\udc00x\"", "\xef\xbf\xbdx");
    check_string("\"\\u003c\\b\\f\\n\\r\\t\\/\\\\\\\"\"", "<\b\f\n\r\t/\\\"");
    check_string("\"v\xff\"", "v\xef\xbf\xbd");
    check_string("\"\xed\xa0\x80\"", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    check_string("\"\xe6\xbc\xa2\"", "\xe6\xbc\xa2");
}

static void nesting_is_bounded(void **state)
{
    struct buf deep = {0};
    struct scanner scanner;
    struct json_value value;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        buf_add_char(&deep, '[');
    }
    scanner = (struct scanner){.text = buf_str(&deep)};
    assert_int_equal(ERR_MALFORMED, scanner_value(&scanner, &value));
    assert_int_equal(SCAN_WRONG_DEPTH, scanner.wrong);
    buf_fini(&deep);
}

struct wrong {
    const char *text;
    size_t at;
    enum scan_wrong wrong;
};

static void what_is_wrong_is_told_with_its_place(void **state)
{
    static const struct wrong cases[] = {
        {"", 0, SCAN_WRONG_VALUE},          {" ", 1, SCAN_WRONG_VALUE},
        {"x", 0, SCAN_WRONG_VALUE},         {"tru", 0, SCAN_WRONG_VALUE},
        {"-", 1, SCAN_WRONG_DIGIT},         {"-x", 1, SCAN_WRONG_DIGIT},
        {"1.", 2, SCAN_WRONG_FRACTION},     {"1e+", 3, SCAN_WRONG_EXPONENT},
        {"\"\\x\"", 2, SCAN_WRONG_ESCAPE},  {"\"\\u12x4\"", 5, SCAN_WRONG_HEX},
        {"\"a", 2, SCAN_WRONG_STRING},      {"\"a\nb\"", 2, SCAN_WRONG_CONTROL},
        {"{1:2}", 1, SCAN_WRONG_NAME},      {"{\"a\":1,}", 7, SCAN_WRONG_NAME},
        {"{\"a\" 1}", 5, SCAN_WRONG_COLON}, {"{\"a\":1 \"b\"}", 7, SCAN_WRONG_MEMBERS},
        {"[1 2]", 3, SCAN_WRONG_ITEMS},     {"[01]", 2, SCAN_WRONG_ITEMS},
        {"[1,]", 3, SCAN_WRONG_VALUE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scanner scanner = {.text = str_from(cases[i].text)};
        struct json_value value;

        assert_int_equal(scanner_value(&scanner, &value), ERR_MALFORMED);
        assert_int_equal(scanner.wrong, cases[i].wrong);
        assert_int_equal(scanner.at, cases[i].at);
    }
}

/* Prints what stands there as it is met, each value by the letter of its kind. */
static void walk(struct scanner *at, struct buf *seen)
{
    static const char letters[] = "zftnsao";
    enum json_kind kind = scanner_kind(at);
    struct json_value value;

    buf_add_char(seen, letters[kind]);
    if (kind != SCAN_ARRAY && kind != SCAN_OBJECT) {
        assert_int_equal(scanner_value(at, &value), ERR_OK);
        assert_int_equal(value.kind, kind);
        buf_add_str(seen, value.raw);
        return;
    }
    buf_add_char(seen, '<');
    scanner_enter(at);
    while (scanner_more(at)) {
        if (kind == SCAN_OBJECT) {
            buf_add_str(seen, scanner_name(at));
        }
        walk(at, seen);
    }
    buf_add_char(seen, '>');
}

static void a_checked_value_is_walked_in_place(void **state)
{
    static const struct {
        const char *text;
        const char *seen;
    } cases[] = {
        {"null", "znull"},
        {"[]", "a<>"},
        {" { } ", "o<>"},
        {"[[],[[ ] , {}]]", "a<a<>a<a<>o<>>>"},
        {"{\"a\" : [1, -2.5e3 ,\"x,]}\"],\"b\":{\"c\":true , \"d\":false},\"e\":null}",
         "o<\"a\"a<n1n-2.5e3s\"x,]}\">\"b\"o<\"c\"ttrue\"d\"ffalse>\"e\"znull>"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scanner whole = {.text = str_from(cases[i].text)};
        struct buf seen = {0};
        struct scanner at = {0};
        struct json_value value;

        assert_int_equal(scanner_value(&whole, &value), ERR_OK);
        assert_int_equal(whole.at, whole.text.len);
        at.text = value.raw;
        walk(&at, &seen);
        assert_int_equal(at.at, at.text.len);
        assert_true(str_eq(buf_str(&seen), str_from(cases[i].seen)));
        buf_fini(&seen);
    }
}

static void members_and_items_are_given_one_by_one(void **state)
{
    struct scanner members = {.text = STR("{\"a\":[1, 2 ],\"b\" : {} }")};
    struct scanner items = {.text = STR("[1, 2 ]")};
    struct scanner none = {.text = STR("[ ]")};
    struct json_value value;
    struct str name;

    (void)state;
    assert_true(scanner_member(&members, &name, &value));
    assert_true(str_eq(name, STR("\"a\"")) && str_eq(value.raw, items.text));
    assert_true(scanner_member(&members, &name, &value));
    assert_true(str_eq(name, STR("\"b\"")) && value.kind == SCAN_OBJECT);
    assert_false(scanner_member(&members, &name, &value));
    assert_true(scanner_item(&items, &value) && str_eq(value.raw, STR("1")));
    assert_true(scanner_item(&items, &value) && str_eq(value.raw, STR("2")));
    assert_false(scanner_item(&items, &value));
    assert_false(scanner_item(&none, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_decoded_as_go_does),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(a_checked_value_is_walked_in_place),
        cmocka_unit_test(members_and_items_are_given_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
