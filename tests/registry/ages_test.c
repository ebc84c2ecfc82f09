#include "actors/registry/ages.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/base/prng.h"

enum { slots = 300 };

static int setup(void **state)
{
    *state = ages_new(1000);
    return 0;
}

static int teardown(void **state)
{
    ages_destroy((struct ages **)state);
    return 0;
}

static void turns_old_at_the_limit_and_not_before(void **state)
{
    struct ages *ages = *state;

    ages_touch(ages, 7, 5000, 0);
    assert_false(ages_advance(ages, 5999, 10));
    assert_int_equal(0, ages_old_count(ages));
    assert_false(ages_advance(ages, 6000, 10));
    assert_int_equal(1, ages_old_count(ages));
    assert_int_equal(7, ages_old(ages, 0));
    assert_int_equal(1000, ages_of(ages, 7, 6000));
}

static void a_heartbeat_makes_an_old_one_young_again(void **state)
{
    struct ages *ages = *state;

    ages_touch(ages, 3, 0, 0);
    (void)ages_advance(ages, 1500, 10);
    assert_int_equal(1, ages_old_count(ages));
    ages_touch(ages, 3, 1500, 0);
    assert_int_equal(0, ages_old_count(ages));
    assert_int_equal(1, ages_count(ages));
}

static void keeps_the_youngest_age_it_has_heard(void **state)
{
    struct ages *ages = *state;

    ages_touch(ages, 1, 10000, 100);
    ages_touch(ages, 1, 10000, 700);
    assert_int_equal(100, ages_of(ages, 1, 10000));
    ages_touch(ages, 1, 10000, 20);
    assert_int_equal(20, ages_of(ages, 1, 10000));
}

static void one_taken_in_past_the_limit_is_old_at_once(void **state)
{
    struct ages *ages = *state;

    ages_touch(ages, 9, 10, 5000);
    assert_int_equal(1, ages_old_count(ages));
    assert_int_equal(5000, ages_of(ages, 9, 10));
}

static void an_unknown_slot_has_no_age(void **state)
{
    struct ages *ages = *state;

    assert_int_equal(-1, ages_of(ages, 1000000, 5));
    ages_drop(ages, 1000000);
    ages_touch(ages, 5, 0, 0);
    ages_drop(ages, 5);
    ages_drop(ages, 5);
    assert_int_equal(-1, ages_of(ages, 5, 5));
    assert_int_equal(0, ages_count(ages));
}

static void moves_a_bounded_number_and_says_that_more_wait(void **state)
{
    struct ages *ages = *state;

    for (uint32_t i = 0; i < 10; i++) {
        ages_touch(ages, i, 0, 0);
    }
    assert_true(ages_advance(ages, 2000, 4));
    assert_int_equal(4, ages_old_count(ages));
    assert_true(ages_advance(ages, 2000, 4));
    assert_false(ages_advance(ages, 2000, 4));
    assert_int_equal(10, ages_old_count(ages));
}

/* Against a plain table of times. */
static void agrees_with_a_plain_table_over_a_random_life(void **state)
{
    struct ages *ages = *state;
    int64_t heard[slots];
    struct prng prng;
    int64_t now = 0;

    prng_init(&prng, 11);
    for (uint32_t i = 0; i < slots; i++) {
        heard[i] = INT64_MIN;
    }
    for (unsigned step = 0; step < 20000; step++) {
        uint32_t slot = (uint32_t)prng_below(&prng, slots);
        int64_t age = prng_below(&prng, 3) == 0 ? (int64_t)prng_below(&prng, 1500) : 0;
        unsigned old = 0;

        now += (int64_t)prng_below(&prng, 40) * (prng_below(&prng, 100) == 0 ? 50 : 1);
        if (prng_below(&prng, 5) == 0) {
            ages_drop(ages, slot);
            heard[slot] = INT64_MIN;
        } else {
            ages_touch(ages, slot, now, age);
            heard[slot] = now - age > heard[slot] ? now - age : heard[slot];
        }
        if (step % 10 != 0) {
            continue;
        }
        assert_false(ages_advance(ages, now, UINT32_MAX));
        for (uint32_t i = 0; i < slots; i++) {
            assert_int_equal(heard[i] == INT64_MIN ? -1 : now - heard[i], ages_of(ages, i, now));
            old += heard[i] != INT64_MIN && now - heard[i] >= 1000;
        }
        assert_int_equal(old, ages_old_count(ages));
        for (uint32_t i = 0; i < old; i++) {
            assert_true(ages_of(ages, ages_old(ages, i), now) >= 1000);
        }
        if (old > 1) {
            ages_old_swap(ages, 0, (uint32_t)prng_below(&prng, old));
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(turns_old_at_the_limit_and_not_before),
        TEST(a_heartbeat_makes_an_old_one_young_again),
        TEST(keeps_the_youngest_age_it_has_heard),
        TEST(one_taken_in_past_the_limit_is_old_at_once),
        TEST(an_unknown_slot_has_no_age),
        TEST(moves_a_bounded_number_and_says_that_more_wait),
        TEST(agrees_with_a_plain_table_over_a_random_life),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
