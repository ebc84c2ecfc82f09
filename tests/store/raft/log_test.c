#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "actors/store/raft/log.h"

/* Behind (index 4, term 2): entries 5 … of these terms. */
static struct raft_log log_of(const uint64_t *terms, unsigned count, uint64_t committed)
{
    struct raft_snapshot begin = {.index = 4, .term = 2};
    struct raft_entry entries[32];
    struct raft_log self;

    for (unsigned i = 0; i < count; i++) {
        entries[i] =
            (struct raft_entry){.term = terms[i], .index = 5 + i, .len = 3, .data = calloc(1, 3)};
    }
    raft_log_init(&self, &begin, entries, count, 4, committed);
    return self;
}

static bool take(struct raft_log *self, uint64_t index, uint64_t term, uint64_t commit,
                 const uint64_t *terms, unsigned count)
{
    struct raft_entry entries[32];
    struct raft_msg msg = {
        .index = index, .log_term = term, .commit = commit, .count = count, .entries = entries};

    for (unsigned i = 0; i < count; i++) {
        entries[i] =
            (struct raft_entry){.term = terms[i], .index = index + 1 + i, .len = 2, .data = "ab"};
    }
    return raft_log_take(self, &msg);
}

static void terms_are_known_from_the_begin_to_the_last(void **state)
{
    struct raft_log log = log_of((uint64_t[]){2, 3, 3}, 3, 4);

    (void)state;
    assert_int_equal(0, raft_log_term(&log, 3));
    assert_int_equal(2, raft_log_term(&log, 4));
    assert_int_equal(3, raft_log_term(&log, 7));
    assert_int_equal(0, raft_log_term(&log, 8));
    assert_true(raft_log_matches(&log, 4, 2));
    assert_false(raft_log_matches(&log, 3, 0));
    assert_false(raft_log_matches(&log, 8, 0));
    raft_log_fini(&log);
}

static void the_later_term_wins_then_the_longer_log(void **state)
{
    struct raft_log log = log_of((uint64_t[]){2, 3, 3}, 3, 4);

    (void)state;
    assert_true(raft_log_is_up_to_date(&log, 5, 4));
    assert_true(raft_log_is_up_to_date(&log, 7, 3));
    assert_true(raft_log_is_up_to_date(&log, 8, 3));
    assert_false(raft_log_is_up_to_date(&log, 6, 3));
    assert_false(raft_log_is_up_to_date(&log, 100, 2));
    raft_log_fini(&log);
}

static void what_does_not_follow_is_refused(void **state)
{
    struct raft_log log = log_of((uint64_t[]){2, 3, 3}, 3, 4);

    (void)state;
    assert_false(take(&log, 7, 2, 7, (uint64_t[]){4}, 1));
    assert_false(take(&log, 8, 3, 8, (uint64_t[]){4}, 1));
    assert_int_equal(7, raft_log_last(&log));
    assert_int_equal(4, log.committed);
    raft_log_fini(&log);
}

static void what_is_held_stays_when_an_older_message_comes_late(void **state)
{
    struct raft_log log = log_of((uint64_t[]){2, 3, 3}, 3, 4);

    (void)state;
    assert_true(take(&log, 4, 2, 4, (uint64_t[]){2}, 1));
    assert_int_equal(7, raft_log_last(&log));
    assert_true(take(&log, 5, 2, 4, (uint64_t[]){3, 3, 3}, 3));
    assert_int_equal(8, raft_log_last(&log));
    assert_int_equal(3, raft_log_at(&log, 7)->len); /* not taken again */
    assert_int_equal(2, raft_log_at(&log, 8)->len);
    raft_log_fini(&log);
}

static void what_is_contradicted_goes_with_all_behind_it(void **state)
{
    struct raft_log log = log_of((uint64_t[]){2, 3, 3, 3}, 4, 5);

    (void)state;
    assert_true(take(&log, 5, 2, 5, (uint64_t[]){4}, 1));
    assert_int_equal(6, raft_log_last(&log));
    assert_int_equal(4, raft_log_term(&log, 6));
    raft_log_fini(&log);
}

