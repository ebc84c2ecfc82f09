/* One member: what it takes, packs, writes, applies and answers, and its bounds. */
#include <errno.h>

#include "tests/store/node/cluster.h"

static struct cluster *begin(void)
{
    static struct cluster cluster;

    cluster_init(&cluster, 1, 1);
    return &cluster;
}

static struct cluster *led(void)
{
    struct cluster *cluster = begin();

    cluster_start(cluster, 1);
    cluster_turn(cluster, 1);
    return cluster;
}

static void a_member_alone_leads_at_once(void **state)
{
    struct cluster *cluster = begin();

    (void)state;
    cluster_start(cluster, 1);
    assert_int_equal(cluster_call(cluster, 1, 10), ERR_OK);
    assert_int_equal(cluster_read(cluster, 1), ERR_OK);
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_status(cluster, 1).role, RAFT_LEADER);
    assert_int_equal(cluster_applied(cluster, 1), 1);
    assert_int_equal(cluster_waiting(cluster), 0);
    cluster_fini(cluster);
}

static void calls_of_a_turn_go_into_one_entry_and_one_sync(void **state)
{
    struct cluster *cluster = led();
    struct disk_log_stats before;
    struct disk_log_stats after;
    uint64_t applied = cluster_status(cluster, 1).applied;

    (void)state;
    disk_log_stats(cluster->members[1].log, &before);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(cluster_call(cluster, 1, 10), ERR_OK);
    }
    cluster_turn(cluster, 1);
    disk_log_stats(cluster->members[1].log, &after);
    assert_int_equal(cluster_status(cluster, 1).applied, applied + 1);
    assert_int_equal(after.sync_count, before.sync_count + 1);
    assert_int_equal(cluster_applied(cluster, 1), 8);
    cluster_fini(cluster);
}

static void a_large_call_goes_alone(void **state)
{
    struct cluster *cluster = led();
    uint64_t applied = cluster_status(cluster, 1).applied;

    (void)state;
    assert_int_equal(cluster_call(cluster, 1, 10), ERR_OK);
    assert_int_equal(cluster_call(cluster, 1, 2000), ERR_OK);
    assert_int_equal(cluster_call(cluster, 1, 10), ERR_OK);
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_status(cluster, 1).applied, applied + 3);
    cluster_fini(cluster);
}

static void what_is_answered_is_there_after_a_power_cut(void **state)
{
    struct cluster *cluster = led();

    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(cluster_call(cluster, 1, 50), ERR_OK);
        cluster_turn(cluster, 1);
    }
    cluster_kill(cluster, 1, true, DISK_KEEP_NOTHING);
    cluster_start(cluster, 1);
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_applied(cluster, 1), 20);
    assert_int_equal(cluster_call(cluster, 1, 50), ERR_OK);
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_applied(cluster, 1), 21);
    cluster_fini(cluster);
}

static void the_log_is_cut_where_the_machine_has_flushed(void **state)
{
    struct cluster *cluster = led();
    struct disk_log_stats stats;

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(cluster_call(cluster, 1, 500), ERR_OK);
        cluster_turn(cluster, 1);
        if (i == 80) {
            cluster_flush(cluster, 1);
        }
    }
    assert_int_equal(cluster_status(cluster, 1).mark, cluster->members[1].list.flushed.index);
    disk_log_stats(cluster->members[1].log, &stats);
    assert_true(stats.segment_count <= 5);
    cluster_kill(cluster, 1, true, DISK_KEEP_NOTHING);
    cluster_start(cluster, 1);
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_applied(cluster, 1), 100);
    cluster_fini(cluster);
}

static void a_call_may_take_several_turns(void **state)
{
    struct cluster *cluster = led();

    (void)state;
    cluster->members[1].list.slow = 2;
    for (int i = 0; i < 8; i++) {
        assert_int_equal(cluster_call(cluster, 1, 10), ERR_OK);
    }
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_applied(cluster, 1), 8);
    assert_int_equal(cluster_waiting(cluster), 0);
    cluster_fini(cluster);
}

static void a_turn_applies_a_slice(void **state)
{
    struct cluster *cluster = begin();
    struct raft_sink sink = {0};
    bool more = false;

    (void)state;
    cluster->settings.apply_bytes = 300;
    cluster->settings.entry_bytes_max = 4000;
    cluster_start(cluster, 1);
    cluster_turn(cluster, 1);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(cluster_call(cluster, 1, 100), ERR_OK);
    }
    assert_int_equal(raft_node_turn(cluster->members[1].node, cluster->now_ms, &sink, &more),
                     ERR_OK);
    assert_true(more);
    assert_in_range(cluster_applied(cluster, 1), 2, 4);
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_applied(cluster, 1), 10);
    cluster_fini(cluster);
}

