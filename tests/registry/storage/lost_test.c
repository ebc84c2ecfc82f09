/* What damage has cost: how many changes, which, and until when that is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/journal/record.h"
#include "tests/registry/storage/storage_rig.h"

#define FIRST RIG_DIR "/journal-0000000000000001.log"

/* Where the frame with this change begins, of commands with one change each. */
static size_t frame_of(struct rig *rig, const char *path, uint64_t nth)
{
    struct buf bytes = {0};
    struct str rest;
    struct str body;
    size_t at = 0;

    assert_true(disk_sim_get(rig->sim, path, &bytes));
    rest = buf_str(&bytes);
    for (uint64_t i = 0; i < nth; i++) { /* HEAD first */
        assert_int_equal(record_next(&rest, &body), RECORD_OK);
    }
    at = bytes.len - rest.len;
    buf_fini(&bytes);
    return at;
}

static void register_some(struct rig *rig, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i <= to; i++) {
        assert_int_equal(rig_register(rig, i), ERR_OK);
    }
}

static void check_lost(const struct rig *rig, uint64_t from, uint64_t to, bool more)
{
    struct storage_stats stats = rig_stats(rig);

    assert_int_equal(stats.lost.any, to > 0);
    assert_int_equal(stats.lost.from, from);
    assert_int_equal(stats.lost.to, to);
    assert_int_equal(stats.lost.count, to > 0 ? to - from + 1 : 0);
    assert_int_equal(stats.lost.more, more);
}

/* A byte of the body of the change with this seq in its file is another. */
static void harm(struct rig *rig, const char *path, uint64_t nth)
{
    assert_true(disk_sim_flip(rig->sim, path, frame_of(rig, path, nth) + 20, 0x10));
}

static void what_stands_behind_the_damage_is_counted(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 1);
    rig_open(&rig);
    register_some(&rig, 1, 10);
    rig_kill(&rig);
    harm(&rig, FIRST, 4);
    rig_open(&rig);
    check_lost(&rig, 4, 10, false);
    assert_int_equal(rig_stats(&rig).damage_count, 1);
    assert_int_equal(registry_slot_count(rig.registry), 3);
    rig_kill(&rig);
    rig_open(&rig); /* said until somebody has dealt with it */
    check_lost(&rig, 4, 10, false);
    assert_int_equal(rig_stats(&rig).damage_count, 0);
    storage_forget_lost(rig.storage);
    check_lost(&rig, 0, 0, false);
    rig_kill(&rig);
    rig_open(&rig);
    check_lost(&rig, 0, 0, false);
    rig_fini(&rig);
}

static void damage_in_an_older_file_ends_where_the_next_begins(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 2);
    rig_open(&rig);
    register_some(&rig, 1, 6);
    rig_kill(&rig);
    rig_open(&rig);
    register_some(&rig, 7, 9);
    rig_kill(&rig);
    harm(&rig, FIRST, 5);
    rig_open(&rig);
    check_lost(&rig, 5, 6, false);
    assert_int_equal(registry_slot_count(rig.registry), 7);
    rig_fini(&rig);
}

static void a_missing_file_is_counted(void **state)
{
    struct rig rig;
    struct disk *disk;

    (void)state;
    rig_init(&rig, 3);
    disk = disk_sim_disk(rig.sim);
    for (uint32_t run = 0; run < 3; run++) {
        rig_open(&rig);
        register_some(&rig, 4 * run + 1, 4 * run + 4);
        rig_kill(&rig);
    }
    assert_int_equal(disk->remove(disk, RIG_DIR "/journal-0000000000000005.log"), 0);
    rig_open(&rig);
    check_lost(&rig, 5, 8, false);
    rig_fini(&rig);
}

static void of_the_last_record_is_said_that_there_may_be_more(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 4);
    rig_open(&rig);
    register_some(&rig, 1, 10);
    rig_kill(&rig);
    harm(&rig, FIRST, 10);
    rig_open(&rig);
    check_lost(&rig, 10, 10, true);
    rig_fini(&rig);
}

static void nothing_is_lost_where_another_file_holds_it(void **state)
{
    struct rig rig;
    char path[256];

    (void)state;
    rig_init(&rig, 5);
    rig_open(&rig);
    register_some(&rig, 1, 10);
    rig.options.snapshot_bytes = 0;
    rig_kill(&rig);
    rig.options.snapshot_bytes = 100;
    rig_open(&rig);
    rig_step_all(&rig);
    rig_kill(&rig);
    assert_true(rig_file(&rig, "snapshot-", ".dat", path));
    assert_true(disk_sim_flip(rig.sim, path, 100, 0x10));
    rig_open(&rig);
    assert_int_equal(rig_stats(&rig).damage_count, 1);
    check_lost(&rig, 0, 0, false);
    assert_int_equal(registry_slot_count(rig.registry), 10);
    rig_fini(&rig);
}

