/* Words that were mistyped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/base/distance.h"

static void letters_put_in_left_out_changed_and_swapped_are_counted(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        size_t away;
    } rows[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"fetch", "fetch", 0},
        {"fech", "fetch", 1},
        {"fetxh", "fetch", 1},
        {"tpa", "tap", 1},
        {"regsiter", "register", 1},
        {"Log_Level", "log-level", 0},
        {"kitten", "sitting", 3},
        {"ca", "abc", 3},
        {"ab", "ba", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(rows[i].away, distance(str_from(rows[i].a), str_from(rows[i].b)));
        assert_int_equal(rows[i].away, distance(str_from(rows[i].b), str_from(rows[i].a)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_put_in_left_out_changed_and_swapped_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
