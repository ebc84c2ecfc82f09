#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "gateway/http/tally.h"

static void requests_are_counted_by_route_and_code(void **state)
{
    static const char fetch[] = "/fetch";
    struct http_tally *tally = malloc(sizeof(*tally));
    struct http_tally_row row;
    uint32_t cursor = 0;

    (void)state;
    http_tally_init(tally);
    http_tally_add(tally, fetch, http_tally_code(-404), 2000);
    http_tally_add(tally, fetch, http_tally_code(0), 0);
    http_tally_add(tally, fetch, http_tally_code(0), 5000);
    http_tally_add(tally, NULL, http_tally_code(999), 0);
    assert_true(http_tally_next(tally, &cursor, &row));
    assert_string_equal("other", row.route);
    assert_string_equal("other", row.code);
    assert_true(http_tally_next(tally, &cursor, &row));
    assert_string_equal("/fetch", row.route);
    assert_string_equal("0", row.code);
    assert_int_equal(2, durations_count(row.took));
    assert_int_equal(5000, row.took->us);
    assert_true(http_tally_next(tally, &cursor, &row));
    assert_string_equal("-404", row.code);
    assert_false(http_tally_next(tally, &cursor, &row));
    free(tally);
}

static void routes_beyond_the_last_row_are_others(void **state)
{
    static const char names[100];
    struct http_tally *tally = malloc(sizeof(*tally));
    struct http_tally_row row;
    uint32_t cursor = 0;

    (void)state;
    http_tally_init(tally);
    for (size_t i = 0; i < sizeof(names); i++) {
        http_tally_add(tally, &names[i], http_tally_code(200), 0);
    }
    assert_true(http_tally_next(tally, &cursor, &row));
    assert_string_equal("other", row.route);
    assert_int_equal(sizeof(names) - (tally_routes - 1), durations_count(row.took));
    free(tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_counted_by_route_and_code),
        cmocka_unit_test(routes_beyond_the_last_row_are_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
