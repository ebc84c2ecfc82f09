#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/raft/quorum.h"

static uint64_t reached(unsigned count, const uint64_t *given)
{
    uint64_t values[raft_members_max];

    for (unsigned i = 0; i < count; i++) {
        values[i] = given[i];
    }
    return raft_quorum_reached(values, count);
}

static void a_majority_has_reached_the_middle(void **state)
{
    (void)state;
    assert_int_equal(7, reached(1, (uint64_t[]){7}));
    assert_int_equal(3, reached(2, (uint64_t[]){3, 9}));
    assert_int_equal(5, reached(3, (uint64_t[]){9, 2, 5}));
    assert_int_equal(2, reached(4, (uint64_t[]){9, 2, 5, 1}));
    assert_int_equal(4, reached(5, (uint64_t[]){1, 9, 4, 3, 8}));
    assert_int_equal(0, reached(3, (uint64_t[]){0, 0, 9}));
    assert_true(reached(0, NULL) == UINT64_MAX);
}

static void it_agrees_with_counting_whatever_the_order(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= raft_members_max; count++) {
        for (unsigned first = 0; first < count; first++) {
            uint64_t values[raft_members_max];
            uint64_t result;
            unsigned reach = 0;
            unsigned pass = 0;

            for (unsigned i = 0; i < count; i++) {
                values[i] = (i * 5 + first * 3) % 7;
            }
            result = reached(count, values);
            for (unsigned i = 0; i < count; i++) {
                reach += values[i] >= result;
                pass += values[i] > result;
            }
            assert_true(reach > count / 2);
            assert_true(pass <= count / 2);
        }
    }
}

static void an_election_is_decided_when_nothing_can_turn_it(void **state)
{
    (void)state;
    assert_int_equal(RAFT_ELECTION_OPEN, raft_quorum_election(1, 0, 3));
    assert_int_equal(RAFT_ELECTION_WON, raft_quorum_election(2, 0, 3));
    assert_int_equal(RAFT_ELECTION_OPEN, raft_quorum_election(1, 1, 3));
    assert_int_equal(RAFT_ELECTION_LOST, raft_quorum_election(1, 2, 3));
    assert_int_equal(RAFT_ELECTION_OPEN, raft_quorum_election(2, 1, 4));
    assert_int_equal(RAFT_ELECTION_LOST, raft_quorum_election(2, 2, 4));
    assert_int_equal(RAFT_ELECTION_WON, raft_quorum_election(3, 0, 4));
    assert_int_equal(RAFT_ELECTION_WON, raft_quorum_election(1, 0, 1));
}

static void members_stay_in_order(void **state)
{
    struct raft_members members = {0};

    (void)state;
    raft_members_add(&members, 5);
    raft_members_add(&members, 1);
    raft_members_add(&members, 3);
    assert_int_equal(3, members.count);
    assert_int_equal(1, members.ids[0]);
    assert_int_equal(3, members.ids[1]);
    assert_int_equal(5, members.ids[2]);
    assert_true(raft_members_have(&members, 3));
    raft_members_remove(&members, 3);
    assert_false(raft_members_have(&members, 3));
    assert_true(raft_members_have(&members, 5));
    assert_int_equal(5, members.ids[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_majority_has_reached_the_middle),
        cmocka_unit_test(it_agrees_with_counting_whatever_the_order),
        cmocka_unit_test(an_election_is_decided_when_nothing_can_turn_it),
        cmocka_unit_test(members_stay_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
