#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/store/raft/lone.h"
#include "tests/store/raft/world.h"

static struct lone lone;
static struct world world;

static void start(unsigned voters)
{
    lone_start(&lone, (struct lone_start){.voters = voters});
}

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

static void start_world(unsigned voters, unsigned all)
{
    world_init(&world, 7, voters, all);
}

static void start_nodes(void)
{
    for (unsigned id = 1; id <= world.node_count; id++) {
        world_start(&world, &world.nodes[id]);
    }
}

static int end_world(void **state)
{
    (void)state;
    world_fini(&world);
    return 0;
}

static void a_follower_waits_one_to_two_elections(void **state)
{
    int64_t first = INT64_MAX;
    int64_t last = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        lone_init(&lone);
        prng_init(&lone.prng, seed);
        start(3);
        while (lone.raft->role == RAFT_FOLLOWER) {
            lone_tick(&lone, 10);
        }
        first = lone.now_ms < first ? lone.now_ms : first;
        last = lone.now_ms > last ? lone.now_ms : last;
        lone_fini(&lone);
    }
    assert_in_range(first, 1000, 1150);
    assert_in_range(last, 1850, 2000);
}

static void a_candidate_needs_a_majority(void **state)
{
    (void)state;
    start(5);
    lone_tick(&lone, 2000);
    assert_int_equal(RAFT_CANDIDATE, lone.raft->role);
    assert_int_equal(2, lone.raft->term);
    assert_int_equal(4, lone_count(&lone, RAFT_MSG_VOTE, 0));
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_VOTE_RESP, .from = 2, .term = 2});
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_VOTE_RESP, .from = 2, .term = 2});
    assert_int_equal(RAFT_CANDIDATE, lone.raft->role); /* one vote each */
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_VOTE_RESP, .from = 4, .term = 2});
    assert_int_equal(RAFT_LEADER, lone.raft->role);
    assert_int_equal(RAFT_ENTRY_TERM, raft_entry_at(lone.raft, 2)->type);
    assert_int_equal(4, lone_count(&lone, RAFT_MSG_APPEND, 0));
}

static void a_candidate_refused_by_a_majority_follows(void **state)
{
    struct raft_msg refusal = {.type = RAFT_MSG_VOTE_RESP, .term = 2, .reject = true};

    (void)state;
    start(3);
    lone_tick(&lone, 2000);
    lone_receive(&lone, refusal);
    assert_int_equal(RAFT_CANDIDATE, lone.raft->role);
    refusal.from = 3;
    lone_receive(&lone, refusal);
    assert_int_equal(RAFT_FOLLOWER, lone.raft->role);
    assert_int_equal(2, lone.raft->term);
}

static void a_candidate_that_nobody_answers_tries_the_next_term(void **state)
{
    (void)state;
    start(3);
    lone_tick(&lone, 2000);
    lone_tick(&lone, 2000);
    assert_int_equal(3, lone.raft->term);
    assert_int_equal(2, lone_count(&lone, RAFT_MSG_VOTE, 0));
}

static void a_candidate_follows_whoever_leads_its_term(void **state)
{
    (void)state;
    start(3);
    lone_tick(&lone, 2000);
    lone_append(&lone, 2, 1, 1, 1, (uint64_t[]){2}, 1);
    assert_int_equal(RAFT_FOLLOWER, lone.raft->role);
    assert_int_equal(2, lone.raft->lead);
    assert_int_equal(2, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->index);
}

static void the_newer_log_gets_the_vote(void **state)
{
    static const struct {
        uint64_t index;
        uint64_t log_term;
        bool granted;
    } cases[] = {{2, 2, false}, {3, 2, false}, {9, 2, false}, {3, 3, true},
                 {4, 3, true},  {2, 3, false}, {1, 4, true}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct raft_msg *answer;

        lone_init(&lone);
        lone_start(&lone,
                   (struct lone_start){.voters = 3, .terms = (uint64_t[]){2, 3}, .count = 2});
        lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_VOTE,
                                              .term = 5,
                                              .index = cases[i].index,
                                              .log_term = cases[i].log_term});
        answer = lone_sent(&lone, RAFT_MSG_VOTE_RESP, 2);
        assert_int_equal(!cases[i].granted, answer->reject);
        assert_int_equal(5, answer->term);
        assert_int_equal(cases[i].granted ? 2 : 0, lone.raft->vote);
        lone_fini(&lone);
    }
}

