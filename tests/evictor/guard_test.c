#include "actors/evictor/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct watch {
    struct guard guard;
    struct msg_renewed renewed;
};

static void watch_init(struct watch *self)
{
    *self = (struct watch){0};
    guard_init(&self->guard, 0.85, 60000, 90000);
    self->renewed = (struct msg_renewed){.epoch = 7, .boot = 8, .tick = 100};
}

/* A window in which so many are live from start to end and so many heartbeats come. */
static struct guard_verdict window(struct watch *self, uint64_t live, uint64_t heartbeats)
{
    struct guard_verdict verdict = {0};

    self->guard.begun.live = live;
    self->renewed.live = live;
    self->renewed.heartbeats += heartbeats;
    while (!guard_is_over(&self->guard)) {
        self->renewed.tick++;
        guard_hear(&self->guard, &self->renewed);
    }
    guard_close(&self->guard, &verdict);
    return verdict;
}

/* Past the first window, which is always protected. */
static void watch_grown(struct watch *self)
{
    watch_init(self);
    assert_true(guard_hear(&self->guard, &self->renewed));
    assert_string_equal(window(self, 100, 200).reason, "window incomplete");
}

static void protects_below_85_percent_and_recovers(void **state)
{
    struct watch watch;

    (void)state;
    watch_grown(&watch);
    assert_false(window(&watch, 100, 170).protected);
    assert_true(window(&watch, 100, 169).protected);
    assert_false(window(&watch, 100, 200).protected);
}

static void says_the_numbers_behind_its_verdict(void **state)
{
    struct guard_verdict verdict;
    struct watch watch;

    (void)state;
    watch_grown(&watch);
    verdict = window(&watch, 20, 30);
    assert_true(verdict.protected);
    assert_string_equal(verdict.reason, "below share");
    assert_int_equal(verdict.heard, 30);
    assert_int_equal(verdict.expected, 40);
    assert_int_equal(verdict.threshold, 34);
    assert_int_equal(verdict.live, 20);
}

/* As the table in guard.h has it: how many silent ones do not protect. */
static void one_silent_instance_never_protects_a_small_registry(void **state)
{
    static const struct {
        uint64_t live, silent;
    } rows[] = {{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}, {20, 3}};
    struct watch watch;

    (void)state;
    watch_grown(&watch);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t left = rows[i].live - rows[i].silent;

        assert_false(window(&watch, rows[i].live, 2 * left).protected);
        if (left > 0) {
            assert_true(window(&watch, rows[i].live, 2 * (left - 1)).protected);
        }
    }
}

static void the_limit_of_a_round_is_the_rest_of_the_share_and_at_least_one(void **state)
{
    static const struct {
        uint64_t live;
        uint32_t limit;
    } rows[] = {{0, 1}, {1, 1}, {3, 1}, {20, 3}, {40, 6}, {34, 6}, {100, 15}, {1000000, 150000}};
    struct watch watch;

    (void)state;
    watch_grown(&watch);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        window(&watch, rows[i].live, 0);
        assert_int_equal(guard_limit(&watch.guard), rows[i].limit);
    }
}

static void a_missed_tick_protects_the_window_it_falls_into(void **state)
{
    struct watch watch;

    (void)state;
    watch_grown(&watch);
    watch.renewed.tick++;
    assert_string_equal(window(&watch, 100, 200).reason, "window incomplete");
    assert_false(window(&watch, 100, 200).protected);
}

static void another_run_of_the_registry_begins_an_incomplete_window(void **state)
{
    struct watch watch;

    (void)state;
    watch_grown(&watch);
    watch.renewed.boot = 9;
    watch.renewed.tick = 1;
    watch.renewed.heartbeats = 0; /* counts from its boot */
    assert_true(guard_hear(&watch.guard, &watch.renewed));
    assert_int_equal(guard_left_ms(&watch.guard), 60000);
    assert_string_equal(window(&watch, 100, 200).reason, "window incomplete");
    assert_false(window(&watch, 100, 200).protected);
}

