#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/clock_watch.h"

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

static bool has_slept; /* the machine, for a minute and a half */

/* The library's. */
int clock_gettime(clockid_t which, struct timespec *at)
{
    if (!has_slept) {
        return (int)syscall(SYS_clock_gettime, which, at);
    }
    *at = (struct timespec){.tv_sec = which == CLOCK_BOOTTIME ? 190 : 100};
    return 0;
}

/* What nobody has heard of meanwhile has got older. */
static void the_systems_clock_goes_on_while_the_machine_sleeps(void **state)
{
    (void)state;
    has_slept = true;
    assert_int_equal(190000, clock_os.now(&clock_os).mono_ms);
    has_slept = false;
}

static int64_t look_after(struct clock_watch *watch, struct now *at, int64_t mono_ms,
                          int64_t wall_ms)
{
    at->mono_ms += mono_ms;
    at->wall_ns += wall_ms * 1000000;
    return clock_watch_look(watch, at);
}

static void who_sets_the_time_of_day_is_noticed_once_and_who_slews_it_is_not(void **state)
{
    struct clock_watch watch = {0};
    struct now at = {.mono_ms = 70, .wall_ns = 1700000000000000000};

    (void)state;
    assert_int_equal(0, clock_watch_look(&watch, &at)); /* the first is no jump */
    assert_int_equal(0, look_after(&watch, &at, 1000, 1000));
    assert_int_equal(0, look_after(&watch, &at, 1000000, 1000500)); /* NTP, at its fastest */
    assert_int_equal(0, look_after(&watch, &at, 10, 10 + 999));
    assert_int_equal(3600000, look_after(&watch, &at, 10, 10 + 3600000));
    assert_int_equal(0, look_after(&watch, &at, 10, 10));
    assert_int_equal(-1000, look_after(&watch, &at, 10, 10 - 1000));
    assert_int_equal(0, look_after(&watch, &at, 10, 10));
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
        cmocka_unit_test(the_systems_clock_goes_on_while_the_machine_sleeps),
        cmocka_unit_test(who_sets_the_time_of_day_is_noticed_once_and_who_slews_it_is_not),
        cmocka_unit_test(the_clock_of_the_system_goes_forward),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