static void a_term_has_one_vote_over_a_restart_too(void **state)
{
    struct raft_msg ask = {.type = RAFT_MSG_VOTE, .from = 3, .term = 4, .index = 9, .log_term = 3};

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3, .hard = {.term = 4, .vote = 2}});
    lone_receive(&lone, ask);
    assert_true(lone_sent(&lone, RAFT_MSG_VOTE_RESP, 3)->reject);
    ask.from = 2;
    lone_receive(&lone, ask);
    assert_false(lone_sent(&lone, RAFT_MSG_VOTE_RESP, 2)->reject);
    ask.from = 3;
    ask.term = 5;
    lone_receive(&lone, ask);
    assert_false(lone_sent(&lone, RAFT_MSG_VOTE_RESP, 3)->reject);
}

static void a_vote_is_given_and_asked_for_when_it_is_durable(void **state)
{
    struct raft_msg ask = {
        .type = RAFT_MSG_VOTE, .from = 3, .to = 1, .term = 2, .index = 9, .log_term = 1};
    struct raft_ready ready;

    (void)state;
    start(3);
    raft_receive(lone.raft, &ask);
    raft_ready(lone.raft, &ready);
    assert_int_equal(0, ready.now_count);
    assert_int_equal(1, ready.later_count);
    assert_true(ready.must_sync && ready.serial == ready.later_serial && ready.serial != 0);
    assert_int_equal(3, ready.hard.vote);
    assert_int_equal(2, ready.hard.term);
    raft_persisted(lone.raft, ready.serial);
    raft_tick(lone.raft, 3000);
    raft_ready(lone.raft, &ready);
    assert_int_equal(0, ready.now_count); /* a term that is forgotten could be led twice */
    assert_int_equal(2, ready.later_count);
    assert_int_equal(RAFT_MSG_VOTE, ready.later[0].type);
    assert_true(ready.must_sync && ready.serial == ready.later_serial);
    assert_int_equal(3, ready.hard.term);
    assert_int_equal(1, ready.hard.vote);
}

static void its_own_vote_counts_when_it_is_durable(void **state)
{
    struct raft_msg grant = {.type = RAFT_MSG_VOTE_RESP, .from = 2, .to = 1, .term = 2};
    struct raft_ready ready;

    (void)state;
    start(3);
    raft_tick(lone.raft, 2000);
    raft_ready(lone.raft, &ready);
    raft_receive(lone.raft, &grant);
    assert_int_equal(RAFT_CANDIDATE, lone.raft->role);
    raft_persisted(lone.raft, ready.serial);
    assert_int_equal(RAFT_LEADER, lone.raft->role);
}

static void a_sole_voter_leads_a_new_term_after_every_start(void **state)
{
    (void)state;
    lone_start(&lone,
               (struct lone_start){.voters = 1, .hard = {.term = 4, .vote = 1, .commit = 1}});
    lone_tick(&lone, 2000);
    assert_int_equal(RAFT_LEADER, lone.raft->role);
    assert_int_equal(5, lone.raft->term);
    assert_int_equal(2, lone.raft->log.committed);
}

static void a_pre_vote_changes_nothing_at_those_who_give_it(void **state)
{
    struct raft_msg ask = {.type = RAFT_MSG_PREVOTE, .term = 7, .index = 1, .log_term = 1};

    (void)state;
    lone.settings.pre_vote = true;
    start(3);
    lone_receive(&lone, ask);
    assert_false(lone_sent(&lone, RAFT_MSG_PREVOTE_RESP, 2)->reject);
    assert_int_equal(7, lone_sent(&lone, RAFT_MSG_PREVOTE_RESP, 2)->term);
    assert_int_equal(1, lone.raft->term);
    assert_int_equal(0, lone.raft->vote);
    ask.from = 3;
    lone_receive(&lone, ask);
    assert_false(lone_sent(&lone, RAFT_MSG_PREVOTE_RESP, 3)->reject);
}

