#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/raft/change.h"
#include "tests/store/raft/lone.h"
#include "tests/store/raft/world.h"

static struct lone lone;
static struct world world;

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

static int end_world(void **state)
{
    (void)state;
    world_fini(&world);
    return 0;
}

static void start_world(unsigned voters, unsigned all)
{
    world_init(&world, 5, voters, all);
    for (unsigned id = 1; id <= all; id++) {
        world_start(&world, &world.nodes[id]);
    }
}

static void lead(unsigned voters)
{
    lone_start(&lone, (struct lone_start){.voters = voters});
    lone_lead(&lone);
    for (uint64_t id = 2; id <= voters; id++) {
        lone_ack(&lone, id, 2);
    }
}

static void an_added_voter_counts_when_the_change_is_applied(void **state)
{
    (void)state;
    lead(1);
    assert_int_equal(ERR_OK, lone_change(&lone, RAFT_CHANGE_ADD_VOTER, 2));
    assert_int_equal(3, lone.raft->log.committed);
    assert_int_equal(2, lone.raft->config.voters.count);
    lone_propose(&lone, 1);
    assert_int_equal(3, lone.raft->log.committed);
    lone_ack(&lone, 2, 4);
    assert_int_equal(4, lone.raft->log.committed);
}

static void one_change_at_a_time(void **state)
{
    (void)state;
    lead(3);
    assert_int_equal(ERR_OK, lone_change(&lone, RAFT_CHANGE_ADD_VOTER, 4));
    assert_int_equal(ERR_CONFLICT, lone_change(&lone, RAFT_CHANGE_ADD_VOTER, 5));
    lone_ack(&lone, 2, 3);
    assert_int_equal(4, lone.raft->config.voters.count);
    assert_int_equal(ERR_OK, lone_change(&lone, RAFT_CHANGE_ADD_VOTER, 5));
}

static void a_new_leader_waits_for_what_it_found(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3, .terms = (uint64_t[]){1}, .count = 1});
    lone_lead(&lone);
    assert_int_equal(ERR_CONFLICT, lone_change(&lone, RAFT_CHANGE_ADD_VOTER, 4));
    lone_ack(&lone, 2, 3);
    assert_int_equal(ERR_OK, lone_change(&lone, RAFT_CHANGE_ADD_VOTER, 4));
}

static void what_a_change_makes_of_a_config(void **state)
{
    struct raft_config config = {.voters = {2, {1, 2}}, .learners = {1, {7}}};

    (void)state;
    assert_int_equal(ERR_OK,
                     raft_config_change(&config, &(struct raft_change){RAFT_CHANGE_ADD_VOTER, 7}));
    assert_int_equal(3, config.voters.count);
    assert_int_equal(0, config.learners.count);
    assert_int_equal(
        ERR_OK, raft_config_change(&config, &(struct raft_change){RAFT_CHANGE_ADD_LEARNER, 1}));
    assert_int_equal(2, config.voters.count);
    assert_true(raft_members_have(&config.learners, 1));
    assert_int_equal(ERR_OK,
                     raft_config_change(&config, &(struct raft_change){RAFT_CHANGE_REMOVE, 9}));
    assert_int_equal(ERR_OK,
                     raft_config_change(&config, &(struct raft_change){RAFT_CHANGE_REMOVE, 7}));
    assert_int_equal(1, config.voters.count);
}

static void what_cannot_be_is_refused_and_changes_nothing(void **state)
{
    struct raft_config config = {.voters = {1, {1}}};
    struct raft_config before;

    (void)state;
    before = config;
    assert_int_equal(ERR_INVALID,
                     raft_config_change(&config, &(struct raft_change){RAFT_CHANGE_REMOVE, 1}));
    assert_int_equal(ERR_INVALID, raft_config_change(
                                      &config, &(struct raft_change){RAFT_CHANGE_ADD_LEARNER, 1}));
    assert_int_equal(ERR_INVALID,
                     raft_config_change(&config, &(struct raft_change){RAFT_CHANGE_ADD_VOTER, 0}));
    assert_memory_equal(&before, &config, sizeof(config));
    for (uint64_t id = 2; id <= raft_members_max; id++) {
        assert_int_equal(ERR_OK, raft_config_change(
                                     &config, &(struct raft_change){RAFT_CHANGE_ADD_LEARNER, id}));
    }
    assert_int_equal(ERR_INVALID,
                     raft_config_change(&config, &(struct raft_change){RAFT_CHANGE_ADD_VOTER, 99}));
    assert_int_equal(ERR_OK,
                     raft_config_change(&config, &(struct raft_change){RAFT_CHANGE_ADD_VOTER, 4}));
    lead(3);
    assert_int_equal(ERR_INVALID, lone_change(&lone, RAFT_CHANGE_ADD_VOTER, 0));
    assert_int_equal(2, raft_log_last(&lone.raft->log));
}

