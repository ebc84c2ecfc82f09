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
    *state = ages_new(1000, 600, 1);
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

/* Not counted from the sign before, or one who gives them all the time would never count. */
static void signs_close_to_one_that_counts_do_not_count(void **state)
{
    static const struct {
        int64_t at_ms;
        int64_t age_ms;
        bool counts;
    } rows[] = {
        {5000, 0, true},   {5000, 0, false},    {5060, 0, false},   {5099, 0, false},
        {5100, 0, true},   {5150, 0, false},    {5199, 0, false},   {5200, 0, true},
        {5250, 49, false}, {5310, 0, true},     {5350, 139, false}, /* told late */
        {5350, 140, true}, {60000000, 0, true},
    };
    struct ages *ages = *state;

    for (int round = 0; round < 2; round++) {
        ages_touch(ages, 9, 4990, 0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            ages_touch(ages, 9, rows[i].at_ms, rows[i].age_ms);
            assert_int_equal(rows[i].counts,
                             ages_counts(ages, 9, rows[i].at_ms, rows[i].age_ms, 100));
        }
        ages_drop(ages, 9); /* one that comes back counts anew */
    }
    assert_true(ages_counts(ages, 9, 0, 0, 100)); /* nobody */
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

static void one_restored_is_young_here_and_truly_as_old_as_it_was(void **state)
{
    struct ages *ages = *state;

    ages_restore(ages, 1, 0, 700);
    ages_restore(ages, 2, 0, -1);
    assert_int_equal(0, ages_of(ages, 1, 0));
    assert_int_equal(900, ages_true(ages, 1, 200));
    assert_int_equal(-1, ages_true(ages, 2, 200));
    ages_touch(ages, 2, 200, 10);
    assert_int_equal(10, ages_true(ages, 2, 200));
    ages_restore(ages, 1, 200, 1200);
    assert_int_equal(900, ages_true(ages, 1, 200)); /* the younger of what is known */
    assert_int_equal(0, ages_of(ages, 1, 200));
    assert_int_equal(-1, ages_true(ages, 3, 200));
}

static void an_age_between_makes_only_the_true_age_younger(void **state)
{
    struct ages *ages = *state;

    ages_restore(ages, 1, 0, 5000);
    ages_restore(ages, 2, 0, -1);
    ages_touch(ages, 1, 100, 400);
    ages_touch(ages, 2, 100, 400);
    assert_int_equal(100, ages_of(ages, 1, 100));
    assert_int_equal(400, ages_true(ages, 1, 100));
    assert_int_equal(400, ages_true(ages, 2, 100));
    ages_touch(ages, 1, 100, 600);
    assert_int_equal(400, ages_true(ages, 1, 100));
}

static void a_standstill_makes_every_true_age_grow_and_no_other(void **state)
{
    struct ages *ages = *state;

    ages_touch(ages, 1, 100, 0);
    ages_stood_still(ages, 60000);
    ages_touch(ages, 2, 150, 80); /* a duration: nothing to add to */
    assert_int_equal(100, ages_of(ages, 1, 200));
    assert_int_equal(60100, ages_true(ages, 1, 200));
    assert_int_equal(130, ages_true(ages, 2, 200));
    ages_touch(ages, 1, 200, 300); /* heard elsewhere while we stood still */
    assert_int_equal(100, ages_of(ages, 1, 200));
    assert_int_equal(300, ages_true(ages, 1, 200));
    ages_stood_still(ages, INT64_C(1) << 50);
    ages_touch(ages, 3, 200, 0);
    assert_int_equal(-1, ages_true(ages, 3, 200)); /* out of all range: not known, not wrong */
}

static void hands_out_each_expiring_one_once_a_touch(void **state)
{
    struct ages *ages = *state;
    uint32_t out[8];

    ages_touch(ages, 1, 0, 0);
    ages_touch(ages, 2, 0, 0);
    ages_touch(ages, 3, 0, 650); /* came in as one */
    assert_int_equal(0, ages_expiring(ages, 600, out, 8));
    assert_int_equal(1, ages_expiring(ages, 601, out, 1));
    assert_int_equal(1, ages_expiring(ages, 601, out + 1, 8));
    assert_int_equal(3, out[0] + out[1]);
    assert_int_equal(0, ages_expiring(ages, 800, out, 8));
    ages_touch(ages, 2, 800, 0);
    ages_touch(ages, 1, 800, 700); /* younger, and still one: nobody need be asked again */
    assert_int_equal(0, ages_expiring(ages, 1400, out, 8));
    assert_int_equal(1, ages_expiring(ages, 1401, out, 8));
    assert_int_equal(2, out[0]);
    assert_false(ages_advance(ages, 1801, 100));
    assert_int_equal(3, ages_old_count(ages));
    assert_true(ages_is_old(ages, 2));
    ages_touch(ages, 2, 1801, 0);
    assert_false(ages_is_old(ages, 2));
    assert_int_equal(1, ages_expiring(ages, 2402, out, 8));
}

static void hands_out_again_what_is_not_heard_after_that(void **state)
{
    struct ages *ages = ages_new(1000, 600, 3);
    uint32_t out[8];

    (void)state;
    ages_touch(ages, 1, 0, 0);
    ages_touch(ages, 2, 0, 0);
    ages_touch(ages, 3, 0, 650); /* past the first time when it came in */
    assert_int_equal(0, ages_expiring(ages, 50, out, 8));
    assert_int_equal(1, ages_expiring(ages, 85, out, 8)); /* 600 + 400 / 3 */
    assert_int_equal(3, out[0]);
    assert_int_equal(1, ages_expiring(ages, 218, out, 8));
    assert_int_equal(3, out[0]);
    (void)ages_advance(ages, 500, 100);
    assert_int_equal(2, ages_expiring(ages, 601, out, 8));
    assert_int_equal(0, ages_expiring(ages, 733, out, 8));
    ages_touch(ages, 2, 733, 0);
    assert_int_equal(1, ages_expiring(ages, 735, out, 8));
    assert_int_equal(1, out[0]);
    assert_int_equal(1, ages_expiring(ages, 868, out, 8));
    assert_int_equal(0, ages_expiring(ages, 999, out, 8));
    assert_int_equal(1, ages_expiring(ages, 1650, out, 8)); /* of 2; past two at once: once */
    assert_int_equal(2, out[0]);
    (void)ages_advance(ages, 1800, 100);
    assert_int_equal(3, ages_old_count(ages));
    ages_destroy(&ages);
}

static void appends_to_the_old_what_turns_old(void **state)
{
    struct ages *ages = *state;

    ages_touch(ages, 1, 0, 0);
    ages_touch(ages, 2, 500, 0);
    (void)ages_advance(ages, 1200, 100);
    assert_int_equal(1, ages_old(ages, 0));
    (void)ages_advance(ages, 1700, 100);
    assert_int_equal(1, ages_old(ages, 0));
    assert_int_equal(2, ages_old(ages, 1));
}

/* What the plain table knows of one slot. Real time is awake time and all standstills. */
struct plain {
    bool held;
    int64_t heard; /* awake */
    int64_t truly; /* real; INT64_MIN: not known */
    bool expires;  /* to be handed out */
};

static void plain_touch(struct plain *row, int64_t awake, int64_t real, int64_t age)
{
    if (!row->held || awake - age > row->heard) {
        *row = (struct plain){true, awake - age, real - age, age < 600};
    } else if (real - age > row->truly) {
        row->truly = real - age;
    }
}

static void plain_restore(struct plain *row, int64_t awake, int64_t real, int64_t age)
{
    int64_t truly = row->held ? row->truly : INT64_MIN;

    if (age >= 0 && real - age > truly) {
        truly = real - age;
    }
    if (!row->held || awake > row->heard) {
        *row = (struct plain){true, awake, truly, true};
    }
    row->truly = truly;
}

static void check(struct ages *ages, const struct plain *table, int64_t awake, int64_t real)
{
    unsigned old = 0;

    for (uint32_t i = 0; i < slots; i++) {
        const struct plain *row = &table[i];

        assert_int_equal(row->held ? awake - row->heard : -1, ages_of(ages, i, awake));
        assert_int_equal(row->held && row->truly != INT64_MIN ? real - row->truly : -1,
                         ages_true(ages, i, awake));
        assert_int_equal(row->held && awake - row->heard >= 1000, ages_is_old(ages, i));
        old += row->held && awake - row->heard >= 1000;
    }
    assert_int_equal(old, ages_old_count(ages));
    for (uint32_t i = 0; i < old; i++) {
        assert_true(ages_is_old(ages, ages_old(ages, i)));
    }
}

/* Hands out in pieces; then each must have been due, and none that was due is left. */
static void expire(struct ages *ages, struct plain *table, int64_t awake)
{
    uint32_t out[7];
    uint32_t count;

    do {
        count = ages_expiring(ages, awake, out, 7);
        for (uint32_t i = 0; i < count; i++) {
            assert_true(table[out[i]].expires);
            assert_true(awake - table[out[i]].heard >= 600);
            table[out[i]].expires = false;
        }
    } while (count == 7);
    for (uint32_t i = 0; i < slots; i++) {
        assert_false(table[i].held && table[i].expires && awake - table[i].heard > 600);
    }
}

/* Against a plain table of times. */
static void agrees_with_a_plain_table_over_a_random_life(void **state)
{
    struct ages *ages = *state;
    static struct plain table[slots];
    struct prng prng;
    int64_t now = 0;
    int64_t skipped = 0;

    prng_init(&prng, 11);
    for (uint32_t i = 0; i < slots; i++) {
        table[i] = (struct plain){0};
    }
    for (unsigned step = 0; step < 40000; step++) {
        uint32_t slot = (uint32_t)prng_below(&prng, slots);
        int64_t age = prng_below(&prng, 3) == 0 ? (int64_t)prng_below(&prng, 1500) : 0;

        now += (int64_t)prng_below(&prng, 10) * (prng_below(&prng, 100) == 0 ? 30 : 1);
        if (prng_below(&prng, 200) == 0) {
            int64_t ms = (int64_t)prng_below(&prng, 3000);

            ages_stood_still(ages, ms);
            skipped += ms;
        }
        expire(ages, table, now); /* first: what ages_advance finds is not handed out */
        assert_false(ages_advance(ages, now, UINT32_MAX));
        if (prng_below(&prng, 5) == 0) {
            ages_drop(ages, slot);
            table[slot] = (struct plain){0};
        } else if (prng_below(&prng, 5) == 0) {
            age = prng_below(&prng, 4) == 0 ? -1 : age * 10;
            ages_restore(ages, slot, now, age);
            plain_restore(&table[slot], now, now + skipped, age);
        } else {
            ages_touch(ages, slot, now, age);
            plain_touch(&table[slot], now, now + skipped, age);
        }
        check(ages, table, now, now + skipped);
        if (ages_old_count(ages) > 1) {
            ages_old_swap(ages, 0, (uint32_t)prng_below(&prng, ages_old_count(ages)));
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(turns_old_at_the_limit_and_not_before),
        TEST(a_heartbeat_makes_an_old_one_young_again),
        TEST(signs_close_to_one_that_counts_do_not_count),
        TEST(keeps_the_youngest_age_it_has_heard),
        TEST(one_taken_in_past_the_limit_is_old_at_once),
        TEST(an_unknown_slot_has_no_age),
        TEST(moves_a_bounded_number_and_says_that_more_wait),
        TEST(one_restored_is_young_here_and_truly_as_old_as_it_was),
        TEST(an_age_between_makes_only_the_true_age_younger),
        TEST(a_standstill_makes_every_true_age_grow_and_no_other),
        TEST(hands_out_each_expiring_one_once_a_touch),
        TEST(hands_out_again_what_is_not_heard_after_that),
        TEST(appends_to_the_old_what_turns_old),
        TEST(agrees_with_a_plain_table_over_a_random_life),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