static void a_pre_candidate_stands_when_a_majority_would_vote_for_it(void **state)
{
    struct raft_msg grant = {.type = RAFT_MSG_PREVOTE_RESP, .term = 2};

    (void)state;
    lone.settings.pre_vote = true;
    start(3);
    lone_tick(&lone, 2000);
    assert_int_equal(RAFT_PRECANDIDATE, lone.raft->role);
    assert_int_equal(1, lone.raft->term);
    assert_int_equal(2, lone_sent(&lone, RAFT_MSG_PREVOTE, 3)->term);
    lone_receive(&lone, grant);
    assert_int_equal(RAFT_CANDIDATE, lone.raft->role);
    assert_int_equal(2, lone.raft->term);
}

static void a_pre_vote_of_an_earlier_candidacy_does_not_count(void **state)
{
    (void)state;
    lone.settings.pre_vote = true;
    lone_start(&lone, (struct lone_start){.voters = 3, .hard = {.term = 2}});
    lone_tick(&lone, 2000);
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_PREVOTE_RESP, .term = 2});
    assert_int_equal(RAFT_PRECANDIDATE, lone.raft->role);
}

static void who_hears_a_leader_helps_nobody_to_depose_it(void **state)
{
    struct raft_msg ask = {.type = RAFT_MSG_VOTE, .from = 3, .term = 5, .index = 9, .log_term = 2};

    (void)state;
    lone.settings.check_quorum = true;
    start(3);
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_HEARTBEAT, .term = 2, .commit = 1});
    lone_tick(&lone, 900);
    lone_receive(&lone, ask);
    assert_int_equal(0, lone.sent_count);
    assert_int_equal(2, lone.raft->term);
    ask.transfer = true; /* the leader's own wish */
    lone_receive(&lone, ask);
    assert_false(lone_sent(&lone, RAFT_MSG_VOTE_RESP, 3)->reject);
    assert_int_equal(5, lone.raft->term);
}

static void the_lease_ends_with_the_shortest_wait(void **state)
{
    struct raft_msg ask = {.type = RAFT_MSG_VOTE, .from = 3, .term = 5, .index = 9, .log_term = 2};

    (void)state;
    lone.settings.check_quorum = true;
    start(3);
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_HEARTBEAT, .term = 2, .commit = 1});
    lone.raft->election_wait_ms = 2000;
    lone_tick(&lone, 1000);
    lone_receive(&lone, ask);
    assert_false(lone_sent(&lone, RAFT_MSG_VOTE_RESP, 3)->reject);
}

static void a_leader_that_no_majority_answers_steps_down(void **state)
{
    (void)state;
    lone.settings.check_quorum = true;
    start(5);
    lone_lead(&lone);
    for (int i = 0; i < 30; i++) {
        lone_tick(&lone, 100);
        lone_ack(&lone, 2, 2);
        lone_ack(&lone, 4, 2);
    }
    assert_int_equal(RAFT_LEADER, lone.raft->role);
    for (int i = 0; i < 20; i++) {
        lone_tick(&lone, 100);
        if (lone.raft->role == RAFT_LEADER) {
            lone_ack(&lone, 2, 2);
        }
    }
    assert_int_not_equal(RAFT_LEADER, lone.raft->role);
}

static void a_leader_of_an_earlier_term_is_told(void **state)
{
    (void)state;
    lone.settings.check_quorum = true;
    lone_start(&lone, (struct lone_start){.voters = 3, .hard = {.term = 6}});
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_HEARTBEAT, .term = 5, .commit = 1});
    assert_int_equal(6, lone_sent(&lone, RAFT_MSG_APPEND_RESP, 2)->term);
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_PREVOTE, .term = 5});
    assert_true(lone_sent(&lone, RAFT_MSG_PREVOTE_RESP, 2)->reject);
    assert_int_equal(6, lone_sent(&lone, RAFT_MSG_PREVOTE_RESP, 2)->term);
    lone_receive(&lone, (struct raft_msg){.type = RAFT_MSG_VOTE, .term = 5});
    assert_int_equal(0, lone.sent_count);
}

static void a_learner_does_not_stand_but_votes(void **state)
{
    struct raft_snapshot begin = {
        .index = 1,
        .term = 1,
        .config = {.voters = {2, {2, 3}}, .learners = {1, {1}}},
    };
    struct raft_hard hard = {.term = 1, .commit = 1};

    (void)state;
    lone.applied = 1;
    lone.raft = raft_new(&lone.settings, &hard, &begin, NULL, 0, 1, 0);
    lone_tick(&lone, 5000);
    assert_int_equal(RAFT_FOLLOWER, lone.raft->role);
    assert_int_equal(0, lone.sent_count);
    lone_receive(&lone,
                 (struct raft_msg){.type = RAFT_MSG_VOTE, .term = 2, .index = 1, .log_term = 1});
    assert_false(lone_sent(&lone, RAFT_MSG_VOTE_RESP, 2)->reject);
}

