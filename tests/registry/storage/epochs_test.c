/* When an epoch goes on, and when another begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/registry/storage/storage_rig.h"

static void an_empty_directory_begins_an_epoch_and_every_directory_another(void **state)
{
    struct rig a;
    struct rig b;

    (void)state;
    rig_init(&a, 1);
    rig_init(&b, 2);
    rig_open(&a);
    rig_open(&b);
    assert_true(rig_position(&a).epoch != 0);
    assert_true(rig_position(&a).epoch != rig_position(&b).epoch);
    assert_int_equal(rig_position(&a).seq, 0);
    rig_fini(&a);
    rig_fini(&b);
}

/* How a run ends, and whether its epoch goes on in the next. */
static void epoch_case(enum storage_sync sync, bool orderly, bool machine_down,
                       enum disk_sim_keep keep, bool goes_on)
{
    struct rig rig;
    uint64_t epoch;

    rig_init(&rig, 3);
    rig.options.sync = sync;
    rig_open(&rig);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(rig_register(&rig, i), ERR_OK);
    }
    epoch = rig_position(&rig).epoch;
    if (orderly) {
        rig_close(&rig);
    }
    if (machine_down) {
        rig_power_cut(&rig, keep, 0);
    } else {
        rig_kill(&rig);
    }
    rig_open(&rig);
    assert_int_equal(rig_position(&rig).epoch == epoch, goes_on);
    assert_int_equal(rig.restored.damage_count, 0);
    rig_fini(&rig);
}

static void an_epoch_goes_on_when_every_published_change_was_synced(void **state)
{
    (void)state;
    epoch_case(STORAGE_SYNC_ALWAYS, true, true, DISK_KEEP_NOTHING, true);
    epoch_case(STORAGE_SYNC_ALWAYS, false, true, DISK_KEEP_NOTHING, true);
    epoch_case(STORAGE_SYNC_ALWAYS, false, false, DISK_KEEP_ALL, true);
}

static void an_epoch_ends_when_the_machine_went_down_with_changes_unsynced(void **state)
{
    (void)state;
    epoch_case(STORAGE_SYNC_SECOND, false, true, DISK_KEEP_NOTHING, false);
    epoch_case(STORAGE_SYNC_SECOND, false, true, DISK_KEEP_ALL, false);
    epoch_case(STORAGE_SYNC_NEVER, false, true, DISK_KEEP_NOTHING, false);
}

static void an_epoch_goes_on_after_an_orderly_close_or_on_the_same_machine_run(void **state)
{
    (void)state;
    epoch_case(STORAGE_SYNC_SECOND, true, true, DISK_KEEP_NOTHING, true);
    epoch_case(STORAGE_SYNC_NEVER, true, true, DISK_KEEP_NOTHING, true);
    epoch_case(STORAGE_SYNC_SECOND, false, false, DISK_KEEP_ALL, true);
    epoch_case(STORAGE_SYNC_NEVER, false, false, DISK_KEEP_ALL, true);
}

static void turning_sync_on_does_not_hide_that_the_last_run_was_without(void **state)
{
    struct rig rig;
    uint64_t epoch;

    (void)state;
    rig_init(&rig, 4);
    rig.options.sync = STORAGE_SYNC_NEVER;
    rig_open(&rig);
    assert_int_equal(rig_register(&rig, 1), ERR_OK);
    epoch = rig_position(&rig).epoch;
    rig_power_cut(&rig, DISK_KEEP_NOTHING, 0);
    rig.options.sync = STORAGE_SYNC_ALWAYS;
    rig_open(&rig);
    assert_true(rig_position(&rig).epoch != epoch);
    rig_fini(&rig);
}

static void history_ends_where_the_epoch_began(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 14);
    rig.options.sync = STORAGE_SYNC_NEVER;
    rig_open(&rig);
    assert_int_equal(rig_register(&rig, 1), ERR_OK);
    rig_power_cut(&rig, DISK_KEEP_ALL, 0);
    for (uint32_t run = 0; run < 2; run++) {
        rig_open(&rig);
        assert_int_equal(rig_position(&rig).seq, 1 + run);
        assert_int_equal(rig_register(&rig, 2), ERR_OK);
        assert_int_equal(rig_history(&rig, 0, 1000), ERR_STALE);
        assert_int_equal(rig_history(&rig, 1, 1000), 1 + run);
        assert_int_equal(rig_stats(&rig).history_seq, 1);
        rig_kill(&rig);
    }
    rig_fini(&rig);
}

/* Back to an older copy: what is published from here on has numbers that were given already. */
static void a_copy_begins_an_epoch_of_its_own(void **state)
{
    struct rig rig;
    struct buf copy = {0};
    uint64_t epoch;

    (void)state;
    rig_init(&rig, 15);
    rig_open(&rig);
    assert_int_equal(rig_register(&rig, 1), ERR_OK);
    assert_true(disk_sim_get(rig.sim, RIG_DIR "/journal-0000000000000001.log", &copy));
    assert_int_equal(rig_register(&rig, 2), ERR_OK);
    epoch = rig_position(&rig).epoch;
    rig_kill(&rig);
    disk_sim_put(rig.sim, RIG_DIR "/journal-0000000000000001.log", buf_str(&copy));
    for (uint32_t run = 0; run < 2; run++) {
        rig_open(&rig);
        assert_int_equal(rig_position(&rig).epoch == epoch, run);
        assert_int_equal(rig_position(&rig).seq, 1 + run);
        assert_int_equal(rig.restored.damage_count, 0);
        assert_int_equal(rig_history(&rig, 0, 1000), ERR_STALE);
        assert_int_equal(rig_register(&rig, 3), ERR_OK);
        epoch = rig_position(&rig).epoch; /* which goes on once the registry has written itself */
        rig_kill(&rig);
    }
    buf_fini(&copy);
    rig_fini(&rig);
}

static void a_missing_segment_is_damage(void **state)
{
    struct rig rig;
    struct disk *disk;
    uint64_t epoch = 0;

    (void)state;
    rig_init(&rig, 5);
    disk = disk_sim_disk(rig.sim);
    for (uint32_t run = 0; run < 3; run++) {
        rig_open(&rig);
        assert_int_equal(rig_register(&rig, run), ERR_OK);
        epoch = rig_position(&rig).epoch;
        rig_close(&rig);
    }
    assert_int_equal(disk->remove(disk, RIG_DIR "/journal-0000000000000002.log"), 0);
    rig_open(&rig);
    assert_int_equal(rig.restored.damage_count, 1);
    assert_true(rig_position(&rig).epoch != epoch);
    assert_int_equal(rig_position(&rig).seq, 4); /* above all that was ever given out */
    assert_int_equal(registry_slot_count(rig.registry), 2);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_directory_begins_an_epoch_and_every_directory_another),
        cmocka_unit_test(an_epoch_goes_on_when_every_published_change_was_synced),
        cmocka_unit_test(an_epoch_ends_when_the_machine_went_down_with_changes_unsynced),
        cmocka_unit_test(an_epoch_goes_on_after_an_orderly_close_or_on_the_same_machine_run),
        cmocka_unit_test(turning_sync_on_does_not_hide_that_the_last_run_was_without),
        cmocka_unit_test(history_ends_where_the_epoch_began),
        cmocka_unit_test(a_copy_begins_an_epoch_of_its_own),
        cmocka_unit_test(a_missing_segment_is_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
