#include "actors/registry/write_ids.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "actors/registry/backlog.h"

static void remembers_a_write_for_its_time_and_no_longer(void **state)
{
    struct write_ids *writes = write_ids_new(10000);
    uint64_t seq = 0;

    (void)state;
    write_ids_add(writes, 5, 1, 77, 0);
    assert_true(write_ids_find(writes, 5, 1, &seq));
    assert_int_equal(77, seq);
    assert_false(write_ids_find(writes, 5, 2, &seq));
    assert_false(write_ids_find(writes, 1, 5, &seq));
    write_ids_expire(writes, 10000, 100);
    assert_true(write_ids_find(writes, 5, 1, &seq));
    write_ids_expire(writes, 10001, 100);
    assert_false(write_ids_find(writes, 5, 1, &seq));
    write_ids_destroy(&writes);
}

static void no_id_is_no_write(void **state)
{
    struct write_ids *writes = write_ids_new(10000);
    uint64_t seq;

    (void)state;
    write_ids_add(writes, 0, 0, 1, 0);
    assert_false(write_ids_find(writes, 0, 0, &seq));
    assert_int_equal(0, write_ids_count(writes));
    write_ids_destroy(&writes);
}

static void finds_every_one_of_many_while_it_grows_and_ages(void **state)
{
    struct write_ids *writes = write_ids_new(50);
    uint64_t seq;

    (void)state;
    for (uint64_t i = 1; i <= 5000; i++) {
        write_ids_add(writes, i % 3, i, i * 2, (int64_t)i);
        write_ids_expire(writes, (int64_t)i, 10);
        for (uint64_t j = i > 60 ? i - 60 : 1; j <= i; j++) {
            assert_int_equal(j + 50 >= i, write_ids_find(writes, j % 3, j, &seq));
            assert_true(j + 50 < i || seq == j * 2);
        }
    }
    write_ids_destroy(&writes);
}

static void forgets_the_oldest_at_the_limit(void **state)
{
    struct write_ids *writes = write_ids_new(INT64_MAX / 2);
    uint64_t seq;

    (void)state;
    for (uint64_t i = 1; i <= writes_max + 10; i++) {
        write_ids_add(writes, 1, i, i, 0);
    }
    assert_int_equal(writes_max, write_ids_count(writes));
    assert_false(write_ids_find(writes, 1, 10, &seq));
    assert_true(write_ids_find(writes, 1, 11, &seq));
    write_ids_destroy(&writes);
}

static void the_last_change_of_a_write_counts(void **state)
{
    struct write_ids *writes = write_ids_new(10000);
    uint64_t seq = 0;

    (void)state;
    write_ids_add(writes, 5, 1, 77, 0);
    write_ids_add(writes, 5, 1, 78, 0);
    assert_int_equal(1, write_ids_count(writes));
    assert_true(write_ids_find(writes, 5, 1, &seq));
    assert_int_equal(78, seq);
    write_ids_destroy(&writes);
}

/* Twice round its whole ring, with ids of two gateways that look alike. */
static void goes_round_its_ring(void **state)
{
    struct write_ids *writes = write_ids_new(1000000);
    uint64_t seq = 0;

    (void)state;
    for (uint64_t i = 1; i <= UINT64_C(2) * writes_max; i++) {
        write_ids_add(writes, 1 + i % 2, i / 2, i, (int64_t)i);
        write_ids_expire(writes, (int64_t)i, 2);
        if (i % 1000 == 0) {
            assert_true(write_ids_find(writes, 1 + i % 2, i / 2, &seq));
            assert_int_equal(i, seq);
            assert_int_equal(i > 1000000 ? 1000001 : i, write_ids_count(writes));
        }
    }
    write_ids_expire(writes, INT64_MAX, UINT32_MAX);
    assert_int_equal(0, write_ids_count(writes));
    write_ids_destroy(&writes);
}

static void reads_recent_changes_from_any_point_held(void **state)
{
    struct backlog backlog;
    struct str records;
    uint32_t count;

    (void)state;
    backlog_init(&backlog, 100);
    assert_false(backlog_read(&backlog, 0, 10, &records, &count));
    for (uint64_t seq = 41; seq <= 45; seq++) {
        char text[2] = {'a', (char)('0' + seq - 40)};

        backlog_add(&backlog, seq, (struct str){text, 2});
    }
    assert_true(backlog_read(&backlog, 40, 1000, &records, &count));
    assert_int_equal(5, count);
    assert_true(str_eq(STR("a1a2a3a4a5"), records));
    assert_true(backlog_read(&backlog, 42, 5, &records, &count));
    assert_true(str_eq(STR("a3a4"), records));
    assert_true(backlog_read(&backlog, 44, 1, &records, &count)); /* one at least */
    assert_int_equal(1, count);
    assert_false(backlog_read(&backlog, 39, 1000, &records, &count));
    assert_false(backlog_read(&backlog, 45, 1000, &records, &count));
    backlog_fini(&backlog);
}

static void keeps_the_newest_within_its_bytes(void **state)
{
    struct backlog backlog;
    struct str records;
    uint32_t count;

    (void)state;
    backlog_init(&backlog, 100);
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        backlog_add(&backlog, seq, STR("0123456789"));
        assert_true(backlog_read(&backlog, seq > 10 ? seq - 10 : 0, 1000, &records, &count));
        assert_int_equal(seq > 10 ? 10 : seq, count);
        assert_true(backlog.bytes.cap <= 512);
        assert_true(seq <= 10 || !backlog_read(&backlog, seq - 11, 1000, &records, &count));
    }
    backlog_fini(&backlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_a_write_for_its_time_and_no_longer),
        cmocka_unit_test(no_id_is_no_write),
        cmocka_unit_test(finds_every_one_of_many_while_it_grows_and_ages),
        cmocka_unit_test(forgets_the_oldest_at_the_limit),
        cmocka_unit_test(the_last_change_of_a_write_counts),
        cmocka_unit_test(goes_round_its_ring),
        cmocka_unit_test(reads_recent_changes_from_any_point_held),
        cmocka_unit_test(keeps_the_newest_within_its_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
