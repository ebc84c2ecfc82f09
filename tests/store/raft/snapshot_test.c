#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/store/raft/lone.h"

static struct lone lone;

static int set_up(void **state)
{
    (void)state;
    lone_init(&lone);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lone_fini(&lone);
    return 0;
}

static void heard(uint64_t from)
{
    lone_receive(
        &lone,
        (struct raft_msg){.type = RAFT_MSG_HEARTBEAT_RESP, .from = from, .term = lone.raft->term});
}

static void an_old_member_gets_a_snapshot_of_what_is_applied(void **state)
{
    struct raft_snapshot newest = {.index = 3, .term = 2};
    const struct raft_msg *sent;

    (void)state;
    lone_lead_three(&lone);
    for (int i = 0; i < 3; i++) {
        lone_propose(&lone, 3);
    }
    lone_ack(&lone, 2, 5);
    raft_compacted(lone.raft, 3, &newest);
    lone_tick(&lone, 100);
    assert_null(lone_sent(&lone, RAFT_MSG_SNAP, 3)); /* nobody heard of it */
    heard(3);
    sent = lone_sent(&lone, RAFT_MSG_SNAP, 3);
    assert_int_equal(5, sent->snapshot.index); /* not 3: its members may be others by now */
    assert_int_equal(2, sent->snapshot.term);
    assert_int_equal(3, sent->snapshot.config.voters.count);
    lone_propose(&lone, 3);
    heard(3);
    assert_null(lone_sent(&lone, RAFT_MSG_APPEND, 3));
    raft_snapshot_failed(lone.raft, 3);
    lone_drain(&lone);
    heard(3);
    assert_non_null(lone_sent(&lone, RAFT_MSG_SNAP, 3));
    lone_ack(&lone, 3, 5);
    assert_int_equal(RAFT_REPLICATE, raft_member(lone.raft, 3)->state);
    assert_int_equal(6, lone_sent(&lone, RAFT_MSG_APPEND, 3)->first);
}

static struct raft_msg snapshot_of(uint64_t index, uint64_t term, uint64_t third)
{
    return (struct raft_msg){
        .type = RAFT_MSG_SNAP,
        .from = 2,
        .to = 1,
        .term = 5,
        .snapshot = {index, term, {.voters = {3, {third, 2, 4}}}},
    };
}

static void a_snapshot_is_installed_before_anything_is_applied(void **state)
{
    struct raft_entry entry = {.term = 5, .index = 21};
    struct raft_msg snapshot = snapshot_of(20, 4, 1);
    struct raft_msg append = lone_append_of(&entry, 1, 5, 20, 4, 21);
    struct raft_ready ready;

    (void)state;
    lone.settings.apply_unstable = true;
    lone_start(&lone, (struct lone_start){.voters = 3, .terms = (uint64_t[]){2}, .count = 1});
    raft_receive(lone.raft, &snapshot);
    raft_receive(lone.raft, &append);
    raft_ready(lone.raft, &ready);
    assert_int_equal(20, ready.snapshot->index);
    assert_int_equal(21, ready.append_first);
    assert_int_equal(21, ready.hard.commit);
    assert_true(ready.must_sync);
    assert_int_equal(0, ready.apply_count);
    assert_int_equal(20, ready.later[0].index);
    assert_int_equal(3, lone.raft->config.voters.count);
    assert_non_null(raft_member(lone.raft, 4));
    raft_tick(lone.raft, 9000);
    assert_int_equal(RAFT_FOLLOWER, lone.raft->role); /* it has no state to lead with */
    raft_persisted(lone.raft, ready.serial);
    raft_ready(lone.raft, &ready);
    assert_int_equal(21, ready.apply_first);
    assert_int_equal(1, ready.apply_count);
}

static void a_snapshot_of_what_is_held_only_commits(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3, .terms = (uint64_t[]){2, 2, 2}, .count = 3});
    lone_receive(&lone, snapshot_of(3, 2, 1));
    assert_int_equal(3, lone.raft->log.committed);
    assert_int_equal(4, raft_log_last(&lone.raft->log));
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
    lone_receive(&lone, snapshot_of(2, 2, 1)); /* older than that */
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
}

static void a_snapshot_that_does_not_know_the_member_is_not_taken(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3});
    lone_receive(&lone, snapshot_of(20, 4, 7));
    assert_int_equal(1, lone.raft->log.committed);
    assert_int_equal(1, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(an_old_member_gets_a_snapshot_of_what_is_applied),
        CASE(a_snapshot_is_installed_before_anything_is_applied),
        CASE(a_snapshot_of_what_is_held_only_commits),
        CASE(a_snapshot_that_does_not_know_the_member_is_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
