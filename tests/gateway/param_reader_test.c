#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/discovery/param_reader.h"

struct fixture {
    struct params params;
    struct param_reader form;
    struct buf store;
};

static void begin(struct fixture *self, const char *text)
{
    *self = (struct fixture){0};
    assert_int_equal(ERR_OK, params_add_form(&self->params, str_from(text), 1024));
    param_reader_init(&self->form, &self->params);
}

/* expected: NULL: nothing is wrong. */
static void finish(struct fixture *self, const char *expected)
{
    assert_int_equal(expected == NULL, param_ok(&self->form));
    if (expected != NULL) {
        buf_add_char(&self->form.why, '\0');
        assert_string_equal(expected, self->form.why.data);
    }
    param_reader_fini(&self->form);
    params_fini(&self->params);
    buf_fini(&self->store);
}

static void every_wrong_parameter_is_named(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, "env=dev&status=3&dirty_timestamp=x");
    param_name(&f.form, "zone", PARAM_REQUIRED);
    param_name(&f.form, "env", PARAM_REQUIRED);
    param_status(&f.form);
    param_addrs(&f.form, false, &f.store);
    param_timestamp(&f.form, "dirty_timestamp");
    finish(&f,
           "zone is required; status must be 1 (up) or 2 (waiting), got 3; addrs is required: at "
           "least one address; dirty_timestamp must be a number of nanoseconds, got x");
}

static void check_status(const char *form, uint32_t value, const char *wrong)
{
    struct fixture f;

    begin(&f, form);
    assert_int_equal(value, param_status(&f.form));
    finish(&f, wrong);
}

static void a_status_is_1_or_2(void **state)
{
    (void)state;
    check_status("status=1", 1, NULL);
    check_status("status=02", 2, NULL);
    check_status("status=+1", 0, "status must be 1 (up) or 2 (waiting), got  1");
    check_status("status=%2B1", 0, "status must be 1 (up) or 2 (waiting), got +1");
    check_status("status=0", 0, "status must be 1 (up) or 2 (waiting), got 0");
    check_status("status=3", 0, "status must be 1 (up) or 2 (waiting), got 3");
    check_status("status=4294967297", 0, "status must be 1 (up) or 2 (waiting), got 4294967297");
    check_status("", 0, "status is required: 1 (up) or 2 (waiting)");
}

static void a_json_string_is_no_status(void **state)
{
    struct fixture f = {0};
    struct buf why = {0};

    (void)state;
    assert_int_equal(ERR_OK, params_add_json(&f.params, STR("{\"status\":\"1\"}"), 9, &why));
    param_reader_init(&f.form, &f.params);
    param_status(&f.form);
    finish(&f, "status must be 1 (up) or 2 (waiting), got \"1\"");
}

static void check_timestamp(const char *form, int64_t value, const char *wrong)
{
    struct fixture f;

    begin(&f, form);
    assert_int_equal(value, param_timestamp(&f.form, "t"));
    finish(&f, wrong);
}

static void timestamps_have_a_range(void **state)
{
    (void)state;
    check_timestamp("t=4000000000000000000", 4000000000000000000, NULL);
    check_timestamp("", 0, NULL);
    /* a node may tell it; of a client the registry refuses it */
    check_timestamp("t=4000000001000000000", 4000000001000000000, NULL);
    check_timestamp("t=4000000001000000001", 0,
                    "t must be from 0 to 4000000000000000000, got 4000000001000000001");
    check_timestamp("t=-5", 0, "t must be from 0 to 4000000000000000000, got -5");
    check_timestamp("t=9223372036854775808", 0,
                    "t must be from 0 to 4000000000000000000, got 9223372036854775808");
}

static void flags_are_gos(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, "a=true&b=1&c=yes&d=T&e=tRUE&f=");
    assert_true(param_flag(&f.form, "a"));
    assert_true(param_flag(&f.form, "b"));
    assert_false(param_flag(&f.form, "c"));
    assert_true(param_flag(&f.form, "d"));
    assert_false(param_flag(&f.form, "e"));
    assert_false(param_flag(&f.form, "f"));
    assert_false(param_flag(&f.form, "g"));
    finish(&f, NULL);
}

static void addresses_are_split_only_when_told(void **state)
{
    struct fixture f;
    struct strs addrs;
    struct str rest;
    struct str addr;

    (void)state;
    begin(&f, "addrs=a,b&addrs=&addrs=c");
    assert_int_equal(2, param_addrs(&f.form, false, &f.store).count);
    f.store.len = 0;
    addrs = param_addrs(&f.form, true, &f.store);
    assert_int_equal(3, addrs.count);
    rest = addrs.bytes;
    assert_true(strs_next(&rest, &addr));
    assert_true(str_eq(STR("a"), addr));
    finish(&f, NULL);
}

static void limits_are_named(void **state)
{
    struct fixture f;
    struct buf text = {0};

    (void)state;
    buf_printf(&text, "zone=%256d&addrs=%513d%c", 1, 1, 0);
    begin(&f, text.data);
    param_name(&f.form, "zone", PARAM_REQUIRED);
    param_addrs(&f.form, false, &f.store);
    finish(&f,
           "zone may have at most 255 bytes, got 256; addrs may have at most 512 bytes each, got "
           "513");
    text.len = 0;
    for (int i = 0; i < 65; i++) {
        buf_add_str(&text, STR("addrs=a&"));
    }
    buf_add_char(&text, '\0');
    begin(&f, text.data);
    param_addrs(&f.form, false, &f.store);
    finish(&f, "addrs may be given at most 64 times, got 65");
    buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_parameter_is_named),
        cmocka_unit_test(a_status_is_1_or_2),
        cmocka_unit_test(a_json_string_is_no_status),
        cmocka_unit_test(timestamps_have_a_range),
        cmocka_unit_test(flags_are_gos),
        cmocka_unit_test(addresses_are_split_only_when_told),
        cmocka_unit_test(limits_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
