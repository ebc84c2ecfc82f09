#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/raft/progress.h"

static const struct raft_settings limits = {.inflight_max = 3, .inflight_bytes_max = 100};

static struct raft_progress member(uint64_t match, uint64_t next)
{
    struct raft_progress self;

    raft_progress_init(&self, 2, false, next, &limits);
    self.match = match;
    return self;
}

static void a_probe_is_one_message_at_a_time(void **state)
{
    struct raft_progress self = member(3, 6);

    (void)state;
    assert_false(raft_progress_is_paused(&self));
    raft_progress_sent(&self, 2, 20);
    assert_true(raft_progress_is_paused(&self));
    assert_int_equal(6, self.next);
    assert_true(raft_progress_acked(&self, 5));
    assert_false(raft_progress_is_paused(&self));
    raft_progress_fini(&self);
}

static void what_flies_is_limited_by_count(void **state)
{
    struct raft_progress self = member(3, 4);

    (void)state;
    raft_progress_replicate(&self);
    for (unsigned i = 0; i < 3; i++) {
        assert_false(raft_progress_is_paused(&self));
        raft_progress_sent(&self, 2, 1);
    }
    assert_true(raft_progress_is_paused(&self));
    assert_int_equal(10, self.next);
    raft_progress_free(&self, 4); /* the first ends at 5 */
    assert_true(raft_inflights_are_full(&self.inflights));
    raft_progress_free(&self, 7);
    assert_int_equal(1, self.inflights.count);
    assert_int_equal(1, self.inflights.bytes);
    raft_progress_sent(&self, 1, 1); /* the ring goes round */
    raft_progress_sent(&self, 1, 1);
    assert_true(raft_inflights_are_full(&self.inflights));
    raft_progress_free(&self, 11);
    assert_int_equal(0, self.inflights.count);
    raft_progress_fini(&self);
}

static void what_flies_is_limited_by_bytes(void **state)
{
    struct raft_progress self = member(3, 4);

    (void)state;
    raft_progress_replicate(&self);
    raft_progress_sent(&self, 1, 99);
    assert_false(raft_progress_is_paused(&self));
    raft_progress_sent(&self, 1, 1);
    assert_true(raft_progress_is_paused(&self));
    raft_progress_free(&self, 4);
    assert_false(raft_inflights_are_full(&self.inflights));
    raft_progress_fini(&self);
}

static void a_refused_probe_goes_back_to_the_hint_and_never_below_match(void **state)
{
    struct raft_progress self = member(3, 10);

    (void)state;
    assert_false(raft_progress_refused(&self, 8, 5)); /* of an earlier probe */
    assert_true(raft_progress_refused(&self, 9, 6));
    assert_int_equal(7, self.next);
    assert_true(raft_progress_refused(&self, 6, 9));
    assert_int_equal(6, self.next);
    assert_true(raft_progress_refused(&self, 5, 1));
    assert_int_equal(4, self.next);
    raft_progress_fini(&self);
}

static void a_refusal_while_replicating_goes_back_to_match(void **state)
{
    struct raft_progress self = member(3, 4);

    (void)state;
    raft_progress_replicate(&self);
    raft_progress_sent(&self, 5, 1);
    assert_false(raft_progress_refused(&self, 3, 3)); /* what was acknowledged since */
    assert_int_equal(9, self.next);
    assert_true(raft_progress_refused(&self, 5, 5));
    assert_int_equal(4, self.next);
    raft_progress_fini(&self);
}

static void after_a_snapshot_it_goes_on_behind_it(void **state)
{
    struct raft_progress self = member(3, 4);

    (void)state;
    raft_progress_snapshot(&self, 20);
    assert_true(raft_progress_is_paused(&self));
    assert_int_equal(21, self.next);
    raft_progress_probe(&self);
    assert_int_equal(RAFT_PROBE, self.state);
    assert_int_equal(21, self.next);
    raft_progress_snapshot(&self, 30);
    self.pending_snapshot = 0; /* it failed */
    raft_progress_probe(&self);
    assert_int_equal(4, self.next);
    raft_progress_fini(&self);
}

static void what_was_sent_bounds_what_is_known_to_be_committed(void **state)
{
    struct raft_progress self = member(3, 8);

    (void)state;
    self.sent_commit = 5;
    assert_true(raft_progress_lacks_commit(&self, 6));
    assert_false(raft_progress_lacks_commit(&self, 5));
    self.sent_commit = 7;
    assert_false(raft_progress_lacks_commit(&self, 9)); /* it could not commit more than it has */
    assert_true(raft_progress_refused(&self, 7, 4));
    assert_int_equal(4, self.sent_commit);
    raft_progress_fini(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_probe_is_one_message_at_a_time),
        cmocka_unit_test(what_flies_is_limited_by_count),
        cmocka_unit_test(what_flies_is_limited_by_bytes),
        cmocka_unit_test(a_refused_probe_goes_back_to_the_hint_and_never_below_match),
        cmocka_unit_test(a_refusal_while_replicating_goes_back_to_match),
        cmocka_unit_test(after_a_snapshot_it_goes_on_behind_it),
        cmocka_unit_test(what_was_sent_bounds_what_is_known_to_be_committed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
