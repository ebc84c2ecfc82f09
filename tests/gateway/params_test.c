#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/discovery/params.h"

enum { max = 1024 };

/* All pairs as "name=value|name=value". */
static struct buf joined(const struct params *params)
{
    struct buf text = {0};

    for (size_t i = 0; i < params->count; i++) {
        buf_printf(&text, "%s%.*s=%.*s", i > 0 ? "|" : "", STR_ARG(params->items[i].name),
                   STR_ARG(params->items[i].value));
    }
    buf_add_char(&text, '\0');
    return text;
}

static void check_form(const char *form, const char *expected)
{
    struct params params = {0};
    struct buf text;

    assert_int_equal(ERR_OK, params_add_form(&params, str_from(form), max));
    text = joined(&params);
    assert_string_equal(expected, text.data);
    buf_fini(&text);
    params_fini(&params);
}

static void check_json(const char *json, const char *expected)
{
    struct params params = {0};
    struct buf why = {0};
    struct buf text;

    assert_int_equal(ERR_OK, params_add_json(&params, str_from(json), max, &why));
    text = joined(&params);
    assert_string_equal(expected, text.data);
    assert_int_equal(0, why.len);
    buf_fini(&text);
    params_fini(&params);
}

static void check_bad_json(const char *json, const char *expected)
{
    struct params params = {0};
    struct buf why = {0};

    assert_int_equal(ERR_MALFORMED, params_add_json(&params, str_from(json), max, &why));
    buf_add_char(&why, '\0');
    assert_string_equal(expected, why.data);
    buf_fini(&why);
    params_fini(&params);
}

static void a_form_is_taken_apart_and_decoded(void **state)
{
    (void)state;
    check_form("zone=sh001&addrs=http%3A%2F%2F1%3A80&hostname=a+b%2bc%20d",
               "zone=sh001|addrs=http://1:80|hostname=a b+c d");
    check_form("=x&&novalue&version", "=x|novalue=|version=");
    check_form("", "");
    check_form("a=b=c", "a=b=c");
}

static void malformed_pairs_are_dropped_and_the_rest_is_used(void **state)
{
    (void)state;
    check_form("zone=z&version=%zz&region=ok", "zone=z|region=ok");
    check_form("version=a;b&region=r", "region=r");
    check_form("%4=x&b=%&c=%4&d=%41", "d=A");
}

static void the_first_value_counts_and_empty_ones_are_absent(void **state)
{
    struct params params = {0};
    struct str value;
    size_t at = 0;

    (void)state;
    assert_int_equal(ERR_OK, params_add_form(&params, STR("a=&a=1&a=2&verbose"), max));
    assert_true(str_eq(STR("1"), params_get(&params, STR("a"))));
    assert_int_equal(2, params_count(&params, STR("a")));
    assert_true(params_each(&params, STR("a"), &at, &value));
    assert_true(params_each(&params, STR("a"), &at, &value));
    assert_true(str_eq(STR("2"), value));
    assert_false(params_each(&params, STR("a"), &at, &value));
    assert_true(params_has(&params, STR("verbose")));
    assert_int_equal(0, params_get(&params, STR("verbose")).len);
    assert_int_equal(0, params_get(&params, STR("A")).len);
    params_fini(&params);
}

static void values_stay_right_while_the_store_grows(void **state)
{
    struct params params = {0};
    struct buf form = {0};

    (void)state;
    for (int i = 0; i < 500; i++) {
        buf_printf(&form, "n%%2e%d=v%%20%d&", i, i);
    }
    assert_int_equal(ERR_OK, params_add_form(&params, buf_str(&form), max));
    assert_int_equal(ERR_OK, params_add_form(&params, STR("x=%41"), max));
    assert_true(str_eq(STR("v 0"), params_get(&params, STR("n.0"))));
    assert_true(str_eq(STR("v 499"), params_get(&params, STR("n.499"))));
    assert_true(str_eq(STR("A"), params_get(&params, STR("x"))));
    buf_fini(&form);
    params_fini(&params);
}

/* Of every length: also those that fill the store to its end. */
static void what_was_decoded_stays_where_it_is(void **state)
{
    (void)state;
    for (size_t len = 1; len < 300; len++) {
        char form[300];
        struct params params = {0};

        memset(form, 'n', len);
        form[0] = '+';
        assert_int_equal(ERR_OK, params_add_form(&params, STR("+a=+b"), max));
        assert_int_equal(ERR_OK, params_add_form(&params, (struct str){form, len}, max));
        assert_int_equal(params.count, 2);
        assert_true(str_eq(params.items[0].name, STR(" a")));
        assert_true(str_eq(params.items[0].value, STR(" b")));
        assert_int_equal(params.items[1].name.len, len);
        params_fini(&params);
    }
}

static void too_many_parameters_are_refused(void **state)
{
    struct params params = {0};

    (void)state;
    assert_int_equal(ERR_OK, params_add_form(&params, STR("a=1&b=2"), 2));
    assert_int_equal(ERR_TOO_LARGE, params_add_form(&params, STR("c=3"), 2));
    params_fini(&params);
}

static void a_json_body_becomes_the_same_list(void **state)
{
    (void)state;
    check_json("{\"zone\":\"sh001\",\"status\":1,\"addrs\":[\"a\",\"b\"],\"latest_timestamp\":5}",
               "zone=sh001|status=1|addrs=a|addrs=b|latest_timestamp=5");
    check_json(" {\"Zone\" : \"z\", \"replication\":true, \"version\":null, \"n\":10.50} rest",
               "zone=z|replication=true|n=10.50");
    check_json("{\"metadata\":{\"a\": \"b\"},\"addrs\":[]}", "metadata={\"a\": \"b\"}");
    check_json("{}", "");
}

static void a_json_string_is_marked_as_no_number(void **state)
{
    struct params params = {0};
    struct buf why = {0};

    (void)state;
    assert_int_equal(ERR_OK,
                     params_add_json(&params, STR("{\"status\":\"1\",\"n\":1}"), max, &why));
    assert_true(params_find(&params, STR("status"))->quoted);
    assert_false(params_find(&params, STR("n"))->quoted);
    params_fini(&params);
}

static void a_bad_json_body_is_refused_with_the_place(void **state)
{
    (void)state;
    check_bad_json("{bad",
                   "the JSON body can't be read: position 2: expected a string in double quotes");
    check_bad_json("{\"a\" 1}",
                   "the JSON body can't be read: position 6: expected ':' after the name");
    check_bad_json("[1]", "the JSON body must be an object, got an array");
    check_bad_json("{\"a\":1,}", "the JSON body can't be read: position 8: expected a string in "
                                 "double quotes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_is_taken_apart_and_decoded),
        cmocka_unit_test(malformed_pairs_are_dropped_and_the_rest_is_used),
        cmocka_unit_test(the_first_value_counts_and_empty_ones_are_absent),
        cmocka_unit_test(values_stay_right_while_the_store_grows),
        cmocka_unit_test(what_was_decoded_stays_where_it_is),
        cmocka_unit_test(too_many_parameters_are_refused),
        cmocka_unit_test(a_json_body_becomes_the_same_list),
        cmocka_unit_test(a_json_string_is_marked_as_no_number),
        cmocka_unit_test(a_bad_json_body_is_refused_with_the_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