/* ── bounds ── */

static void a_queue_has_its_bounds(void **state)
{
    struct cluster *cluster = begin();

    (void)state;
    cluster->settings.call_bytes_max = 1000;
    cluster->settings.queue_bytes_max = 2500;
    cluster->settings.queue_count_max = 5;
    cluster_start(cluster, 1);
    assert_int_equal(cluster_call(cluster, 1, 1001), ERR_TOO_LARGE);
    assert_int_equal(cluster_call(cluster, 1, 1000), ERR_OK);
    assert_int_equal(cluster_call(cluster, 1, 1000), ERR_OK);
    assert_int_equal(cluster_call(cluster, 1, 1000), ERR_FULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cluster_call(cluster, 1, 1), ERR_OK);
    }
    assert_int_equal(cluster_call(cluster, 1, 1), ERR_FULL);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(cluster_read(cluster, 1), ERR_OK);
    }
    assert_int_equal(cluster_read(cluster, 1), ERR_FULL);
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_call(cluster, 1, 1000), ERR_OK);
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_waiting(cluster), 0);
    cluster_fini(cluster);
}

static void a_log_that_cant_be_cut_refuses_calls(void **state)
{
    struct cluster *cluster = begin();
    unsigned taken = 0;

    (void)state;
    cluster->settings.log_bytes_max = 20000;
    cluster_start(cluster, 1);
    while (cluster_call(cluster, 1, 500) == ERR_OK) {
        cluster_turn(cluster, 1);
        taken++;
    }
    assert_in_range(taken, 25, 45);
    cluster_flush(cluster, 1);
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_call(cluster, 1, 500), ERR_OK);
    cluster_fini(cluster);
}

static void a_full_disk_refuses_calls_and_serves_reads(void **state)
{
    struct cluster *cluster = led();
    enum err err = ERR_OK;

    (void)state;
    disk_sim_fail(cluster->members[1].sim, DISK_OP_ALLOCATE, 0, UINT32_MAX, ENOSPC);
    while (err == ERR_OK) {
        err = cluster_call(cluster, 1, 500);
        cluster_turn(cluster, 1);
    }
    assert_int_equal(err, ERR_NO_ROOM);
    assert_true(disk_log_room(cluster->members[1].log) > 4000); /* for what is under way */
    assert_false(cluster->members[1].failed);
    assert_int_equal(cluster_read(cluster, 1), ERR_OK);
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_waiting(cluster), 0);
    disk_sim_fail(cluster->members[1].sim, 0, 0, 0, ENOSPC);
    cluster_run(cluster, 1100);
    assert_int_equal(cluster_call(cluster, 1, 500), ERR_OK);
    cluster_fini(cluster);
}

static void a_call_past_its_deadline_is_not_proposed(void **state)
{
    struct cluster *cluster = begin();

    (void)state;
    cluster->settings.first.voters = (struct raft_members){2, {1, 2}}; /* nobody can lead */
    cluster_start(cluster, 1);
    assert_int_equal(cluster_call(cluster, 1, 10), ERR_OK);
    assert_int_equal(cluster_read(cluster, 1), ERR_OK);
    cluster->now_ms += 6000;
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_waiting(cluster), 0);
    assert_int_equal(cluster->asked[0].state, ASKED_UNKNOWN);
    cluster_fini(cluster);
}

/* ── log and machine ── */

static void a_machine_ahead_of_its_log_is_refused(void **state)
{
    struct cluster *cluster = led();
    struct member *member = &cluster->members[1];

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cluster_call(cluster, 1, 50), ERR_OK);
        cluster_turn(cluster, 1);
    }
    cluster_flush(cluster, 1);
    cluster_kill(cluster, 1, false, DISK_KEEP_ALL);
    member->list.flushed.index += 5;
    assert_int_equal(cluster_try_start(cluster, 1), ERR_UNUSABLE);
    member->list.flushed.index -= 5;
    member->list.flushed.term++;
    assert_int_equal(cluster_try_start(cluster, 1), ERR_UNUSABLE);
    member->list.flushed.term--;
    cluster_start(cluster, 1);
    cluster_fini(cluster);
}

