#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "gateway/discovery/trace.h"

static const char sound[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

static void the_id_is_taken_from_the_header(void **state)
{
    (void)state;
    assert_true(str_eq(STR("0af7651916cd43dd8448eb211c80319c"), trace_id(str_from(sound))));
    assert_true(
        str_eq(STR("0af7651916cd43dd8448eb211c80319c"),
               trace_id(STR("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"))));
}

static void what_is_not_well_formed_is_none(void **state)
{
    char text[sizeof(sound)];

    (void)state;
    assert_int_equal(0, trace_id((struct str){0}).len);
    for (size_t len = 0; len < sizeof(sound) - 1; len++) {
        assert_int_equal(0, trace_id((struct str){sound, len}).len);
    }
    for (size_t at = 0; at < sizeof(sound) - 3; at++) {
        memcpy(text, sound, sizeof(sound));
        text[at] = '"';
        assert_int_equal(0, trace_id(str_from(text)).len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_id_is_taken_from_the_header),
        cmocka_unit_test(what_is_not_well_formed_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
