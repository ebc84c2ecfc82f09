#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

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

static void heard(uint64_t from)
{
    lone_receive(
        &lone,
        (struct raft_msg){.type = RAFT_MSG_HEARTBEAT_RESP, .from = from, .term = lone.raft->term});
}

static void a_majority_commits_and_followers_are_told(void **state)
{
    (void)state;
    lone_lead_three(&lone);
    assert_int_equal(2, lone.raft->log.committed);
    assert_int_equal(ERR_OK, lone_propose(&lone, 4));
    assert_int_equal(1, lone_sent(&lone, RAFT_MSG_APPEND, 2)->count);
    assert_int_equal(2, lone.raft->log.committed);
    lone_ack(&lone, 2, 3);
    assert_int_equal(3, lone.raft->log.committed);
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND, 2)->commit);
    assert_int_equal(3, lone.applied);
}

/* Raft, 5.4.2 and figure 8 */
static void what_an_earlier_leader_left_is_committed_with_our_own_only(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){
                          .voters = 3, .terms = (uint64_t[]){2}, .count = 1, .hard = {.term = 3}});
    lone_lead(&lone);
    assert_int_equal(4, lone.raft->term);
    lone_ack(&lone, 2, 2);
    lone_ack(&lone, 3, 2);
    assert_int_equal(1, lone.raft->log.committed);
    lone_ack(&lone, 3, 3);
    assert_int_equal(3, lone.raft->log.committed);
}

static void acknowledges_as_far_as_was_compared(void **state)
{
    (void)state;
    lone_start(&lone,
               (struct lone_start){.voters = 3, .terms = (uint64_t[]){1, 1, 2, 2}, .count = 4});
    lone_append(&lone, 3, 1, 1, 9, (uint64_t[]){1}, 1); /* 3 to 5 may be others than the leader's */
    assert_int_equal(2, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
    assert_int_equal(2, lone.raft->log.committed);
    lone_receive(&lone, lone_append_of(NULL, 0, 3, 3, 1, 9));
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
    assert_int_equal(3, lone.raft->log.committed);
}

static void what_lies_below_the_commit_is_acknowledged_as_that(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3,
                                          .terms = (uint64_t[]){1, 1, 1},
                                          .count = 3,
                                          .hard = {.term = 1, .commit = 3}});
    lone_append(&lone, 2, 2, 1, 2, (uint64_t[]){1}, 1);
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
    assert_false(lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->reject);
}

/* A compacted prefix is not known to differ: it is committed. */
static void what_was_compacted_is_acknowledged_too(void **state)
{
    struct raft_snapshot newest = {.index = 4, .term = 1};

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3,
                                          .terms = (uint64_t[]){1, 1, 1},
                                          .count = 3,
                                          .hard = {.term = 1, .commit = 4}});
    lone_drain(&lone);
    raft_compacted(lone.raft, 4, &newest);
    lone_append(&lone, 2, 2, 1, 2, (uint64_t[]){1}, 1);
    assert_int_equal(4, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
}

/* The logs of etcd's worked example, a place further: the leader holds terms 3 and 5 where the
 * follower has 2. */
static void a_leader_skips_terms_that_the_follower_cannot_have(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){
                          .voters = 3, .terms = (uint64_t[]){3, 3, 3, 5, 5, 5, 5, 5}, .count = 8});
    lone_lead(&lone);
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_APPEND_RESP,
                                          .term = 6,
                                          .reject = true,
                                          .index = 9,
                                          .hint = 6,
                                          .log_term = 2});
    assert_int_equal(1, lone_sent(&lone, RAFT_MSG_APPEND, 2)->index);
    assert_int_equal(1, lone_sent(&lone, RAFT_MSG_APPEND, 2)->log_term);
}

static void a_follower_skips_terms_that_the_leader_cannot_have(void **state)
{
    const struct raft_msg *refusal;

    (void)state;
    lone_start(&lone, (struct lone_start){
                          .voters = 3, .terms = (uint64_t[]){3, 3, 4, 4, 5, 5, 5, 6}, .count = 8});
    lone_receive(&lone, lone_append_of(NULL, 0, 7, 8, 3, 1));
    refusal = lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2);
    assert_true(refusal->reject);
    assert_int_equal(8, refusal->index);
    assert_int_equal(3, refusal->hint);
    assert_int_equal(3, refusal->log_term);
}

static void a_short_log_says_where_it_ends(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3, .terms = (uint64_t[]){1}, .count = 1});
    lone_receive(&lone, lone_append_of(NULL, 0, 2, 40, 1, 1));
    assert_int_equal(2, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->hint);
}