static void nobody_stands_before_its_committed_changes_are_applied(void **state)
{
    struct raft_entry change = {.term = 2, .index = 2, .type = RAFT_ENTRY_CHANGE};
    struct raft_msg append = {.type = RAFT_MSG_APPEND,
                              .from = 2,
                              .to = 1,
                              .term = 2,
                              .index = 1,
                              .log_term = 1,
                              .commit = 2,
                              .first = 2,
                              .count = 1,
                              .entries = &change};
    struct raft_ready ready;

    (void)state;
    start(3);
    raft_receive(lone.raft, &append);
    raft_tick(lone.raft, 4000);
    assert_int_equal(RAFT_FOLLOWER, lone.raft->role);
    append.type = RAFT_MSG_TIMEOUT_NOW;
    raft_receive(lone.raft, &append);
    assert_int_equal(RAFT_FOLLOWER, lone.raft->role);
    raft_ready(lone.raft, &ready);
    raft_persisted(lone.raft, ready.serial);
    raft_ready(lone.raft, &ready);
    assert_int_equal(2, ready.apply_first);
    raft_tick(lone.raft, 8000);
    assert_int_equal(RAFT_FOLLOWER, lone.raft->role); /* handed out is not applied */
    raft_change_applied(lone.raft, &(struct raft_change){RAFT_CHANGE_REMOVE, 3}, NULL);
    raft_applied(lone.raft, 2);
    raft_tick(lone.raft, 12000);
    assert_int_equal(RAFT_CANDIDATE, lone.raft->role);
}

static void a_refusal_tells_what_is_committed(void **state)
{
    const struct raft_msg *refusal;

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3,
                                          .terms = (uint64_t[]){1, 2, 2},
                                          .count = 3,
                                          .hard = {.term = 2, .commit = 3}});
    lone_receive(&lone,
                 (struct raft_msg){.type = RAFT_MSG_VOTE, .term = 3, .index = 1, .log_term = 1});
    refusal = lone_sent(&lone, RAFT_MSG_VOTE_RESP, 2);
    assert_true(refusal->reject);
    assert_int_equal(3, refusal->known_index);
    assert_int_equal(2, refusal->known_term);
}

static void a_refused_candidate_learns_what_it_holds_of_that(void **state)
{
    struct raft_msg refusal = {.type = RAFT_MSG_VOTE_RESP,
                               .from = 2,
                               .term = 3,
                               .reject = true,
                               .known_index = 3,
                               .known_term = 9};

    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3, .terms = (uint64_t[]){1, 2, 2}, .count = 3});
    lone_tick(&lone, 2000);
    lone_receive(&lone, refusal);
    assert_int_equal(1, lone.raft->log.committed); /* another entry is committed there */
    refusal.known_term = 2;
    lone_receive(&lone, refusal);
    assert_int_equal(3, lone.raft->log.committed);
    assert_int_equal(RAFT_CANDIDATE, lone.raft->role);
}

/* 1 removes itself, knows it to be committed and is gone before 2 knows; its log is longer. */
static void the_last_voter_is_not_stuck_when_the_leader_removed_itself(void **state)
{
    struct node *leader;

    (void)state;
    start_world(2, 2);
    start_nodes();
    leader = world_elect_one(&world, 1);
    assert_int_equal(ERR_OK, world_change(&world, leader, RAFT_CHANGE_REMOVE, 1));
    while (leader->raft->role == RAFT_LEADER) {
        for (size_t i = 0; i < world.wire.count;) {
            if (world.wire.items[i].msg.to == 1 || world.wire.items[i].msg.count > 0) {
                world_deliver(&world, i);
            } else {
                world_lose(&world, i); /* of the commit 2 hears nothing */
            }
        }
        world_persist(&world, leader, leader->write_count);
        if (leader->raft->log.committed == raft_log_last(&leader->raft->log)) {
            world.cut[1][2] = true;
            world_propose(&world, leader);
        }
        world_persist(&world, &world.nodes[2], world.nodes[2].write_count);
        world_apply(&world, leader, 8);
    }
    world_lose(&world, 0);
    world.cut[1][2] = false;
    assert_true(raft_log_last(&leader->raft->log) > raft_log_last(&world.nodes[2].raft->log));
    assert_true(leader->raft->log.committed > world.nodes[2].raft->log.committed);
    world_run(&world, 6000);
    assert_int_equal(RAFT_LEADER, world.nodes[2].raft->role);
    assert_int_equal(1, world.nodes[2].raft->config.voters.count);
}

