#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/discovery/metadata.h"

/* "key=value|key=value", or "null". */
static struct buf shown(struct strs metadata, bool is_null)
{
    struct buf text = {0};
    struct str rest = metadata.bytes;
    struct str item;
    uint32_t items = 0;

    while (strs_next(&rest, &item)) {
        buf_add_str(&text, items % 2 == 1 ? STR("=") : items > 0 ? STR("|") : STR(""));
        buf_add_str(&text, item);
        items++;
    }
    assert_int_equal(2 * metadata.count, items);
    buf_add_str(&text, is_null ? STR("null") : STR(""));
    buf_add_char(&text, '\0');
    return text;
}

static void check_text(struct str json, const char *expected)
{
    struct strs metadata = {0};
    struct buf store = {0};
    struct buf why = {0};
    struct buf text;
    bool is_null = false;

    assert_int_equal(ERR_OK, metadata_parse(json, &store, &metadata, &is_null, &why));
    text = shown(metadata, is_null);
    assert_string_equal(expected, text.data);
    buf_fini(&text);
    buf_fini(&store);
    buf_fini(&why);
}

static void check(const char *json, const char *expected)
{
    check_text(str_from(json), expected);
}

static void check_refused(const char *json, const char *expected)
{
    struct strs metadata = {0};
    struct buf store = {0};
    struct buf why = {0};
    bool is_null;

    assert_int_equal(ERR_INVALID,
                     metadata_parse(str_from(json), &store, &metadata, &is_null, &why));
    buf_add_char(&why, '\0');
    assert_string_equal(expected, why.data);
    buf_fini(&why);
    buf_fini(&store);
}

static void an_object_becomes_a_sorted_map(void **state)
{
    (void)state;
    check("{\"weight\":\"10\",\"color\":\"red\"}", "color=red|weight=10");
    check(" {\"a\" : \"1\"} ", "a=1");
    check("{}", "");
}

static void scalars_keep_their_text(void **state)
{
    (void)state;
    check("{\"weight\":10}", "weight=10");
    check("{\"a\":10.50,\"b\":1e3,\"c\":-0,\"d\":true,\"e\":false}",
          "a=10.50|b=1e3|c=-0|d=true|e=false");
}

static void the_last_of_equal_keys_wins(void **state)
{
    (void)state;
    check("{\"a\":\"1\",\"b\":\"x\",\"a\":\"2\",\"a\":\"3\"}", "a=3|b=x");
    check("{\"a\":\"1\",\"\\u0061\":\"2\"}", "a=2");
}

static void empty_and_null_are_no_metadata(void **state)
{
    (void)state;
    check("", "null");
    check("null", "null");
    check(" null ", "null");
    check("[]", "null"); /* PHP's empty map */
    check(" [ ] ", "null");
    check("\"\"", "null");
}

static void a_null_value_is_empty(void **state)
{
    (void)state;
    check("{\"a\":null}", "a=");
    check("{\"b\":\"x\",\"a\":null,\"c\":1}", "a=|b=x|c=1");
}

static void only_null_clears(void **state)
{
    (void)state;
    assert_true(metadata_is_null(STR(" null ")));
    assert_false(metadata_is_null(STR("[]")));
    assert_false(metadata_is_null(STR("\"\"")));
    assert_false(metadata_is_null(STR("{}")));
    assert_false(metadata_is_null(STR("")));
}

static void what_is_not_utf_8_becomes_the_replacement_character(void **state)
{
    (void)state;
    check_text(STR("{\"k\xff\":\"v\xff\"}"), "k\xef\xbf\xbd=v\xef\xbf\xbd");
    check("{\"b\":\"\\ud800\"}", "b=\xef\xbf\xbd");
}

static void anything_but_scalars_is_refused_by_key(void **state)
{
    (void)state;
    check_refused("{\"a\":{\"b\":\"c\"}}",
                  "must hold strings, numbers and booleans: a is an object");
    check_refused("{\"x\":\"y\",\"list\":[1]}",
                  "must hold strings, numbers and booleans: list is an array");
    check_refused("{\"a\":[]}", "must hold strings, numbers and booleans: a is an array");
}

static void other_documents_are_refused(void **state)
{
    (void)state;
    check_refused("[\"a\"]", "must be a JSON object of strings, got an array");
    check_refused("[null]", "must be a JSON object of strings, got an array");
    check_refused("\" \"", "must be a JSON object of strings, got a string");
    check_refused("false", "must be a JSON object of strings, got false");
    check_refused("\"abc\"", "must be a JSON object of strings, got a string");
    check_refused("5", "must be a JSON object of strings, got a number");
    check_refused("{bad", "is not JSON: position 2: expected a string in double quotes");
    check_refused("{\"a\":\"1\"}x", "is not JSON: position 10: something follows the object");
    check_refused(" ", "is not JSON: position 2: expected a value");
}

static void limits_are_named(void **state)
{
    struct buf json = {0};

    (void)state;
    buf_add_char(&json, '{');
    for (int i = 0; i < 65; i++) {
        buf_printf(&json, "%s\"k%d\":\"\"", i > 0 ? "," : "", i);
    }
    buf_printf(&json, "}%c", 0);
    check_refused(json.data, "may have at most 64 keys and 16384 bytes, got 65 and 185");
    json.len = 0;
    buf_printf(&json, "{\"k\":\"%16384d\"}%c", 1, 0);
    check_refused(json.data, "may have at most 64 keys and 16384 bytes, got 1 and 16385");
    json.len = 0;
    buf_fini(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_becomes_a_sorted_map),
        cmocka_unit_test(scalars_keep_their_text),
        cmocka_unit_test(the_last_of_equal_keys_wins),
        cmocka_unit_test(empty_and_null_are_no_metadata),
        cmocka_unit_test(a_null_value_is_empty),
        cmocka_unit_test(only_null_clears),
        cmocka_unit_test(what_is_not_utf_8_becomes_the_replacement_character),
        cmocka_unit_test(anything_but_scalars_is_refused_by_key),
        cmocka_unit_test(other_documents_are_refused),
        cmocka_unit_test(limits_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
