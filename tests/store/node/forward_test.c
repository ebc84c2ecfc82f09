/* Three members: what goes to the leader, what an election and a snapshot make of it.
 * cluster_test.c has the same under chance. */
#include "tests/store/node/cluster.h"

static void isolate(struct cluster *cluster, uint64_t id, bool cut)
{
    for (unsigned other = 1; other <= cluster->count; other++) {
        cluster->cut[id][other] = cut;
        cluster->cut[other][id] = cut;
    }
}

/* Of three; runs until one leads. */
static uint64_t elected(struct cluster *cluster)
{
    for (unsigned id = 1; id <= 3; id++) {
        cluster_start(cluster, id);
    }
    cluster_run(cluster, 4000);
    return cluster_status(cluster, 1).lead;
}

static uint64_t follower_of(uint64_t leader)
{
    return leader == 1 ? 2 : 1;
}

static void lose_all(struct cluster *cluster)
{
    while (cluster->letter_count > 0) {
        cluster_lose(cluster, 0);
    }
}

static void what_is_in_flight_has_its_bound(void **state)
{
    static struct cluster cluster;
    uint64_t leader;

    (void)state;
    cluster_init(&cluster, 1, 3);
    cluster.settings.flight_bytes_max = 1500;
    leader = elected(&cluster);
    isolate(&cluster, leader, true);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(cluster_call(&cluster, leader, 300), ERR_OK);
    }
    cluster_turn(&cluster, leader);
    assert_in_range(cluster_status(&cluster, leader).flight_bytes, 300, 1500);
    isolate(&cluster, leader, false);
    cluster_run(&cluster, 2000);
    assert_int_equal(cluster_applied(&cluster, leader), 40);
    cluster_fini(&cluster);
}

/* A leader that nobody hears proposes in vain; when it hears the next one's first entry, it knows.
 */
static void what_an_election_has_lost_is_tried_again(void **state)
{
    static struct cluster cluster;
    uint64_t leader;

    (void)state;
    cluster_init(&cluster, 1, 3);
    cluster.settings.election_ms = 300;
    leader = elected(&cluster);
    isolate(&cluster, leader, true);
    assert_int_equal(cluster_call(&cluster, leader, 10), ERR_OK);
    cluster_run(&cluster, 2000);
    assert_int_equal(cluster_waiting(&cluster), 1);
    isolate(&cluster, leader, false);
    cluster_run(&cluster, 1500);
    assert_int_equal(cluster_waiting(&cluster), 0);
    assert_int_equal(cluster.asked[0].state, ASKED_DONE);
    assert_int_equal(cluster_applied(&cluster, leader), 1);
    cluster_fini(&cluster);
}

/* It was on its way to the run before: what it says is too old. */
static void an_answer_to_an_earlier_run_is_no_answer(void **state)
{
    static struct cluster cluster;
    uint64_t follower;
    struct raft_msg msg = {.type = RAFT_MSG_READ_RESP, .index = 1};

    (void)state;
    cluster_init(&cluster, 1, 3);
    msg.from = elected(&cluster);
    follower = follower_of(msg.from);
    msg.to = follower;
    msg.term = cluster_status(&cluster, follower).term;
    isolate(&cluster, follower, true);
    assert_int_equal(cluster_read(&cluster, follower), ERR_OK);
    cluster_turn(&cluster, follower);
    for (uint64_t number = 0; number < 100; number++) {
        msg.read = (struct raft_read){follower, number};
        assert_int_equal(raft_node_receive(cluster.members[follower].node, &msg), ERR_OK);
    }
    cluster_turn(&cluster, follower);
    assert_int_equal(cluster_waiting(&cluster), 1);
    cluster_fini(&cluster);
}

/* The connection is made anew: what was forwarded over the old one goes again, and counts once. */
static void what_is_lost_on_its_way_to_the_leader_goes_again(void **state)
{
    static struct cluster cluster;
    uint64_t leader;
    uint64_t follower;

    (void)state;
    cluster_init(&cluster, 1, 3);
    leader = elected(&cluster);
    follower = follower_of(leader);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(cluster_call(&cluster, follower, 10), ERR_OK);
        cluster_turn(&cluster, follower);
        if (i % 2 == 1) {
            lose_all(&cluster);
        }
        cluster_run(&cluster, 50);
    }
    assert_int_equal(cluster_waiting(&cluster), 2);
    assert_int_equal(cluster_call(&cluster, follower, 10), ERR_OK);
    cluster_turn(&cluster, follower);
    lose_all(&cluster);
    raft_node_unreachable(cluster.members[follower].node, leader);
    cluster_run(&cluster, 50);
    assert_int_equal(cluster_applied(&cluster, leader),
                     4); /* those behind which others came wait */
    cluster_run(&cluster, 6000);
    assert_int_equal(cluster_waiting(&cluster), 0);
    cluster_fini(&cluster);
}

