/* Reads that share rounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/node/reads.h"

static void all_that_wait_share_a_round(void **state)
{
    struct reads reads = {0};
    struct read read;
    uint64_t round;

    (void)state;
    for (uint64_t number = 1; number <= 3; number++) {
        reads_add(&reads, number, 1000);
    }
    round = reads_ask(&reads, 0, 100);
    assert_true(round != 0);
    assert_int_equal(reads_ask(&reads, 50, 100), 0);
    reads_told(&reads, round, 7);
    assert_false(reads_next(&reads, 6, &read));
    for (uint64_t number = 1; number <= 3; number++) {
        assert_true(reads_next(&reads, 7, &read));
        assert_int_equal(read.number, number);
    }
    assert_false(reads_next(&reads, 7, &read));
    assert_int_equal(reads_ask(&reads, 200, 100), 0);
    reads_fini(&reads);
}

static void a_read_that_comes_late_waits_for_a_round_of_its_own(void **state)
{
    struct reads reads = {0};
    struct read read;
    uint64_t round;

    (void)state;
    reads_add(&reads, 1, 1000);
    round = reads_ask(&reads, 0, 100);
    reads_add(&reads, 2, 1000);
    reads_told(&reads, round, 7);
    assert_true(reads_next(&reads, 9, &read));
    assert_int_equal(read.number, 1);
    assert_false(reads_next(&reads, 9, &read));
    round = reads_ask(&reads, 1, 100);
    reads_told(&reads, round, 8);
    assert_true(reads_next(&reads, 9, &read));
    assert_int_equal(read.number, 2);
    reads_fini(&reads);
}

static void a_round_that_is_asked_again_counts_by_its_last_number(void **state)
{
    struct reads reads = {0};
    struct read read;
    uint64_t first;
    uint64_t second;

    (void)state;
    reads_add(&reads, 1, 1000);
    first = reads_ask(&reads, 0, 100);
    reads_add(&reads, 2, 1000);
    second = reads_ask(&reads, 100, 100);
    assert_true(second != 0 && second != first);
    reads_told(&reads, first, 3);
    assert_false(reads_next(&reads, 9, &read));
    reads_told(&reads, second, 4);
    assert_true(reads_next(&reads, 9, &read) && read.index == 4);
    assert_true(reads_next(&reads, 9, &read) && read.index == 4);
    reads_add(&reads, 3, 1000);
    assert_true(reads_ask(&reads, 101, 100) != 0);
    reads_forget_round(&reads);
    assert_true(reads_ask(&reads, 102, 100) != 0);
    reads_fini(&reads);
}

static void one_past_its_deadline_leaves_the_others_their_round(void **state)
{
    struct reads reads = {0};
    struct read read;
    uint64_t round;

    (void)state;
    reads_add(&reads, 1, 1000);
    reads_add(&reads, 2, 50);
    reads_add(&reads, 3, 1000);
    round = reads_ask(&reads, 0, 100);
    reads_add(&reads, 4, 40);
    assert_true(reads_past(&reads, 60, &read) && read.number == 2);
    assert_true(reads_past(&reads, 60, &read) && read.number == 4);
    assert_false(reads_past(&reads, 60, &read));
    reads_add(&reads, 5, 1000);
    reads_told(&reads, round, 7);
    assert_true(reads_next(&reads, 7, &read) && read.number == 1);
    assert_true(reads_next(&reads, 7, &read) && read.number == 3);
    assert_false(reads_next(&reads, 7, &read));
    reads_fini(&reads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_wait_share_a_round),
        cmocka_unit_test(a_read_that_comes_late_waits_for_a_round_of_its_own),
        cmocka_unit_test(a_round_that_is_asked_again_counts_by_its_last_number),
        cmocka_unit_test(one_past_its_deadline_leaves_the_others_their_round),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