static void a_leader_that_is_removed_steps_down(void **state)
{
    (void)state;
    lead(3);
    assert_int_equal(ERR_OK, lone_change(&lone, RAFT_CHANGE_REMOVE, 1));
    assert_int_equal(RAFT_LEADER, lone.raft->role);
    lone_ack(&lone, 2, 3);
    assert_int_equal(RAFT_FOLLOWER, lone.raft->role);
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND, 3)->commit);
    lone_tick(&lone, 9000);
    assert_int_equal(RAFT_FOLLOWER, lone.raft->role);
}

static void a_leader_that_becomes_a_learner_steps_down(void **state)
{
    (void)state;
    lead(3);
    assert_int_equal(ERR_OK, lone_change(&lone, RAFT_CHANGE_ADD_LEARNER, 1));
    lone_ack(&lone, 2, 3);
    assert_int_equal(RAFT_FOLLOWER, lone.raft->role);
}

/* A restart must not go back behind a config that others may count by. */
static void a_change_is_told_when_its_commit_index_is_durable(void **state)
{
    struct raft_change change = {RAFT_CHANGE_ADD_VOTER, 4};
    struct raft_entry entry = {.type = RAFT_ENTRY_CHANGE};
    struct raft_entry after = {.len = 0};
    struct raft_ready ready;

    (void)state;
    lone.settings.apply_unstable = true;
    lead(3);
    assert_int_equal(ERR_OK, lone_propose(&lone, 0));
    assert_int_equal(ERR_OK, raft_change(lone.raft, &change, &entry));
    assert_int_equal(ERR_OK, raft_propose(lone.raft, 2, &after, 1));
    raft_ready(lone.raft, &ready);
    raft_persisted(lone.raft, ready.serial);
    raft_receive(lone.raft,
                 &(struct raft_msg){
                     .type = RAFT_MSG_APPEND_RESP, .from = 2, .to = 1, .term = 2, .index = 5});
    raft_ready(lone.raft, &ready);
    assert_int_equal(5, ready.hard.commit);
    assert_true(ready.must_sync); /* for once the commit index is a promise */
    assert_int_equal(3, ready.apply_first);
    assert_int_equal(1, ready.apply_count);
    assert_false(raft_has_ready(lone.raft));
    raft_persisted(lone.raft, ready.serial);
    raft_ready(lone.raft, &ready);
    assert_int_equal(4, ready.apply_first);
    assert_int_equal(2, ready.apply_count);
}

/* Its commit index was written without a sync before the change was in the way. */
static void a_change_asks_for_a_sync_of_its_own(void **state)
{
    struct raft_entry entries[2] = {{.term = 2, .index = 2},
                                    {.term = 2, .index = 3, .type = RAFT_ENTRY_CHANGE}};
    struct raft_msg msg = {.type = RAFT_MSG_APPEND,
                           .from = 2,
                           .to = 1,
                           .term = 2,
                           .index = 1,
                           .log_term = 1,
                           .commit = 1,
                           .first = 2,
                           .count = 2,
                           .entries = entries};
    struct raft_ready ready;

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3});
    raft_receive(lone.raft, &msg);
    raft_ready(lone.raft, &ready);
    raft_persisted(lone.raft, ready.serial);
    msg = (struct raft_msg){.type = RAFT_MSG_HEARTBEAT, .from = 2, .to = 1, .term = 2, .commit = 2};
    raft_receive(lone.raft, &msg);
    raft_ready(lone.raft, &ready);
    assert_false(ready.must_sync);
    raft_persisted(lone.raft, ready.serial);
    msg.commit = 3;
    raft_receive(lone.raft, &msg);
    raft_ready(lone.raft, &ready);
    assert_true(ready.must_sync);
    assert_int_equal(0, ready.apply_count);
    raft_persisted(lone.raft, ready.serial);
    raft_ready(lone.raft, &ready);
    assert_int_equal(3, ready.apply_first);
}

