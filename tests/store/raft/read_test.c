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

/* Leads voters 1 … of term 2 with its first entry, 2, committed. */
static void lead(unsigned voters)
{
    lone_start(&lone, (struct lone_start){.voters = voters, .learner = 9});
    lone_lead(&lone);
    for (uint64_t id = 2; id <= voters; id++) {
        lone_ack(&lone, id, 2);
    }
    assert_int_equal(2, lone.raft->log.committed);
}

static void ask(uint64_t number)
{
    lone.sent_count = 0;
    raft_read(lone.raft, number);
    lone_drain(&lone);
}

static void acknowledge(uint64_t from, uint64_t round)
{
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_HEARTBEAT_RESP,
                                          .from = from,
                                          .term = lone.raft->term,
                                          .round = round});
}

static void a_read_waits_for_a_majority_asked_after_it(void **state)
{
    uint64_t round;

    (void)state;
    lead(5);
    ask(7);
    round = lone_sent(&lone, RAFT_MSG_HEARTBEAT, 2)->round;
    assert_true(round > 0);
    acknowledge(2, round);
    assert_int_equal(0, lone.read_count);
    acknowledge(2, round);
    acknowledge(3, 0); /* asked before */
    assert_int_equal(0, lone.read_count);
    acknowledge(4, round);
    assert_int_equal(1, lone.read_count);
    assert_int_equal(7, lone.reads[0].number);
    assert_int_equal(2, lone.reads[0].index);
}

static void an_earlier_round_confirms_no_later_read(void **state)
{
    uint64_t first;

    (void)state;
    lead(3);
    ask(1);
    first = lone_sent(&lone, RAFT_MSG_HEARTBEAT, 2)->round;
    ask(2);
    assert_true(lone_sent(&lone, RAFT_MSG_HEARTBEAT, 2)->round > first);
    acknowledge(2, first);
    assert_int_equal(1, lone.read_count);
    assert_int_equal(1, lone.reads[0].number);
    acknowledge(3, first);
    assert_int_equal(1, lone.read_count);
    acknowledge(3, first + 1);
    assert_int_equal(2, lone.read_count);
}

static void the_reads_of_a_turn_share_a_round(void **state)
{
    (void)state;
    lead(3);
    lone.sent_count = 0;
    for (uint64_t number = 1; number <= 3; number++) {
        raft_read(lone.raft, number);
    }
    lone_drain(&lone);
    assert_int_equal(1, lone_count(&lone, RAFT_MSG_HEARTBEAT, 2));
    acknowledge(3, lone_sent(&lone, RAFT_MSG_HEARTBEAT, 3)->round);
    assert_int_equal(3, lone.read_count);
}

static void heartbeats_ask_again_for_what_waits(void **state)
{
    uint64_t round;

    (void)state;
    lead(3);
    ask(1);
    round = lone_sent(&lone, RAFT_MSG_HEARTBEAT, 2)->round;
    lone_tick(&lone, 100);
    assert_int_equal(round, lone_sent(&lone, RAFT_MSG_HEARTBEAT, 2)->round);
    acknowledge(2, round);
    assert_int_equal(1, lone.read_count);
    lone_tick(&lone, 100);
    assert_int_equal(0, lone_sent(&lone, RAFT_MSG_HEARTBEAT, 2)->round);
}

static void a_leader_tells_nothing_before_its_first_commit(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3, .terms = (uint64_t[]){1}, .count = 1});
    lone_lead(&lone);
    ask(1);
    assert_null(lone_sent(&lone, RAFT_MSG_HEARTBEAT, 2));
    lone_ack(&lone, 2, 3);
    assert_int_equal(0, lone.read_count);
    acknowledge(2, lone_sent(&lone, RAFT_MSG_HEARTBEAT, 2)->round);
    assert_int_equal(1, lone.read_count);
    assert_int_equal(3, lone.reads[0].index);
}