static void give_log(uint64_t id, const uint64_t *terms, unsigned count)
{
    struct disk *disk = &world.nodes[id].disk;

    for (unsigned i = 0; i < count; i++) {
        disk->records[2 + i] = (struct record){terms[i], RAFT_ENTRY_NORMAL, 100 * terms[i] + 2 + i};
    }
    disk->last = 1 + count;
    disk->hard.term = count > 0 ? terms[count - 1] : 1;
}

/* Raft, figure 7 */
static void every_follower_of_figure_7_is_brought_in_line(void **state)
{
    static const struct {
        uint64_t terms[12];
        unsigned count;
    } logs[] = {
        {{1, 1, 4, 4, 5, 5, 6, 6}, 8},
        {{1}, 1},
        {{1, 1, 4, 4, 5, 5, 6, 6, 6, 6}, 10},
        {{1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7}, 11},
        {{1, 1, 4, 4, 4, 4}, 6},
        {{1, 1, 2, 2, 2, 3, 3, 3, 3, 3}, 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
        world_init(&world, 3, 3, 3);
        give_log(1, (uint64_t[]){1, 1, 4, 4, 5, 5, 6, 6, 6}, 9);
        give_log(2, logs[i].terms, logs[i].count);
        world.nodes[1].disk.hard.term = 8;
        world_start(&world, &world.nodes[1]);
        world_start(&world, &world.nodes[2]);
        world_start(&world, &world.nodes[3]);
        world_elect_one(&world, 1);
        world_run(&world, 1000);
        assert_true(world_is_even(&world));
        assert_int_equal(11, world.committed_max);
        world_fini(&world);
    }
}

static void what_flies_to_one_is_bounded_by_count(void **state)
{
    (void)state;
    lone.settings.inflight_max = 3;
    lone_lead_three(&lone);
    for (int i = 0; i < 3; i++) {
        lone_propose(&lone, 1);
        assert_int_equal(1, lone_count(&lone, RAFT_MSG_APPEND, 2));
    }
    lone_propose(&lone, 1);
    lone_propose(&lone, 1);
    assert_int_equal(0, lone_count(&lone, RAFT_MSG_APPEND, 2));
    lone_ack(&lone, 2, 3);
    assert_int_equal(2, lone_sent(&lone, RAFT_MSG_APPEND, 2)->count);
    assert_int_equal(6, lone_sent(&lone, RAFT_MSG_APPEND, 2)->first);
}

static void what_flies_to_one_is_bounded_by_bytes(void **state)
{
    (void)state;
    lone.settings.inflight_bytes_max = 100;
    lone_lead_three(&lone);
    lone_propose(&lone, 60);
    lone_propose(&lone, 60);
    assert_int_equal(1, lone_count(&lone, RAFT_MSG_APPEND, 2));
    lone_propose(&lone, 1);
    assert_int_equal(0, lone_count(&lone, RAFT_MSG_APPEND, 2));
    lone_ack(&lone, 2, 3);
    assert_int_equal(1, lone_sent(&lone, RAFT_MSG_APPEND, 2)->count);
}

static void messages_are_cut_to_size(void **state)
{
    struct raft_entry entries[5];

    (void)state;
    lone.settings.message_bytes_max = 2 * (10 + sizeof(struct raft_entry));
    lone_lead_three(&lone);
    for (int i = 0; i < 5; i++) {
        entries[i] = (struct raft_entry){.len = 10, .data = calloc(1, 10)};
    }
    lone.sent_count = 0;
    assert_int_equal(ERR_OK, raft_propose(lone.raft, 2, entries, 5));
    lone_drain(&lone);
    assert_int_equal(2, lone_sent(&lone, RAFT_MSG_APPEND, 2)->count);
    lone_ack(&lone, 2, 4);
    assert_int_equal(2, lone_count(&lone, RAFT_MSG_APPEND, 2)); /* of 2 and 1 */
    assert_int_equal(RAFT_REPLICATE, raft_member(lone.raft, 2)->state);
}

static void a_heartbeat_answered_gets_an_empty_one_past_what_was_lost(void **state)
{
    (void)state;
    lone.settings.inflight_max = 1;
    lone_lead_three(&lone);
    lone_propose(&lone, 1);
    lone_propose(&lone, 1);
    heard(2);
    assert_int_equal(1, lone_count(&lone, RAFT_MSG_APPEND, 2));
    assert_int_equal(0, lone_sent(&lone, RAFT_MSG_APPEND, 2)->count);
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_APPEND_RESP,
                                          .term = 2,
                                          .reject = true,
                                          .index = 3,
                                          .hint = 2,
                                          .log_term = 2});
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND, 2)->first);
    assert_int_equal(2, lone_sent(&lone, RAFT_MSG_APPEND, 2)->count);
}