/* The start is cut short at any operation on the disk: the next one still knows, and counts once.
 */
static void a_start_that_is_cut_short_loses_no_word_of_it(void **state)
{
    (void)state;
    for (uint32_t changes = 0; changes < 30; changes++) {
        struct rig rig;

        rig_init(&rig, 6);
        rig_open(&rig);
        register_some(&rig, 1, 10);
        rig_kill(&rig);
        harm(&rig, FIRST, 4);
        disk_sim_die_after(rig.sim, changes);
        if (rig_try_open(&rig) == ERR_OK) { /* a dead disk can't be read either */
            check_lost(&rig, 4, 10, false);
        }
        rig_power_cut(&rig, DISK_KEEP_NOTHING, 0);
        rig_open(&rig);
        check_lost(&rig, 4, 10, false);
        rig_fini(&rig);
    }
}

static void a_note_that_is_damaged_itself_is_not_taken_for_none(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 7);
    disk_sim_put(rig.sim, RIG_DIR "/lost", STR("what?"));
    rig_open(&rig);
    assert_true(rig_stats(&rig).lost.any && rig_stats(&rig).lost.more);
    assert_int_equal(rig_stats(&rig).lost.count, 0);
    rig_fini(&rig);
}

static void words_say_how_many_and_which(void **state)
{
    struct buf text = {0};
    struct lost lost = {0};

    (void)state;
    lost_add(&lost, 5, 16);
    lost_print(&lost, &text);
    assert_true(str_eq(buf_str(&text), STR("12 changes are lost, seq 5 to 16")));
    lost_join(&lost, &(struct lost){true, true, 1, 20, 20});
    text.len = 0;
    lost_print(&lost, &text);
    assert_true(str_eq(buf_str(&text), STR("at least 13 changes are lost, seq 5 to 20")));
    lost_join(&lost, &(struct lost){true, false, 3, 7, 9}); /* known already */
    assert_int_equal(lost.count, 13);
    buf_fini(&text);
}

/* ── what is in memory only ─────────────────────────────────────────────────*/

static void changes_in_memory_only_are_counted_and_tried_once_more(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 8);
    rig_open(&rig);
    register_some(&rig, 1, 4);
    assert_int_equal(rig_stats(&rig).memory_changes, 0);
    disk_sim_fail(rig.sim, DISK_OP_CHANGES, 0, UINT32_MAX, 28);
    assert_int_equal(rig_register(&rig, 5), ERR_IO);
    assert_int_equal(rig_set(&rig, 6, 3), ERR_IO);
    assert_int_equal(rig_stats(&rig).memory_changes, 4);
    assert_false(storage_last_try(rig.storage, rig.registry, rig.clock.at.mono_ms));
    assert_int_equal(rig_stats(&rig).memory_changes, 4);
    disk_sim_fail(rig.sim, 0, 0, 0, 0);
    assert_true(storage_last_try(rig.storage, rig.registry, rig.clock.at.mono_ms));
    assert_int_equal(rig_stats(&rig).memory_changes, 0);
    rig_kill(&rig);
    rig_open(&rig);
    assert_int_equal(registry_slot_count(rig.registry), 8);
    rig_fini(&rig);
}

/* With journal_sync 1s what was written within the second is not on the disk yet. */
static void changes_that_wait_for_their_sync_are_counted_when_it_fails(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 9);
    rig.options.sync = STORAGE_SYNC_SECOND;
    rig_open(&rig);
    register_some(&rig, 1, 2);
    clock_virtual_advance(&rig.clock, 1000);
    rig_step_all(&rig);
    register_some(&rig, 3, 5);
    disk_sim_fail(rig.sim, DISK_OP_CHANGES, 0, UINT32_MAX, 5);
    clock_virtual_advance(&rig.clock, 1000);
    rig_step_all(&rig);
    assert_false(rig_stats(&rig).ok);
    assert_int_equal(rig_stats(&rig).memory_changes, 3);
    rig_fini(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_behind_the_damage_is_counted),
        cmocka_unit_test(damage_in_an_older_file_ends_where_the_next_begins),
        cmocka_unit_test(a_missing_file_is_counted),
        cmocka_unit_test(of_the_last_record_is_said_that_there_may_be_more),
        cmocka_unit_test(nothing_is_lost_where_another_file_holds_it),
        cmocka_unit_test(a_start_that_is_cut_short_loses_no_word_of_it),
        cmocka_unit_test(a_note_that_is_damaged_itself_is_not_taken_for_none),
        cmocka_unit_test(words_say_how_many_and_which),
        cmocka_unit_test(changes_in_memory_only_are_counted_and_tried_once_more),
        cmocka_unit_test(changes_that_wait_for_their_sync_are_counted_when_it_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
