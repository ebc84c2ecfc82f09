/* Ranges of keys as a set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "actors/store/interest.h"
#include "common/base/prng.h"
#include "common/wire/messages.h"

static bool has(struct spans *spans, const char *key)
{
    return spans_has(spans, str_from(key));
}

static void ranges_are_etcd_s(void **state)
{
    struct spans spans = {0};

    (void)state;
    assert_false(has(&spans, ""));
    spans_add(&spans, STR("b"), STR(""));
    assert_true(has(&spans, "b"));
    assert_false(has(&spans, "ba"));
    assert_false(spans_has(&spans, STR("b\0")));
    spans_add(&spans, STR("d"), STR("f"));
    assert_false(has(&spans, "c"));
    assert_true(has(&spans, "d"));
    assert_true(has(&spans, "ezzz"));
    assert_false(has(&spans, "f"));
    spans_add(&spans, STR("h"), STR("g"));
    assert_false(has(&spans, "h"));
    spans_add(&spans, STR("x"), STR("\0"));
    assert_true(has(&spans, "x"));
    assert_true(has(&spans, "zzzz"));
    assert_false(has(&spans, "w"));
    spans_clear(&spans);
    assert_false(has(&spans, "b"));
    spans_fini(&spans);
}

static void what_is_there_takes_no_room(void **state)
{
    struct spans spans = {0};

    (void)state;
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 900; i++) {
            char key[16];

            (void)snprintf(key, sizeof(key), "%d", i);
            spans_add(&spans, str_from(key), STR(""));
        }
        assert_true(has(&spans, "899"));
        assert_false(has(&spans, "900"));
    }
    assert_false(spans.all);
    spans_fini(&spans);
}

static void too_many_are_all(void **state)
{
    struct spans spans = {0};

    (void)state;
    for (int i = 0; i < spans_max; i++) {
        char key[16];

        (void)snprintf(key, sizeof(key), "%d", i);
        spans_add(&spans, str_from(key), STR(""));
    }
    assert_false(has(&spans, "x"));
    spans_add(&spans, STR("y"), STR(""));
    assert_true(has(&spans, "x"));
    spans_fini(&spans);
}

/* Against the list of the ranges. */
static void a_key_is_in_the_set_if_it_is_in_a_range(void **state)
{
    struct prng prng;

    (void)state;
    prng_init(&prng, 1);
    for (int round = 0; round < 300; round++) {
        struct spans spans = {0};
        char from[30][3];
        char end[30][3];
        int count = (int)prng_below(&prng, 30);

        for (int i = 0; i < count; i++) {
            (void)snprintf(from[i], 3, "%02d", (int)prng_below(&prng, 99));
            (void)snprintf(end[i], 3, "%02d", (int)prng_below(&prng, 99));
            if (prng_below(&prng, 3) == 0) {
                end[i][0] = 0;
            }
            spans_add(&spans, str_from(from[i]), str_from(end[i]));
            if (prng_below(&prng, 4) == 0) {
                (void)has(&spans, "50"); /* it is put in order */
            }
        }
        for (int k = 0; k < 100; k++) {
            char key[3];
            bool expected = false;

            (void)snprintf(key, 3, "%02d", k);
            for (int i = 0; i < count; i++) {
                expected = expected ||
                           (end[i][0] == 0 ? strcmp(key, from[i]) == 0
                                           : strcmp(key, from[i]) >= 0 && strcmp(key, end[i]) < 0);
            }
            assert_int_equal(expected, has(&spans, key));
        }
        spans_fini(&spans);
    }
}

static void interest_holds_its_time(void **state)
{
    struct interest interest = {0};

    (void)state;
    assert_false(interest_is(&interest, 0));
    interest_prev(&interest, STR("a"), STR(""), 100);
    for (int64_t ms = 100; ms < 100 + watching_ms; ms += 500) {
        assert_true(interest_is(&interest, ms));
        assert_true(interest_is_prev(&interest, STR("a")));
        interest_prev(&interest, STR("b"), STR(""), ms);
    }
    for (int64_t ms = 100 + watching_ms; ms <= 100 + 2 * watching_ms; ms += 500) {
        interest_hold(&interest, ms);
    }
    assert_false(interest_is_prev(&interest, STR("a")));
    assert_false(interest_is_prev(&interest, STR("b")));
    interest_prev(&interest, STR("c"), STR(""), 200 + 2 * watching_ms);
    assert_false(interest_is(&interest, 200 + 3 * watching_ms));
    interest_hold(&interest, 200 + 3 * watching_ms);
    assert_false(interest_is_prev(&interest, STR("c")));
    interest_fini(&interest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_etcd_s),
        cmocka_unit_test(what_is_there_takes_no_room),
        cmocka_unit_test(too_many_are_all),
        cmocka_unit_test(a_key_is_in_the_set_if_it_is_in_a_range),
        cmocka_unit_test(interest_holds_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