static void parts_of_a_tick_and_repeated_ticks_count_once(void **state)
{
    struct watch watch;
    struct guard_verdict verdict;

    (void)state;
    watch_grown(&watch);
    watch.renewed.more = true;
    guard_hear(&watch.guard, &watch.renewed);
    watch.renewed.tick++;
    guard_hear(&watch.guard, &watch.renewed);
    watch.renewed.more = false;
    guard_hear(&watch.guard, &watch.renewed);
    guard_hear(&watch.guard, &watch.renewed);
    assert_int_equal(guard_left_ms(&watch.guard), 59000);
    verdict = window(&watch, 100, 200);
    assert_false(verdict.protected);
    assert_int_equal(verdict.expected, 200);
}

/* differences row 12 */
static void the_expectation_follows_the_registrys_count(void **state)
{
    struct watch watch;

    (void)state;
    watch_grown(&watch);
    assert_false(window(&watch, 100, 170).protected);
    assert_int_equal(window(&watch, 85, 170).expected, 170);
}

static void instances_that_came_in_the_window_are_not_expected_yet(void **state)
{
    struct watch watch;
    struct guard_verdict verdict;

    (void)state;
    watch_grown(&watch);
    window(&watch, 100, 200);
    watch.renewed.live = 300;
    for (int i = 0; i < 60; i++) {
        watch.renewed.tick++;
        guard_hear(&watch.guard, &watch.renewed);
    }
    assert_true(guard_is_over(&watch.guard));
    guard_close(&watch.guard, &verdict);
    assert_int_equal(verdict.expected, 200);
    assert_int_equal(verdict.live, 300);
}

/* differences row 12: evicted or not, they send no more. */
static void instances_that_went_in_the_window_are_expected_no_more(void **state)
{
    struct watch watch;
    struct guard_verdict verdict;

    (void)state;
    watch_grown(&watch);
    window(&watch, 100, 200);
    watch.renewed.live = 85;
    watch.renewed.heartbeats += 150;
    for (int i = 0; i < 60; i++) {
        watch.renewed.tick++;
        guard_hear(&watch.guard, &watch.renewed);
    }
    guard_close(&watch.guard, &verdict);
    assert_int_equal(verdict.expected, 170);
    assert_false(verdict.protected);
}

/* Times of a test bench: the registry ticks once a second all the same. */
static void a_window_shorter_than_a_tick_lasts_one(void **state)
{
    struct guard guard;
    struct guard_verdict verdict;
    struct msg_renewed renewed = {.epoch = 1, .boot = 1, .tick = 1, .live = 10};

    (void)state;
    guard_init(&guard, 0.85, 100, 1500);
    guard_hear(&guard, &renewed);
    assert_false(guard_is_over(&guard));
    renewed.tick++;
    renewed.heartbeats = 20;
    guard_hear(&guard, &renewed);
    assert_true(guard_is_over(&guard));
    guard_close(&guard, &verdict);
    assert_int_equal(verdict.expected, 20);
    assert_int_equal(verdict.heard, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protects_below_85_percent_and_recovers),
        cmocka_unit_test(says_the_numbers_behind_its_verdict),
        cmocka_unit_test(one_silent_instance_never_protects_a_small_registry),
        cmocka_unit_test(the_limit_of_a_round_is_the_rest_of_the_share_and_at_least_one),
        cmocka_unit_test(a_missed_tick_protects_the_window_it_falls_into),
        cmocka_unit_test(another_run_of_the_registry_begins_an_incomplete_window),
        cmocka_unit_test(parts_of_a_tick_and_repeated_ticks_count_once),
        cmocka_unit_test(the_expectation_follows_the_registrys_count),
        cmocka_unit_test(instances_that_came_in_the_window_are_not_expected_yet),
        cmocka_unit_test(instances_that_went_in_the_window_are_expected_no_more),
        cmocka_unit_test(a_window_shorter_than_a_tick_lasts_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