static void a_transfer_to_one_that_is_removed_ends(void **state)
{
    (void)state;
    lead(3);
    assert_int_equal(ERR_OK, lone_change(&lone, RAFT_CHANGE_REMOVE, 3));
    raft_transfer(lone.raft, 3);
    assert_int_equal(ERR_TRANSFERRING, lone_propose(&lone, 1));
    lone_ack(&lone, 2, 3);
    assert_int_equal(ERR_OK, lone_propose(&lone, 1));
}

static void fewer_voters_commit_what_waits(void **state)
{
    (void)state;
    lead(2);
    assert_int_equal(ERR_OK, lone_change(&lone, RAFT_CHANGE_REMOVE, 2));
    lone_propose(&lone, 1);
    assert_int_equal(2, lone.raft->log.committed);
    lone_ack(&lone, 2, 3);
    assert_int_equal(4, lone.raft->log.committed);
}

static void an_invalid_change_that_was_committed_changes_nothing(void **state)
{
    struct raft_change change = {RAFT_CHANGE_REMOVE, 1};
    struct raft_entry entries[2] = {{.term = 2, .index = 2, .type = RAFT_ENTRY_CHANGE},
                                    {.term = 2, .index = 3, .type = RAFT_ENTRY_CHANGE}};
    struct raft_msg msg = {.type = RAFT_MSG_APPEND,
                           .from = 2,
                           .to = 1,
                           .term = 2,
                           .index = 1,
                           .log_term = 1,
                           .commit = 3,
                           .first = 2,
                           .count = 2,
                           .entries = entries};
    struct raft_config config;
    struct raft_ready ready;

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 1});
    raft_receive(lone.raft, &msg);
    raft_ready(lone.raft, &ready);
    raft_persisted(lone.raft, ready.serial);
    raft_ready(lone.raft, &ready);
    assert_int_equal(2, ready.apply_count);
    assert_int_equal(ERR_INVALID, raft_change_applied(lone.raft, &change, &config));
    assert_int_equal(1, config.voters.count);
    change = (struct raft_change){RAFT_CHANGE_ADD_LEARNER, 6};
    assert_int_equal(ERR_OK, raft_change_applied(lone.raft, &change, &config));
    assert_int_equal(1, config.learners.count);
    raft_applied(lone.raft, 3);
}

static void a_blank_member_is_sent_a_snapshot_and_follows(void **state)
{
    struct node *leader;

    (void)state;
    start_world(3, 4);
    leader = world_elect_one(&world, 1);
    for (int i = 0; i < 10; i++) {
        world_propose(&world, leader);
    }
    world_settle(&world);
    world_flush(leader);
    world_compact(&world, leader, leader->flushed);
    assert_int_equal(ERR_OK, world_change(&world, leader, RAFT_CHANGE_ADD_VOTER, 4));
    world_run(&world, 1000);
    assert_true(world_is_even(&world));
    assert_int_equal(4, world.nodes[4].raft->config.voters.count);
    assert_true(world.nodes[4].raft->log.begin > 1);
}

static bool snapshot_arrives(uint64_t id)
{
    for (size_t i = 0; i < world.wire.count; i++) {
        if (world.wire.items[i].msg.type == RAFT_MSG_SNAP && world.wire.items[i].msg.to == id) {
            world_deliver(&world, i);
            return true;
        }
    }
    return false;
}

/* 4 was killed while it installed it: neither the snapshot nor an acknowledgement is left. */
static void a_snapshot_that_was_cut_off_is_sent_again(void **state)
{
    struct node *leader;

    (void)state;
    start_world(3, 4);
    leader = world_elect_one(&world, 1);
    assert_int_equal(ERR_OK, world_change(&world, leader, RAFT_CHANGE_ADD_VOTER, 4));
    while (!snapshot_arrives(4)) {
        for (unsigned id = 1; id <= 4; id++) {
            world_persist(&world, &world.nodes[id], world.nodes[id].write_count);
            world_apply(&world, &world.nodes[id], 8);
        }
        if (world.wire.count > 0) {
            world_deliver(&world, 0);
        } else {
            world.now_ms += 10;
            world_tick(&world, leader);
        }
    }
    assert_int_equal(1, world.nodes[4].write_count);
    world_crash(&world, &world.nodes[4], 0, true);
    world_start(&world, &world.nodes[4]);
    assert_int_equal(0, world.nodes[4].raft->log.begin);
    assert_int_equal(RAFT_SNAPSHOT, raft_member(leader->raft, 4)->state);
    world_run(&world, 3000);
    assert_true(world_is_even(&world));
    assert_int_equal(4, world.nodes[4].raft->config.voters.count);
}