/* What went to a leader of an earlier term may be in the log yet: nobody else may have it. */
static void what_may_be_in_the_log_goes_to_no_other_leader(void **state)
{
    static struct cluster cluster;
    struct raft_msg heartbeat = {.type = RAFT_MSG_HEARTBEAT};
    uint64_t leader;
    uint64_t follower;

    (void)state;
    cluster_init(&cluster, 1, 3);
    leader = elected(&cluster);
    follower = follower_of(leader);
    assert_int_equal(cluster_call(&cluster, follower, 10), ERR_OK);
    cluster_turn(&cluster, follower);
    assert_true(cluster.letter_count > 0 && cluster.letters[0].forwards);
    lose_all(&cluster);
    heartbeat.from = 6 - leader - follower;
    heartbeat.to = follower;
    heartbeat.term = cluster_status(&cluster, follower).term + 1;
    assert_int_equal(raft_node_receive(cluster.members[follower].node, &heartbeat), ERR_OK);
    cluster_turn(&cluster, follower);
    assert_int_equal(cluster_status(&cluster, follower).lead, heartbeat.from);
    raft_node_unreachable(cluster.members[follower].node, heartbeat.from);
    cluster_turn(&cluster, follower);
    for (size_t i = 0; i < cluster.letter_count; i++) {
        assert_false(cluster.letters[i].forwards);
    }
    cluster_fini(&cluster);
}

static void what_was_meant_for_another_term_is_refused(void **state)
{
    static struct cluster cluster;
    struct machine_call call = {.boot = 7, .number = 1};
    struct buf calls = {0};
    uint64_t leader;
    uint64_t term;

    (void)state;
    cluster_init(&cluster, 1, 3);
    leader = elected(&cluster);
    term = cluster_status(&cluster, leader).term;
    call.member = follower_of(leader);
    call_add(&calls, &call);
    assert_int_equal(
        raft_node_forwarded(cluster.members[leader].node, call.member, term - 1, buf_str(&calls)),
        ERR_NOT_LEADER);
    assert_int_equal(
        raft_node_forwarded(cluster.members[leader].node, leader, term, buf_str(&calls)),
        ERR_MALFORMED);
    assert_int_equal(raft_node_forwarded(cluster.members[leader].node, call.member, term,
                                         (struct str){calls.data, calls.len - 1}),
                     ERR_MALFORMED);
    assert_int_equal(
        raft_node_forwarded(cluster.members[leader].node, call.member, term, buf_str(&calls)),
        ERR_OK);
    buf_fini(&calls);
    cluster_fini(&cluster);
}

/* It is applied in what the snapshot holds, and its member does not see it applied. */
static void a_call_that_a_snapshot_jumped_over_is_not_tried_again(void **state)
{
    static struct cluster cluster;
    uint64_t leader;
    uint64_t follower;

    (void)state;
    cluster_init(&cluster, 1, 3);
    cluster.settings.election_ms = 300;
    cluster.settings.trail_bytes = 1;
    leader = elected(&cluster);
    follower = follower_of(leader);
    assert_int_equal(cluster_call(&cluster, follower, 10), ERR_OK);
    cluster_turn(&cluster, follower);
    cluster_deliver(&cluster, 0);
    isolate(&cluster, follower, true);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(cluster_call(&cluster, leader, 500), ERR_OK);
        cluster_run(&cluster, 20);
        cluster_flush(&cluster, leader);
    }
    isolate(&cluster, follower, false);
    cluster_run(&cluster, 1500);
    assert_true(cluster.members[follower].list.flushed.installed);
    cluster_kill(&cluster, leader, false, DISK_KEEP_ALL);
    cluster_run(&cluster, 2000);
    assert_int_equal(cluster.asked[0].state, ASKED_UNKNOWN);
    assert_true(cluster_heal(&cluster, 5000));
    assert_int_equal(cluster.all_count, 41);
    cluster_fini(&cluster);
}

static void a_change_of_members_is_applied_and_kept(void **state)
{
    static struct cluster cluster;
    struct raft_change change = {RAFT_CHANGE_REMOVE, 0};
    uint64_t leader;

    (void)state;
    cluster_init(&cluster, 1, 3);
    leader = elected(&cluster);
    change.id = follower_of(leader);
    assert_int_equal(raft_node_change(cluster.members[leader].node, &change), ERR_OK);
    assert_int_equal(raft_node_change(cluster.members[leader].node, &change), ERR_CONFLICT);
    cluster_run(&cluster, 300);
    assert_int_equal(cluster.members[leader].list.config.voters.count, 2);
    cluster_kill(&cluster, change.id, false, DISK_KEEP_ALL);
    for (int i = 0; i < 20; i++) { /* a mark keeps it too */
        assert_int_equal(cluster_call(&cluster, leader, 500), ERR_OK);
        cluster_run(&cluster, 20);
        cluster_flush(&cluster, leader);
    }
    assert_true(cluster_status(&cluster, leader).mark > 3);
    cluster_kill(&cluster, leader, true, DISK_KEEP_NOTHING);
    cluster_start(&cluster, leader);
    cluster_run(&cluster, 4000);
    assert_true(cluster_status(&cluster, leader).lead != 0); /* two of two, without the third */
    assert_int_equal(cluster.members[leader].list.config.voters.count, 2);
    assert_int_equal(cluster_call(&cluster, leader, 10), ERR_OK);
    cluster_run(&cluster, 500);
    assert_int_equal(cluster_waiting(&cluster), 0);
    assert_int_equal(cluster_applied(&cluster, leader), 21);
    cluster_fini(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_flight_has_its_bound),
        cmocka_unit_test(what_an_election_has_lost_is_tried_again),
        cmocka_unit_test(an_answer_to_an_earlier_run_is_no_answer),
        cmocka_unit_test(what_is_lost_on_its_way_to_the_leader_goes_again),
        cmocka_unit_test(what_may_be_in_the_log_goes_to_no_other_leader),
        cmocka_unit_test(what_was_meant_for_another_term_is_refused),
        cmocka_unit_test(a_call_that_a_snapshot_jumped_over_is_not_tried_again),
        cmocka_unit_test(a_change_of_members_is_applied_and_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
