/* When writes of another host are late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/registry/sender_clocks.h"

enum { deadline_ms = 5000 };

static const int64_t ms_ns = 1000000;

struct rig {
    struct sender_clocks clocks;
    struct now now;
    int64_t learnt_ns;
};

static int set_up(void **state)
{
    static struct rig rig;

    rig = (struct rig){.now = {.mono_ms = 50000, .wall_ns = 1000000000000000000}};
    sender_clocks_init(&rig.clocks, deadline_ms);
    *state = &rig;
    return 0;
}

/* A write of a sender whose clock is so far behind, read waited_ms after it was sent. */
static bool is_late(struct rig *self, uint64_t sender, int64_t behind_ms, int64_t waited_ms)
{
    int64_t expires_ns = self->now.wall_ns + (deadline_ms - behind_ms - waited_ms) * ms_ns;

    return sender_clocks_is_late(&self->clocks, sender, expires_ns, &self->now, &self->learnt_ns);
}

static void go_on(struct rig *self, int64_t ms)
{
    self->now.mono_ms += ms;
    self->now.wall_ns += ms * ms_ns;
}

static void what_came_too_late_is_late(void **state)
{
    struct rig *self = *state;

    assert_false(is_late(self, 7, 0, deadline_ms));
    assert_true(is_late(self, 7, 0, deadline_ms + 1));
    assert_true(is_late(self, 0, 0, deadline_ms + 1));
    assert_false(is_late(self, 7, 4000, 900));
    assert_true(is_late(self, 7, 4000, 1100)); /* not worth to be learnt */
}

static void a_clock_that_is_behind_is_learnt(void **state)
{
    struct rig *self = *state;
    unsigned refused = 0;

    while (is_late(self, 7, 10000, 3 + refused % 5)) {
        refused++;
        assert_int_equal(self->learnt_ns, 0);
        go_on(self, 500);
    }
    assert_in_range(refused, 19, 21); /* in ten seconds */
    assert_int_equal(self->learnt_ns, 10003 * ms_ns);
    assert_false(is_late(self, 7, 10000, 4000));
    assert_true(is_late(self, 7, 10000, deadline_ms + 100));
    assert_true(is_late(self, 8, 10000, 0)); /* another one's is not known */
    assert_false(is_late(self, 7, 0, 1));    /* it was set right */
    assert_true(is_late(self, 7, 0, deadline_ms + 1));
}

static void one_write_in_time_says_that_the_others_are_late(void **state)
{
    struct rig *self = *state;

    for (unsigned i = 0; i < 100; i++) {
        assert_true(is_late(self, 7, 0, deadline_ms + 200));
        go_on(self, 500);
        if (i % 15 == 14) {
            assert_false(is_late(self, 7, 0, 10));
        }
    }
}

/* This process stood still: it reads in one go what was sent meanwhile. */
static void what_waited_for_this_process_is_late(void **state)
{
    struct rig *self = *state;

    assert_true(is_late(self, 7, 0, deadline_ms + 1));
    go_on(self, 3600000);
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(is_late(self, 7, 0, 3600000 - i));
    }
}

static void of_many_senders_the_last_are_known(void **state)
{
    struct rig *self = *state;

    for (uint64_t sender = 1; sender <= (uint64_t)3 * sender_clocks_max; sender++) {
        go_on(self, 1);
        assert_true(is_late(self, sender, 10000, 0));
    }
    assert_int_equal(self->clocks.late, sender_clocks_max);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_came_too_late_is_late, set_up),
        cmocka_unit_test_setup(a_clock_that_is_behind_is_learnt, set_up),
        cmocka_unit_test_setup(one_write_in_time_says_that_the_others_are_late, set_up),
        cmocka_unit_test_setup(what_waited_for_this_process_is_late, set_up),
        cmocka_unit_test_setup(of_many_senders_the_last_are_known, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
