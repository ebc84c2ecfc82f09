#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/err.h"

static const enum err all[] = {
#define ERR_NUMBER(NAME, value, discovery, http, grpc, text) ERR_##NAME,
    ERR_TABLE(ERR_NUMBER)
#undef ERR_NUMBER
};
static const size_t count = sizeof(all) / sizeof(all[0]);

static void every_error_has_its_own_number_and_only_success_is_not_negative(void **state)
{
    (void)state;
    assert_int_equal(0, ERR_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(all[i] == ERR_OK, all[i] >= 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(all[i], all[j]);
        }
    }
}

static void codes_are_within_what_their_protocols_have(void **state)
{
    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_in_range(err_http_status(all[i]), 200, 599);
        assert_in_range(err_grpc_status(all[i]), 0, 16);
        assert_in_range(-err_discovery_code(all[i]), 0, 599);
        assert_int_equal(all[i] == ERR_OK, err_discovery_code(all[i]) == 0);
    }
}

static void a_row_is_found_by_its_number(void **state)
{
    (void)state;
    assert_string_equal("NOT_MODIFIED", err_name(ERR_NOT_MODIFIED));
    assert_string_equal("not modified", err_text(ERR_NOT_MODIFIED));
    assert_int_equal(-304, err_discovery_code(ERR_NOT_MODIFIED));
    assert_int_equal(501, err_http_status(ERR_UNSUPPORTED));
    assert_int_equal(12, err_grpc_status(ERR_UNSUPPORTED));
}

static void a_number_from_outside_reads_as_unknown(void **state)
{
    (void)state;
    for (int number = 1; number < 3; number++) {
        assert_string_equal("unknown error", err_text((enum err)number));
        assert_string_equal("UNKNOWN", err_name((enum err)number));
        assert_int_equal(-500, err_discovery_code((enum err)number));
        assert_int_equal(500, err_http_status((enum err) - 9999));
        assert_int_equal(2, err_grpc_status((enum err) - 9999));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_its_own_number_and_only_success_is_not_negative),
        cmocka_unit_test(codes_are_within_what_their_protocols_have),
        cmocka_unit_test(a_row_is_found_by_its_number),
        cmocka_unit_test(a_number_from_outside_reads_as_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