/* Between a snapshot's installation and the log's first word of it the power went. */
static void a_log_begins_anew_behind_a_snapshot_it_does_not_know(void **state)
{
    struct cluster *cluster = led();
    struct member *member = &cluster->members[1];

    (void)state;
    assert_int_equal(cluster_call(cluster, 1, 50), ERR_OK);
    cluster_turn(cluster, 1);
    cluster_flush(cluster, 1);
    cluster_kill(cluster, 1, false, DISK_KEEP_ALL);
    member->list.flushed.index += 50;
    member->list.flushed.term += 1;
    member->list.flushed.installed = true;
    cluster_start(cluster, 1);
    assert_int_equal(cluster_status(cluster, 1).mark, member->list.flushed.index);
    assert_int_equal(cluster_call(cluster, 1, 50), ERR_OK);
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_applied(cluster, 1), 2);
    cluster_kill(cluster, 1, true, DISK_KEEP_NOTHING);
    member->list.flushed.installed = false;
    cluster_start(cluster, 1);
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_applied(cluster, 1), 2);
    cluster_fini(cluster);
}

/* Damage below what the state machine holds costs nothing. */
static void a_sole_voter_whose_log_was_cut_goes_on_behind_its_state(void **state)
{
    struct cluster *cluster = led();
    struct member *member = &cluster->members[1];
    const char *path = "/log/raft-0000000000000001.log";

    (void)state;
    for (int i = 0; i < 8; i++) {
        assert_int_equal(cluster_call(cluster, 1, 300), ERR_OK);
        cluster_turn(cluster, 1);
    }
    cluster_flush(cluster, 1);
    cluster_kill(cluster, 1, false, DISK_KEEP_ALL);
    assert_true(disk_sim_flip(member->sim, path, 1000, 3));
    assert_int_equal(cluster_try_start(cluster, 1), ERR_CORRUPT);
    cluster->settings.cut_damage = true;
    cluster_start(cluster, 1);
    cluster->settings.cut_damage = false;
    assert_int_equal(cluster_status(cluster, 1).mark, member->list.flushed.index);
    assert_int_equal(cluster_call(cluster, 1, 50), ERR_OK);
    cluster_turn(cluster, 1);
    cluster_kill(cluster, 1, true, DISK_KEEP_NOTHING);
    cluster_start(cluster, 1);
    cluster_turn(cluster, 1);
    assert_int_equal(cluster_applied(cluster, 1), 9);
    cluster_fini(cluster);
}

static void a_machine_behind_its_log_is_refused(void **state)
{
    struct cluster *cluster = led();
    struct member *member = &cluster->members[1];

    (void)state;
    for (int i = 0; i < 40; i++) {
        assert_int_equal(cluster_call(cluster, 1, 500), ERR_OK);
        cluster_turn(cluster, 1);
        cluster_flush(cluster, 1);
    }
    assert_true(cluster_status(cluster, 1).mark > 5);
    cluster_kill(cluster, 1, false, DISK_KEEP_ALL);
    member->list.flushed = (struct machine_position){0};
    assert_int_equal(cluster_try_start(cluster, 1), ERR_UNUSABLE);
    cluster_fini(cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_alone_leads_at_once),
        cmocka_unit_test(calls_of_a_turn_go_into_one_entry_and_one_sync),
        cmocka_unit_test(a_large_call_goes_alone),
        cmocka_unit_test(what_is_answered_is_there_after_a_power_cut),
        cmocka_unit_test(the_log_is_cut_where_the_machine_has_flushed),
        cmocka_unit_test(a_call_may_take_several_turns),
        cmocka_unit_test(a_turn_applies_a_slice),
        cmocka_unit_test(a_queue_has_its_bounds),
        cmocka_unit_test(a_log_that_cant_be_cut_refuses_calls),
        cmocka_unit_test(a_full_disk_refuses_calls_and_serves_reads),
        cmocka_unit_test(a_call_past_its_deadline_is_not_proposed),
        cmocka_unit_test(a_machine_ahead_of_its_log_is_refused),
        cmocka_unit_test(a_log_begins_anew_behind_a_snapshot_it_does_not_know),
        cmocka_unit_test(a_sole_voter_whose_log_was_cut_goes_on_behind_its_state),
        cmocka_unit_test(a_machine_behind_its_log_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
