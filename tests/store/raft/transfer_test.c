#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

static int end_world(void **state)
{
    (void)state;
    world_fini(&world);
    return 0;
}

static void leadership_goes_to_one_that_is_caught_up(void **state)
{
    (void)state;
    lone_lead_three(&lone);
    raft_transfer(lone.raft, 2);
    lone_drain(&lone);
    assert_non_null(lone_sent(&lone, RAFT_MSG_TIMEOUT_NOW, 2));
    assert_int_equal(ERR_TRANSFERRING, lone_propose(&lone, 1));
}

static void leadership_goes_to_one_that_lags_when_it_has_caught_up(void **state)
{
    (void)state;
    lone_lead_three(&lone);
    lone_propose(&lone, 1);
    lone_propose(&lone, 1);
    lone.sent_count = 0;
    raft_transfer(lone.raft, 2);
    lone_drain(&lone);
    assert_null(lone_sent(&lone, RAFT_MSG_TIMEOUT_NOW, 2));
    lone_ack(&lone, 3, 2);
    assert_null(lone_sent(&lone, RAFT_MSG_TIMEOUT_NOW, 0));
    lone_ack(&lone, 2, 3);
    assert_null(lone_sent(&lone, RAFT_MSG_TIMEOUT_NOW, 0));
    lone_ack(&lone, 2, 4);
    assert_non_null(lone_sent(&lone, RAFT_MSG_TIMEOUT_NOW, 2));
}

static void leadership_stays_when_it_was_not_taken_in_time(void **state)
{
    (void)state;
    lone_lead_three(&lone);
    raft_transfer(lone.raft, 3);
    lone_tick(&lone, 999);
    assert_int_equal(ERR_TRANSFERRING, lone_propose(&lone, 1));
    lone_tick(&lone, 1);
    assert_int_equal(ERR_OK, lone_propose(&lone, 1));
}

static void leadership_goes_to_voters_only(void **state)
{
    (void)state;
    lone_start(&lone, (struct lone_start){.voters = 3, .learner = 9});
    lone_lead(&lone);
    raft_transfer(lone.raft, 9);
    raft_transfer(lone.raft, 8);
    raft_transfer(lone.raft, 1);
    assert_int_equal(0, lone.raft->transferee);
    raft_transfer(lone.raft, 3);
    raft_transfer(lone.raft, 2); /* another one instead */
    assert_int_equal(2, lone.raft->transferee);
    raft_transfer(lone.raft, 1);
    assert_int_equal(0, lone.raft->transferee);
}

static void a_transfer_changes_the_leader_at_once(void **state)
{
    (void)state;
    world_init(&world, 3, 3, 3);
    for (uint64_t id = 1; id <= 3; id++) {
        world_start(&world, &world.nodes[id]);
    }
    raft_transfer(world_elect_one(&world, 1)->raft, 3);
    world_settle(&world);
    assert_int_equal(3, world_leader(&world)->id);
    assert_int_equal(RAFT_FOLLOWER, world.nodes[1].raft->role);
    assert_true(world_is_even(&world));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(leadership_goes_to_one_that_is_caught_up),
        CASE(leadership_goes_to_one_that_lags_when_it_has_caught_up),
        CASE(leadership_stays_when_it_was_not_taken_in_time),
        CASE(leadership_goes_to_voters_only),
        cmocka_unit_test_teardown(a_transfer_changes_the_leader_at_once, end_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