static void nothing_is_committed_beyond_the_message(void **state)
{
    struct raft_log log = log_of((uint64_t[]){2, 3, 3, 3}, 4, 4);

    (void)state;
    assert_true(take(&log, 4, 2, 8, (uint64_t[]){2}, 1)); /* 6 … may be another leader's */
    assert_int_equal(5, log.committed);
    assert_true(take(&log, 6, 3, 5, NULL, 0));
    assert_int_equal(5, log.committed); /* nor beyond what it says, nor back */
    raft_log_fini(&log);
}

static void the_place_of_a_conflict_skips_whole_terms(void **state)
{
    struct raft_log log = log_of((uint64_t[]){2, 5, 5, 5, 7, 7}, 6, 4); /* 5 … 10 */
    uint64_t term;

    (void)state;
    assert_int_equal(8, raft_log_conflict(&log, 10, 6, &term));
    assert_int_equal(5, term);
    assert_int_equal(5, raft_log_conflict(&log, 10, 4, &term));
    assert_int_equal(2, term);
    assert_int_equal(3, raft_log_conflict(&log, 9, 1, &term)); /* dropped: it may agree */
    assert_int_equal(0, term);
    assert_int_equal(12, raft_log_conflict(&log, 12, 1, &term)); /* not held */
    raft_log_fini(&log);
}

static void a_cut_takes_back_what_was_stable(void **state)
{
    struct raft_log log = log_of((uint64_t[]){2, 3, 3}, 3, 5);

    (void)state;
    assert_int_equal(7, log.stable);
    assert_true(take(&log, 5, 2, 5, (uint64_t[]){4, 4}, 2));
    assert_int_equal(5, log.stable);
    assert_int_equal(5, log.handed);
    raft_log_written(&log, raft_log_write(&log, true));
    assert_int_equal(7, log.stable);
    raft_log_fini(&log);
}

/* etcd: async_storage_writes_append_aba_race */
static void a_write_begun_before_a_cut_says_nothing_of_what_came_after(void **state)
{
    struct raft_log log = log_of((uint64_t[]){2}, 1, 5);
    uint64_t first;
    uint64_t second;

    (void)state;
    assert_true(take(&log, 5, 2, 5, (uint64_t[]){3, 3}, 2));
    first = raft_log_write(&log, true);
    assert_true(take(&log, 5, 2, 5, (uint64_t[]){4}, 1));
    second = raft_log_write(&log, true);
    assert_true(take(&log, 5, 2, 5, (uint64_t[]){3, 3}, 2)); /* the first again */
    raft_log_written(&log, first);
    assert_int_equal(5, log.stable);
    raft_log_written(&log, second);
    assert_int_equal(5, log.stable);
    assert_int_equal(5, log.handed);
    raft_log_fini(&log);
}

static void a_write_begun_before_a_snapshot_says_nothing_of_what_came_after(void **state)
{
    struct raft_log log = log_of((uint64_t[]){2}, 1, 5);
    struct raft_snapshot snapshot = {.index = 6, .term = 4};
    uint64_t before;
    uint64_t with;

    (void)state;
    assert_true(take(&log, 5, 2, 5, (uint64_t[]){3, 3, 3}, 3));
    before = raft_log_write(&log, true);
    raft_log_restore(&log, &snapshot);
    assert_true(take(&log, 6, 4, 6, (uint64_t[]){4, 4}, 2));
    raft_log_written(&log, before);
    assert_int_equal(6, log.stable);
    assert_int_equal(RAFT_SNAPSHOT_WAITS, log.snapshot_state);
    with = raft_log_write(&log, true);
    assert_int_equal(RAFT_SNAPSHOT_HANDED, log.snapshot_state);
    raft_log_written(&log, with);
    assert_int_equal(RAFT_SNAPSHOT_NONE, log.snapshot_state);
    assert_int_equal(8, log.stable);
    assert_int_equal(6, log.applied);
    raft_log_fini(&log);
}