static void one_that_is_unreachable_is_probed(void **state)
{
    (void)state;
    lone_lead_three(&lone);
    lone_propose(&lone, 1);
    raft_unreachable(lone.raft, 2);
    assert_int_equal(RAFT_PROBE, raft_member(lone.raft, 2)->state);
    assert_int_equal(3, raft_member(lone.raft, 2)->next);
    heard(2);
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND, 2)->first);
    lone_ack(&lone, 2, 2); /* no news, and still the probe's answer */
    assert_int_equal(RAFT_REPLICATE, raft_member(lone.raft, 2)->state);
}

static void a_heartbeat_commits_no_more_than_is_known_to_agree(void **state)
{
    (void)state;
    lone_lead_three(&lone);
    lone_propose(&lone, 1);
    lone_ack(&lone, 2, 3);
    lone_tick(&lone, 100);
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_HEARTBEAT, 2)->commit);
    assert_int_equal(0, lone_sent(&lone, RAFT_MSG_HEARTBEAT, 3)->commit);
}

static void one_that_acknowledges_late_learns_the_commit_with_it(void **state)
{
    (void)state;
    lone_lead_three(&lone);
    lone_ack(&lone, 3, 2);
    lone_propose(&lone, 1);
    lone_ack(&lone, 2, 3);
    assert_int_equal(3, lone.raft->log.committed);
    raft_member(lone.raft, 3)->sent_commit = 2; /* the message with it was lost */
    lone_ack(&lone, 3, 3);
    assert_int_equal(1, lone_count(&lone, RAFT_MSG_APPEND, 3));
    assert_int_equal(3, lone_sent(&lone, RAFT_MSG_APPEND, 3)->commit);
}

static void nobody_can_acknowledge_what_there_is_not(void **state)
{
    (void)state;
    lone_lead_three(&lone);
    lone_ack(&lone, 2, 50);
    assert_int_equal(2, raft_member(lone.raft, 2)->match);
    assert_int_equal(
        ERR_NOT_FOUND,
        lone_receive(&lone, (struct raft_msg){
                                .type = RAFT_MSG_APPEND_RESP, .from = 8, .term = 2, .index = 2}));
}

static void what_is_not_committed_is_bounded(void **state)
{
    (void)state;
    lone.settings.uncommitted_bytes_max = 100;
    lone_lead_three(&lone);
    assert_int_equal(ERR_OK, lone_propose(&lone, 1000)); /* the first may be of any size */
    assert_int_equal(ERR_FULL, lone_propose(&lone, 1));
    assert_int_equal(ERR_OK, lone_propose(&lone, 0));
    lone_ack(&lone, 2, 4);
    assert_int_equal(ERR_OK, lone_propose(&lone, 60));
    assert_int_equal(ERR_FULL, lone_propose(&lone, 60));
    assert_int_equal(ERR_OK, lone_propose(&lone, 40));
}

static void only_the_leader_of_that_term_takes_proposals(void **state)
{
    struct raft_entry entry = {.len = 0};

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3});
    assert_int_equal(ERR_NOT_LEADER, lone_propose(&lone, 0));
    lone_lead(&lone);
    assert_int_equal(ERR_NOT_LEADER, raft_propose(lone.raft, 1, &entry, 1));
    assert_int_equal(ERR_OK, raft_propose(lone.raft, 2, &entry, 1));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_majority_commits_and_followers_are_told),
        CASE(what_an_earlier_leader_left_is_committed_with_our_own_only),
        CASE(acknowledges_as_far_as_was_compared),
        CASE(what_lies_below_the_commit_is_acknowledged_as_that),
        CASE(what_was_compacted_is_acknowledged_too),
        CASE(a_leader_skips_terms_that_the_follower_cannot_have),
        CASE(a_follower_skips_terms_that_the_leader_cannot_have),
        CASE(a_short_log_says_where_it_ends),
        cmocka_unit_test(every_follower_of_figure_7_is_brought_in_line),
        CASE(what_flies_to_one_is_bounded_by_count),
        CASE(what_flies_to_one_is_bounded_by_bytes),
        CASE(messages_are_cut_to_size),
        CASE(a_heartbeat_answered_gets_an_empty_one_past_what_was_lost),
        CASE(one_that_is_unreachable_is_probed),
        CASE(a_heartbeat_commits_no_more_than_is_known_to_agree),
        CASE(one_that_acknowledges_late_learns_the_commit_with_it),
        CASE(nobody_can_acknowledge_what_there_is_not),
        CASE(what_is_not_committed_is_bounded),
        CASE(only_the_leader_of_that_term_takes_proposals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
