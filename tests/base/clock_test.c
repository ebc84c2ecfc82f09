#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"

static void the_virtual_clock_moves_only_when_told_and_both_readings_together(void **state)
{
    struct clock_virtual clock;
    struct now now;

    (void)state;
    clock_virtual_init(&clock, 5, 1700000000000000000);
    for (int i = 0; i < 2; i++) {
        now = clock.clock.now(&clock.clock);
        assert_int_equal(5, now.mono_ms);
        assert_int_equal(1700000000000000000, now.wall_ns);
    }
    clock_virtual_advance(&clock, 60000);
    now = clock.clock.now(&clock.clock);
    assert_int_equal(60005, now.mono_ms);
    assert_int_equal(1700000060000000000, now.wall_ns);
    assert_int_equal(0, clock.clock.cpu_us(&clock.clock));
}

static void the_clock_of_the_system_goes_forward(void **state)
{
    struct now first = clock_os.now(&clock_os);
    int64_t cpu_us = clock_os.cpu_us(&clock_os);
    struct now second = clock_os.now(&clock_os);

    (void)state;
    assert_true(first.mono_ms > 0 && second.mono_ms >= first.mono_ms);
    assert_true(first.wall_ns > 1700000000000000000); /* nanoseconds, after 2023 */
    assert_int_equal(0, first.wall_ns % 2);
    assert_true(cpu_us >= 0 && clock_os.cpu_us(&clock_os) >= cpu_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_virtual_clock_moves_only_when_told_and_both_readings_together),
        cmocka_unit_test(the_clock_of_the_system_goes_forward),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