static void a_second_snapshot_waits_for_its_own_write(void **state)
{
    struct raft_log log = log_of(NULL, 0, 4);
    uint64_t first;

    (void)state;
    raft_log_restore(&log, &(struct raft_snapshot){.index = 10, .term = 3});
    first = raft_log_write(&log, true);
    raft_log_restore(&log, &(struct raft_snapshot){.index = 20, .term = 3});
    raft_log_written(&log, first);
    assert_int_equal(RAFT_SNAPSHOT_WAITS, log.snapshot_state);
    assert_int_equal(4, log.applied);
    raft_log_fini(&log);
}

static void compaction_keeps_the_term_of_its_end(void **state)
{
    struct raft_log log = log_of((uint64_t[]){2, 3, 3, 4, 4, 4}, 6, 10);

    (void)state;
    raft_log_applying(&log, 9);
    raft_log_applied(&log, 9);
    for (uint64_t index = 5; index <= 9; index++) {
        raft_log_compact(&log, index);
        assert_int_equal(index, log.begin);
        assert_int_equal(10, raft_log_last(&log));
        assert_int_equal(4, raft_log_at(&log, 10)->term);
    }
    raft_log_compact(&log, 6); /* was before */
    assert_int_equal(9, log.begin);
    assert_int_equal(4, raft_log_term(&log, 9));
    assert_true(take(&log, 10, 4, 10, (uint64_t[]){4, 4, 5}, 3));
    assert_int_equal(13, raft_log_last(&log));
    raft_log_fini(&log);
}

static void a_message_takes_what_fits_and_at_least_one(void **state)
{
    struct raft_log log = log_of((uint64_t[]){2, 2, 2, 2}, 4, 4);
    uint64_t bytes;
    uint64_t each = 3 + sizeof(struct raft_entry);

    (void)state;
    assert_int_equal(1, raft_log_fitting(&log, 5, 0, &bytes));
    assert_int_equal(3, bytes);
    assert_int_equal(2, raft_log_fitting(&log, 5, 3 * each - 1, &bytes));
    assert_int_equal(6, bytes);
    assert_int_equal(3, raft_log_fitting(&log, 5, 3 * each, &bytes));
    assert_int_equal(2, raft_log_fitting(&log, 7, 1000, &bytes));
    assert_int_equal(0, raft_log_fitting(&log, 9, 1000, &bytes));
    raft_log_fini(&log);
}

static void the_next_change_is_known(void **state)
{
    struct raft_log log = log_of((uint64_t[]){2, 2, 2, 2}, 4, 4);

    (void)state;
    log.items[log.head + 1].type = RAFT_ENTRY_CHANGE; /* 6 */
    log.items[log.head + 3].type = RAFT_ENTRY_CHANGE; /* 8 */
    raft_log_commit(&log, 5);
    assert_int_equal(0, log.change);
    raft_log_commit(&log, 8);
    assert_int_equal(6, log.change);
    raft_log_applying(&log, 5);
    assert_int_equal(6, log.change);
    raft_log_applying(&log, 6);
    assert_int_equal(8, log.change);
    raft_log_applying(&log, 8);
    assert_int_equal(0, log.change);
    raft_log_fini(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_are_known_from_the_begin_to_the_last),
        cmocka_unit_test(the_later_term_wins_then_the_longer_log),
        cmocka_unit_test(what_does_not_follow_is_refused),
        cmocka_unit_test(what_is_held_stays_when_an_older_message_comes_late),
        cmocka_unit_test(what_is_contradicted_goes_with_all_behind_it),
        cmocka_unit_test(nothing_is_committed_beyond_the_message),
        cmocka_unit_test(the_place_of_a_conflict_skips_whole_terms),
        cmocka_unit_test(a_cut_takes_back_what_was_stable),
        cmocka_unit_test(a_write_begun_before_a_cut_says_nothing_of_what_came_after),
        cmocka_unit_test(a_write_begun_before_a_snapshot_says_nothing_of_what_came_after),
        cmocka_unit_test(a_second_snapshot_waits_for_its_own_write),
        cmocka_unit_test(compaction_keeps_the_term_of_its_end),
        cmocka_unit_test(a_message_takes_what_fits_and_at_least_one),
        cmocka_unit_test(the_next_change_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