/* It may have become the sole voter just now, and not know what its predecessor committed. */
static void a_sole_voter_tells_nothing_before_its_first_commit(void **state)
{
    struct raft_ready ready;

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 1, .terms = (uint64_t[]){1}, .count = 1});
    raft_tick(lone.raft, 2000);
    raft_ready(lone.raft, &ready);
    raft_persisted(lone.raft, ready.serial);
    assert_int_equal(RAFT_LEADER, lone.raft->role);
    raft_read(lone.raft, 1);
    raft_ready(lone.raft, &ready);
    assert_int_equal(0, ready.read_count);
    assert_int_equal(1, lone.raft->log.committed);
    raft_persisted(lone.raft, ready.serial);
    lone_drain(&lone);
    assert_int_equal(1, lone.read_count);
    assert_int_equal(3, lone.reads[0].index);
    ask(2);
    assert_int_equal(2, lone.read_count);
}

static void a_follower_asks_its_leader(void **state)
{
    const struct raft_msg *asked;

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3});
    ask(1);
    assert_int_equal(0, lone.sent_count); /* who leads? */
    lone_append(&lone, 2, 1, 1, 1, NULL, 0);
    ask(5);
    asked = lone_sent(&lone, RAFT_MSG_READ, 2);
    assert_int_equal(5, asked->read.number);
    assert_int_equal(1, asked->read.member);
    lone_receive(&lone, (struct raft_msg){
                            .type = RAFT_MSG_READ_RESP, .term = 2, .index = 1, .read = {1, 5}});
    assert_int_equal(1, lone.read_count);
    assert_int_equal(5, lone.reads[0].number);
}

static void a_leader_answers_its_followers(void **state)
{
    const struct raft_msg *answer;

    (void)state;
    lead(3);
    lone_receive(&lone,
                 (struct raft_msg){.type = RAFT_MSG_READ, .from = 3, .term = 2, .read = {3, 44}});
    acknowledge(2, lone_sent(&lone, RAFT_MSG_HEARTBEAT, 2)->round);
    answer = lone_sent(&lone, RAFT_MSG_READ_RESP, 3);
    assert_int_equal(44, answer->read.number);
    assert_int_equal(2, answer->index);
    assert_int_equal(0, lone.read_count);
}

static void a_learner_confirms_nothing(void **state)
{
    (void)state;
    lead(2);
    ask(1);
    acknowledge(9, lone_sent(&lone, RAFT_MSG_HEARTBEAT, 9)->round);
    assert_int_equal(0, lone.read_count);
}

static void the_end_of_a_term_forgets_its_reads(void **state)
{
    uint64_t round;

    (void)state;
    lead(3);
    ask(1);
    round = lone_sent(&lone, RAFT_MSG_HEARTBEAT, 2)->round;
    lone_append(&lone, 3, 2, 2, 2, NULL, 0);
    lone_lead(&lone);
    acknowledge(2, round);
    acknowledge(3, round);
    assert_int_equal(0, lone.read_count);
    lone_ack(&lone, 2, 3);
    acknowledge(2, round);
    assert_int_equal(3, lone.raft->log.committed);
    assert_int_equal(0, lone.read_count);
}

static void what_waits_is_told_when_the_leader_becomes_the_sole_voter(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 2});
    lone_lead(&lone);
    lone_ack(&lone, 2, 2);
    assert_int_equal(ERR_OK, lone_change(&lone, RAFT_CHANGE_REMOVE, 2));
    ask(1);
    assert_int_equal(0, lone.read_count);
    lone_ack(&lone, 2, 3);
    assert_int_equal(1, lone.raft->config.voters.count);
    assert_int_equal(1, lone.read_count);
}

static void the_reads_that_wait_are_bounded(void **state)
{
    (void)state;
    lead(3);
    for (uint64_t number = 1; number <= 5000; number++) {
        raft_read(lone.raft, number);
    }
    assert_int_equal(4096, lone.raft->reads.count);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_read_waits_for_a_majority_asked_after_it),
        CASE(an_earlier_round_confirms_no_later_read),
        CASE(the_reads_of_a_turn_share_a_round),
        CASE(heartbeats_ask_again_for_what_waits),
        CASE(a_leader_tells_nothing_before_its_first_commit),
        CASE(a_sole_voter_tells_nothing_before_its_first_commit),
        CASE(a_follower_asks_its_leader),
        CASE(a_leader_answers_its_followers),
        CASE(a_learner_confirms_nothing),
        CASE(the_end_of_a_term_forgets_its_reads),
        CASE(what_waits_is_told_when_the_leader_becomes_the_sole_voter),
        CASE(the_reads_that_wait_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