static void one_cut_off_comes_back_without_an_election(void **state)
{
    struct node *leader;
    uint64_t term;

    (void)state;
    start_world(3, 3);
    start_nodes();
    leader = world_elect_one(&world, 1);
    term = leader->raft->term;
    world_isolate(&world, 3, true);
    world_run(&world, 10000);
    assert_int_equal(term, world.nodes[3].raft->term);
    world_isolate(&world, 3, false);
    world_run(&world, 3000);
    assert_ptr_equal(leader, world_leader(&world));
    assert_int_equal(term, leader->raft->term);
}

static void one_stuck_in_a_later_term_is_freed_by_an_election(void **state)
{
    (void)state;
    start_world(3, 3);
    world.settings.pre_vote = false;
    start_nodes();
    world_elect_one(&world, 1);
    world_isolate(&world, 3, true);
    world_run(&world, 10000);
    assert_true(world.nodes[3].raft->term > world.nodes[1].raft->term);
    world_isolate(&world, 3, false);
    world_run(&world, 10000);
    assert_true(world_is_even(&world));
    assert_int_equal(world.nodes[1].raft->term, world.nodes[3].raft->term);
    assert_int_not_equal(RAFT_CANDIDATE, world.nodes[3].raft->role);
}

static void one_that_was_removed_disturbs_nobody(void **state)
{
    struct node *leader;
    uint64_t term;

    (void)state;
    start_world(3, 3);
    start_nodes();
    leader = world_elect_one(&world, 1);
    world_isolate(&world, 3, true);
    assert_int_equal(ERR_OK, world_change(&world, leader, RAFT_CHANGE_REMOVE, 3));
    world_settle(&world);
    term = leader->raft->term;
    world_isolate(&world, 3, false);
    world_run(&world, 20000);
    assert_int_equal(term, leader->raft->term);
    assert_int_equal(RAFT_LEADER, leader->raft->role);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_follower_waits_one_to_two_elections),
        CASE(a_candidate_needs_a_majority),
        CASE(a_candidate_refused_by_a_majority_follows),
        CASE(a_candidate_that_nobody_answers_tries_the_next_term),
        CASE(a_candidate_follows_whoever_leads_its_term),
        cmocka_unit_test(the_newer_log_gets_the_vote),
        CASE(a_term_has_one_vote_over_a_restart_too),
        CASE(a_vote_is_given_and_asked_for_when_it_is_durable),
        CASE(its_own_vote_counts_when_it_is_durable),
        CASE(a_sole_voter_leads_a_new_term_after_every_start),
        CASE(a_pre_vote_changes_nothing_at_those_who_give_it),
        CASE(a_pre_candidate_stands_when_a_majority_would_vote_for_it),
        CASE(a_pre_vote_of_an_earlier_candidacy_does_not_count),
        CASE(who_hears_a_leader_helps_nobody_to_depose_it),
        CASE(the_lease_ends_with_the_shortest_wait),
        CASE(a_leader_that_no_majority_answers_steps_down),
        CASE(a_leader_of_an_earlier_term_is_told),
        CASE(a_learner_does_not_stand_but_votes),
        CASE(nobody_stands_before_its_committed_changes_are_applied),
        CASE(a_refusal_tells_what_is_committed),
        CASE(a_refused_candidate_learns_what_it_holds_of_that),
        cmocka_unit_test_teardown(the_last_voter_is_not_stuck_when_the_leader_removed_itself,
                                  end_world),
        cmocka_unit_test_teardown(one_cut_off_comes_back_without_an_election, end_world),
        cmocka_unit_test_teardown(one_stuck_in_a_later_term_is_freed_by_an_election, end_world),
        cmocka_unit_test_teardown(one_that_was_removed_disturbs_nobody, end_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
