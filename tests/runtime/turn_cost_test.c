#include "common/runtime/turn_cost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const int64_t us = 1000;

struct hands {
    struct clock clock; /* first */
    struct now at;
    int64_t cpu_us;
    unsigned asked;
};

static struct now now_of(const struct clock *clock)
{
    return ((const struct hands *)(const void *)clock)->at;
}

static int64_t cpu_of(const struct clock *clock)
{
    struct hands *self = (struct hands *)(uintptr_t)clock;

    self->asked++;
    return self->cpu_us;
}

/* A turn, and the CPU time it took with the sleep before it. */
static void turn(struct turn_cost *cost, struct hands *hands, int64_t took_ns, int64_t cpu_us)
{
    struct now began = hands->at;

    hands->at.wall_ns += took_ns;
    hands->cpu_us += cpu_us;
    turn_cost_add(cost, &hands->clock, &began);
}

static struct hands begin(struct turn_cost *cost)
{
    struct hands hands = {.clock = {.now = now_of, .cpu_us = cpu_of}, .cpu_us = 7000};

    turn_cost_init(cost, &hands.clock);
    hands.asked = 0;
    return hands;
}

static void short_ones_are_counted_and_asked_about_together(void **state)
{
    struct turn_cost cost;
    struct hands hands = begin(&cost);

    (void)state;
    for (int i = 0; i < 63; i++) {
        turn(&cost, &hands, 20 * us, 15);
    }
    assert_int_equal(0, hands.asked);
    assert_int_equal(63, cost.cpu.counts[0]);
    turn(&cost, &hands, 20 * us, 15);
    assert_int_equal(1, hands.asked);
    assert_int_equal(64, cost.cpu.counts[0]);
    assert_int_equal(64 * 15, cost.cpu.us);
    assert_true(cost.cpu_us_max <= 20);
}

static void a_long_one_is_told_apart_from_those_before(void **state)
{
    struct turn_cost cost;
    struct hands hands = begin(&cost);

    (void)state;
    for (int i = 0; i < 40; i++) {
        turn(&cost, &hands, 60 * us, 50);
    }
    turn(&cost, &hands, 900 * us, 800);
    assert_int_equal(1, hands.asked);
    assert_int_equal(40, cost.cpu.counts[0]);
    assert_int_equal(1, cost.cpu.counts[durations_1_ms]);
    assert_int_equal(40 * 50 + 800, cost.cpu.us);
    assert_int_equal(900, cost.cpu_us_max); /* no more than it took */
    turn(&cost, &hands, 5000 * us, 200);    /* it was kept from running */
    assert_int_equal(900, cost.cpu_us_max);
    assert_int_equal(40 * 50 + 1000, cost.cpu.us);
    assert_int_equal(1, cost.cpu.counts[1]); /* of 125 to 250 µs */
}

static void a_clock_that_is_set_back_hides_nothing(void **state)
{
    struct turn_cost cost;
    struct hands hands = begin(&cost);

    (void)state;
    turn(&cost, &hands, -(int64_t)3600 * 1000 * 1000 * us, 40000);
    assert_int_equal(40000, cost.cpu_us_max);
    assert_int_equal(40000, cost.cpu.us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_ones_are_counted_and_asked_about_together),
        cmocka_unit_test(a_long_one_is_told_apart_from_those_before),
        cmocka_unit_test(a_clock_that_is_set_back_hides_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
