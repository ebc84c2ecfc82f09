#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/operate/fields.h"
#include "gateway/operate/pattern.h"

static const char app[] = "/muster/v1/apps/{env}/{appid}";

static bool matches(const char *pattern, const char *path, const char *first, const char *second)
{
    struct pattern_vars vars = {0};
    bool is = pattern_matches(pattern, str_from(path), &vars);
    const char *const expected[] = {first, second};

    for (size_t i = 0; is && i < vars.count; i++) {
        assert_true(str_eq(str_from(expected[i]), buf_str(&vars.text[i])));
    }
    pattern_vars_fini(&vars);
    return is;
}

static void variables_are_whole_segments_decoded_after_they_were_split(void **state)
{
    (void)state;
    assert_true(matches(app, "/muster/v1/apps/dev/main.arch", "dev", "main.arch"));
    assert_true(matches(app, "/muster/v1/apps/dev/a%2Fb%20c", "dev", "a/b c"));
    assert_true(matches(app, "/muster/v1/apps/%E4%BD%A0/..", "\xe4\xbd\xa0", ".."));
}

static void what_differs_is_another_path(void **state)
{
    static const char *const others[] = {
        "",
        "/",
        "/muster/v1/apps",
        "/muster/v1/apps/dev",
        "/muster/v1/apps/dev/",
        "/muster/v1/apps//a",
        "/muster/v1/apps/dev/a/",
        "/muster/v1/apps/dev/a/b",
        "/muster/v1/apps/dev/%zz",
        "/muster/v1/apps/dev/%2",
        "/muster/v2/apps/dev/a",
        "muster/v1/apps/dev/a",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(matches(app, others[i], "", ""));
    }
    assert_true(matches("/", "/", "", ""));
    assert_false(matches("/", "//", "", ""));
    assert_true(matches("/muster/v1/apps", "/muster/v1/apps", "", ""));
}

static void members_have_commas_between_them(void **state)
{
    struct buf text = {0};

    (void)state;
    buf_add_char(&text, '{');
    field_text(&text, "a", STR("\"x\""));
    field_text_or_null(&text, "b", STR(""));
    field_number(&text, "c", -1);
    field_flag(&text, "d", true);
    field_open(&text, "e", '[');
    field_item(&text);
    buf_add_str(&text, STR("1"));
    field_item(&text);
    buf_add_str(&text, STR("2]"));
    field_hex(&text, "f", 0x5f3a);
    field_time(&text, "g", 1764370102123456789);
    field_time(&text, "h", 0);
    buf_add_str(&text, STR("}"));
    buf_add_char(&text, '\0');
    assert_string_equal("{\"a\":\"\\\"x\\\"\",\"b\":null,\"c\":-1,\"d\":true,\"e\":[1,2],\"f\":"
                        "\"0000000000005f3a\",\"g\":\"2025-11-28T22:48:22.123Z\",\"h\":null}",
                        text.data);
    buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_whole_segments_decoded_after_they_were_split),
        cmocka_unit_test(what_differs_is_another_path),
        cmocka_unit_test(members_have_commas_between_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