static void a_learner_gets_everything_and_counts_for_nothing(void **state)
{
    struct node *leader;

    (void)state;
    start_world(2, 3);
    leader = world_elect_one(&world, 1);
    assert_int_equal(ERR_OK, world_change(&world, leader, RAFT_CHANGE_ADD_LEARNER, 3));
    world_settle(&world);
    world_propose(&world, leader);
    world_settle(&world);
    assert_true(world_is_even(&world));
    world_isolate(&world, 2, true);
    world_propose(&world, leader);
    world_settle(&world);
    assert_int_equal(raft_log_last(&leader->raft->log) - 1, leader->raft->log.committed);
    assert_int_equal(raft_log_last(&leader->raft->log), raft_log_last(&world.nodes[3].raft->log));
}

static void members_change_down_to_one_and_back(void **state)
{
    (void)state;
    start_world(3, 3);
    world_elect_one(&world, 1);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(ERR_OK, world_change(&world, world_leader(&world), RAFT_CHANGE_REMOVE, 3));
        world_settle(&world);
        assert_int_equal(ERR_OK, world_change(&world, world_leader(&world), RAFT_CHANGE_REMOVE, 2));
        world_settle(&world);
        assert_int_equal(ERR_OK, world_propose(&world, world_leader(&world)));
        world_settle(&world);
        assert_true(world_is_even(&world));
        assert_int_equal(ERR_OK,
                         world_change(&world, world_leader(&world), RAFT_CHANGE_ADD_VOTER, 2));
        world_run(&world, 500);
        assert_int_equal(ERR_OK,
                         world_change(&world, world_leader(&world), RAFT_CHANGE_ADD_VOTER, 3));
        world_run(&world, 500);
        assert_true(world_is_even(&world));
    }
}

static void a_power_cut_goes_not_back_behind_a_change(void **state)
{
    struct node *leader;
    struct node *node;

    (void)state;
    start_world(3, 4);
    leader = world_elect_one(&world, 1);
    assert_int_equal(ERR_OK, world_change(&world, leader, RAFT_CHANGE_REMOVE, 3));
    world_settle(&world);
    node = &world.nodes[2];
    assert_int_equal(2, node->raft->config.voters.count);
    world_crash(&world, node, 0, true);
    world_start(&world, node);
    assert_int_equal(3,
                     node->raft->config.voters.count); /* its state machine has flushed nothing */
    world_apply(&world, node, 1000);
    assert_int_equal(2, node->raft->config.voters.count);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(an_added_voter_counts_when_the_change_is_applied),
        CASE(one_change_at_a_time),
        CASE(a_new_leader_waits_for_what_it_found),
        CASE(what_a_change_makes_of_a_config),
        CASE(what_cannot_be_is_refused_and_changes_nothing),
        CASE(a_leader_that_is_removed_steps_down),
        CASE(a_leader_that_becomes_a_learner_steps_down),
        CASE(a_change_is_told_when_its_commit_index_is_durable),
        CASE(a_change_asks_for_a_sync_of_its_own),
        CASE(a_transfer_to_one_that_is_removed_ends),
        CASE(fewer_voters_commit_what_waits),
        CASE(an_invalid_change_that_was_committed_changes_nothing),
        cmocka_unit_test_teardown(a_blank_member_is_sent_a_snapshot_and_follows, end_world),
        cmocka_unit_test_teardown(a_snapshot_that_was_cut_off_is_sent_again, end_world),
        cmocka_unit_test_teardown(a_learner_gets_everything_and_counts_for_nothing, end_world),
        cmocka_unit_test_teardown(members_change_down_to_one_and_back, end_world),
        cmocka_unit_test_teardown(a_power_cut_goes_not_back_behind_a_change, end_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
