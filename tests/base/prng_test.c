#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/prng.h"

static void gives_the_published_sequence(void **state)
{
    struct prng prng = {{1, 2, 3, 4}};

    (void)state;
    assert_true(prng_next(&prng) == 11520);
    assert_true(prng_next(&prng) == 0);
    assert_true(prng_next(&prng) == 1509978240);
    assert_true(prng_next(&prng) == 1215971899390074240);
}

static void a_seed_is_spread_by_splitmix64(void **state)
{
    struct prng prng;
    struct prng zero;

    (void)state;
    prng_init(&prng, 1234567);
    assert_true(prng.s[0] == 6457827717110365317 && prng.s[1] == 3203168211198807973);
    assert_true(prng_next(&prng) == 3504822795582309479);
    prng_init(&zero, 0);
    assert_true((zero.s[0] | zero.s[1] | zero.s[2] | zero.s[3]) != 0);
}

static void the_same_seed_gives_the_same_run_and_another_another(void **state)
{
    struct prng a;
    struct prng b;
    struct prng c;
    unsigned equal = 0;

    (void)state;
    prng_init(&a, 7);
    prng_init(&b, 7);
    prng_init(&c, 8);
    for (int i = 0; i < 1000; i++) {
        uint64_t value = prng_next(&a);

        assert_true(value == prng_next(&b));
        equal += value == prng_next(&c);
    }
    assert_int_equal(0, equal);
}

static void below_reaches_all_values_and_no_other(void **state)
{
    unsigned seen[6] = {0};
    struct prng prng;

    (void)state;
    prng_init(&prng, 1);
    for (int i = 0; i < 6000; i++) {
        uint64_t value = prng_below(&prng, 6);

        assert_true(value < 6);
        seen[value]++;
    }
    for (int i = 0; i < 6; i++) {
        assert_in_range(seen[i], 850, 1150); /* 1000 expected, deviation 29 */
    }
    assert_true(prng_below(&prng, 1) == 0);
    assert_true(prng_below(&prng, UINT64_MAX) < UINT64_MAX);
}

/* 3 · 2^62: without refusals the lowest third would come twice as often. */
static void below_is_unbiased(void **state)
{
    const uint64_t third = (uint64_t)1 << 62;
    unsigned low = 0;
    struct prng prng;

    (void)state;
    prng_init(&prng, 2);
    for (int i = 0; i < 3000; i++) {
        low += prng_below(&prng, 3 * third) < third;
    }
    assert_in_range(low, 850, 1150);
}

static void the_kernel_s_seeds_differ_and_are_not_0(void **state)
{
    uint64_t a = prng_seed_os();
    uint64_t b = prng_seed_os();

    (void)state;
    assert_true(a != 0 && b != 0 && a != b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_sequence),
        cmocka_unit_test(a_seed_is_spread_by_splitmix64),
        cmocka_unit_test(the_same_seed_gives_the_same_run_and_another_another),
        cmocka_unit_test(below_reaches_all_values_and_no_other),
        cmocka_unit_test(below_is_unbiased),
        cmocka_unit_test(the_kernel_s_seeds_differ_and_are_not_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
