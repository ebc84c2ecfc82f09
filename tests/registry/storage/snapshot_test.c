#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "actors/registry/storage/snapshot.h"
#include "common/journal/record.h"
#include "tests/registry/storage/storage_rig.h"

/* A snapshot begins behind every 3 KB of journal, and old files go at once. */
static void rig_init_small(struct rig *rig, uint64_t seed)
{
    rig_init(rig, seed);
    rig->options.snapshot_bytes = 3000;
    rig->options.keep_ms = 1;
}

static void fill(struct rig *rig, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(rig_register(rig, i), ERR_OK);
    }
    for (uint32_t i = 0; i < count; i += 3) {
        rig_append(rig, i % 2 == 0 ? CHANGE_CANCEL : CHANGE_EVICT, i);
    }
    assert_int_equal(rig_commit(rig), ERR_OK);
}

static void a_snapshot_replaces_the_segments_before_it(void **state)
{
    struct rig rig;
    uint64_t print;
    uint64_t epoch;

    (void)state;
    rig_init_small(&rig, 1);
    rig_open(&rig);
    fill(&rig, 200);
    rig_step_all(&rig);
    assert_int_equal(rig_stats(&rig).snapshot_seq, 267);
    clock_virtual_advance(&rig.clock, 5);
    rig_step_all(&rig);
    assert_int_equal(rig_file_count(&rig, "journal-", ""), 1);
    assert_int_equal(rig_file_count(&rig, "snapshot-", ""), 1);
    assert_int_equal(rig_stats(&rig).history_seq, 267);
    assert_int_equal(rig_history(&rig, 266, 100), ERR_STALE);
    assert_int_equal(rig_register(&rig, 1000), ERR_OK);
    print = rig_fingerprint(rig.registry);
    epoch = rig_position(&rig).epoch;
    rig_power_cut(&rig, DISK_KEEP_NOTHING, 0);

    rig_open(&rig);
    assert_int_equal(rig.restored.damage_count, 0);
    assert_true(rig_fingerprint(rig.registry) == print);
    assert_true(rig_position(&rig).epoch == epoch);
    assert_int_equal(rig_position(&rig).seq, 268);
    assert_true(rig.loaded_age_ms >= 1000);
    assert_true(rig.restored.highest_at == 1700000000000000267);
    rig_fini(&rig);
}

static void it_is_written_in_slices_while_the_registry_goes_on(void **state)
{
    struct rig rig;
    uint32_t slices = 0;
    uint64_t print;

    (void)state;
    rig_init_small(&rig, 2);
    rig.forgetful = true;
    rig_open(&rig);
    for (uint32_t i = 0; i < 90; i++) {
        assert_int_equal(rig_set(&rig, i * 100, 100), ERR_OK);
    }
    while (rig_stats(&rig).snapshot_seq == 0) {
        /* behind the slice and before it, made and gone */
        assert_int_equal(rig_register(&rig, slices), ERR_OK);
        rig_append(&rig, CHANGE_EVICT, 8999 - slices);
        rig_append(&rig, CHANGE_CANCEL, 10 + slices);
        rig_append(&rig, CHANGE_REGISTER, 20000 + slices);
        assert_int_equal(rig_commit(&rig), ERR_OK);
        (void)storage_step(rig.storage, rig.registry, rig.clock.at.mono_ms);
        slices++;
    }
    assert_true(slices >= 5);
    print = rig_fingerprint(rig.registry);
    rig_power_cut(&rig, DISK_KEEP_NOTHING, 0);
    rig_open(&rig);
    assert_int_equal(rig.restored.damage_count, 0);
    assert_true(rig_fingerprint(rig.registry) == print);
    rig_fini(&rig);
}

/* Not that of the last change, however long ago it was: a start reckons from it. */
static void a_tombstone_has_the_time_at_which_its_age_was_taken(void **state)
{
    struct rig rig;
    int64_t taken_at;

    (void)state;
    rig_init_small(&rig, 3);
    rig_open(&rig);
    fill(&rig, 60);
    clock_virtual_advance(&rig.clock, 3600000);
    taken_at = rig.clock.at.wall_ns;
    rig_step_all(&rig);
    assert_int_equal(rig_stats(&rig).snapshot_seq, 80);
    clock_virtual_advance(&rig.clock, 1000);
    rig_kill(&rig);
    rig_open(&rig);
    assert_true(rig.loaded_age_ms >= 1000);
    assert_int_equal(rig.aged_at, taken_at);
    rig_fini(&rig);
}

static void write_ids_outlive_a_snapshot_for_a_while(void **state)
{
    struct rig rig;

    (void)state;
    rig_init_small(&rig, 3);
    rig.options.keep_ms = 60000;
    rig_open(&rig);
    fill(&rig, 60);
    rig_step_all(&rig);
    assert_int_equal(rig_stats(&rig).snapshot_seq, 80);
    rig_kill(&rig);
    rig_open(&rig);
    assert_int_equal(rig.loaded_number, 80);
    assert_int_equal(rig_history(&rig, 0, 1000), 80);
    assert_int_equal(rig_state_since(&rig, 80), 80);
    clock_virtual_advance(&rig.clock, 60000);
    rig_step_all(&rig);
    assert_int_equal(rig_history(&rig, 0, 1000), ERR_STALE);
    rig_kill(&rig);
    rig_open(&rig);
    assert_int_equal(rig.loaded_number, 0);
    assert_int_equal(rig_state_since(&rig, 80), 80);
    rig_fini(&rig);
}

/* One snapshot after the other, faster than old files go. */
static void snapshot_again_and_again(struct rig *rig, int count, int64_t apart_ms)
{
    for (int i = 0; i < count; i++) {
        uint64_t before = rig_stats(rig).snapshot_seq;

        for (int fills = 0; rig_stats(rig).snapshot_seq == before; fills++) {
            assert_true(fills < 10);
            fill(rig, 20);
            rig_step_all(rig);
        }
        clock_virtual_advance(&rig->clock, apart_ms);
        rig_step_all(rig);
    }
}

static void old_files_go_in_their_time_however_often_a_snapshot_is_made(void **state)
{
    struct rig rig;

    (void)state;
    rig_init_small(&rig, 3);
    rig.options.keep_ms = 500;
    rig_open(&rig);
    snapshot_again_and_again(&rig, 40, 250);
    assert_in_range(rig_file_count(&rig, "journal-", ""), 2, 4);
    assert_int_equal(rig_file_count(&rig, "snapshot-", ""), 2);
    clock_virtual_advance(&rig.clock, 500);
    rig_step_all(&rig);
    assert_int_equal(rig_file_count(&rig, "journal-", ""), 1);
    assert_int_equal(rig_file_count(&rig, "snapshot-", ""), 1);
    rig_fini(&rig);
}

static void many_old_segments_go_after_a_quarter_of_their_time(void **state)
{
    struct rig rig;

    (void)state;
    rig_init_small(&rig, 3);
    rig.options.keep_ms = 60000;
    rig_open(&rig);
    snapshot_again_and_again(&rig, 20, 100);
    assert_int_equal(rig_file_count(&rig, "journal-", ""), 21);
    clock_virtual_advance(&rig.clock, 15000);
    rig_step_all(&rig);
    assert_in_range(rig_file_count(&rig, "journal-", ""), 2, 5);
    rig_fini(&rig);
}

static void what_a_start_need_not_read_goes_at_once(void **state)
{
    struct rig rig;

    (void)state;
    rig_init_small(&rig, 3);
    rig.options.keep_ms = 60000;
    rig.options.writes_from = INT64_MAX;
    rig_open(&rig);
    for (int i = 0; i < 10; i++) {
        snapshot_again_and_again(&rig, 3, 0);
        rig_kill(&rig);
        rig_open(&rig);
        rig_step_all(&rig);
        assert_int_equal(rig_file_count(&rig, "journal-", ""), 1);
        assert_int_equal(rig_file_count(&rig, "snapshot-", ""), 2);
    }
    rig_fini(&rig);
}

/* Of a file without a head nothing is known but its name: the other files stay what they are. */
static void what_is_covered_goes_also_without_a_head(void **state)
{
    struct rig rig;
    char path[256];
    uint64_t print;

    (void)state;
    rig_init_small(&rig, 3);
    rig.options.keep_ms = 60000;
    rig_open(&rig);
    snapshot_again_and_again(&rig, 1, 0);
    (void)snprintf(path, sizeof(path), "%s/journal-%016llx.log", RIG_DIR,
                   (unsigned long long)rig_stats(&rig).snapshot_seq + 1);
    snapshot_again_and_again(&rig, 2, 0);
    print = rig_fingerprint(rig.registry);
    rig_kill(&rig);
    assert_true(disk_sim_flip(rig.sim, path, 20, 0x10));

    rig_open(&rig);
    assert_int_equal(rig.restored.damage_count, 0);
    assert_true(rig_fingerprint(rig.registry) == print);
    clock_virtual_advance(&rig.clock, 60000);
    rig_step_all(&rig);
    assert_int_equal(rig_file_count(&rig, "journal-", ""), 1);
    rig_kill(&rig);
    rig_open(&rig);
    assert_true(rig_fingerprint(rig.registry) == print);
    rig_fini(&rig);
}

static void the_age_of_an_entry_and_its_heartbeat_are_carried(void **state)
{
    struct rig rig;
    struct instance instance;

    (void)state;
    rig_init_small(&rig, 4);
    rig.options.snapshot_bytes = 1;
    rig_open(&rig);
    assert_int_equal(rig_register(&rig, 0), ERR_OK);
    registry_renew(rig.registry, 0, 1700000000000009999);
    rig_step_all(&rig);
    clock_virtual_advance(&rig.clock, 100);
    rig_step_all(&rig);
    rig_kill(&rig);
    rig_open(&rig);
    assert_int_equal(rig.loaded_count, 1);
    assert_int_equal(rig.loaded_age_ms, 1000);
    registry_instance(rig.registry, 0, &instance);
    assert_true(instance.renew_timestamp == 1700000000000009999);
    rig_fini(&rig);
}

/* With one snapshot file and the segment behind it. */
static void snapshot_rig(struct rig *rig, char path[256])
{
    rig_init_small(rig, 5);
    rig->options.snapshot_bytes = 600;
    rig_open(rig);
    fill(rig, 9);
    rig_step_all(rig);
    clock_virtual_advance(&rig->clock, 5);
    rig_step_all(rig);
    assert_true(rig_file(rig, "snapshot-", ".dat", path));
    assert_int_equal(rig_register(rig, 100), ERR_OK);
    rig->options.snapshot_bytes = 1000000;
    rig_kill(rig);
}

static void every_flipped_byte_of_a_snapshot_is_found(void **state)
{
    struct rig rig;
    struct buf bytes = {0};
    char path[256];

    (void)state;
    snapshot_rig(&rig, path);
    assert_true(disk_sim_get(rig.sim, path, &bytes));
    rig_fini(&rig);
    for (size_t at = 0; at < bytes.len; at++) {
        uint64_t print;

        snapshot_rig(&rig, path);
        assert_true(disk_sim_flip(rig.sim, path, at, 0x10));
        rig_open(&rig);
        assert_true(rig.restored.damage_count > 0);
        assert_true(registry_highest_at(rig.registry) > 0); /* the segment was read all the same */
        assert_true(rig_file(&rig, "snapshot-", ".damaged", path));
        print = rig_fingerprint(rig.registry);
        rig_kill(&rig);
        rig_open(&rig);
        assert_int_equal(rig.restored.damage_count, 0);
        assert_true(rig_fingerprint(rig.registry) == print);
        rig_fini(&rig);
    }
    buf_fini(&bytes);
}

static void a_snapshot_cut_short_anywhere_is_not_taken_for_a_small_registry(void **state)
{
    struct rig rig;
    struct buf bytes = {0};
    char path[256];

    (void)state;
    snapshot_rig(&rig, path);
    assert_true(disk_sim_get(rig.sim, path, &bytes));
    for (size_t len = 0; len < bytes.len; len++) {
        struct registry *registry = registry_new();
        struct volume volume = {
            .disk = disk_sim_disk(rig.sim), .clock = &rig.clock.clock, .dir = (char[]){RIG_DIR}};
        struct snapshot_loaded loaded;

        disk_sim_put(rig.sim, path, (struct str){bytes.data, len});
        (void)snapshot_load(&volume, 12, &(struct snapshot_sink){.registry = registry}, &loaded);
        assert_false(loaded.whole);
        assert_non_null(loaded.why);
        assert_true(loaded.bytes <= len);
        registry_destroy(&registry);
    }
    buf_fini(&bytes);
    rig_fini(&rig);
}

static void an_older_snapshot_helps_when_the_newest_is_damaged(void **state)
{
    struct rig rig;
    char path[256];
    uint64_t epoch;

    (void)state;
    rig_init_small(&rig, 6);
    rig.options.keep_ms = 60000;
    rig_open(&rig);
    fill(&rig, 60);
    rig_step_all(&rig);
    assert_int_equal(rig_file_count(&rig, "snapshot-", ".dat"), 1);
    for (uint32_t i = 0; rig_file_count(&rig, "snapshot-", ".dat") == 1; i++) {
        assert_int_equal(rig_register(&rig, 300 + i), ERR_OK);
        rig_append(&rig, CHANGE_EVICT, i);
        assert_int_equal(rig_commit(&rig), ERR_OK);
        rig_step_all(&rig);
    }
    epoch = rig_position(&rig).epoch;
    rig_kill(&rig);
    (void)snprintf(path, sizeof(path), "%s/snapshot-%016llx.dat", RIG_DIR,
                   (unsigned long long)rig.seq);
    assert_true(disk_sim_flip(rig.sim, path, 300, 1));
    rig_open(&rig);
    assert_int_equal(rig.restored.damage_count, 1);
    assert_true(rig_position(&rig).epoch != epoch);
    assert_true(rig_state_since(&rig, 80) + 1 == rig_position(&rig).seq);
    rig_fini(&rig);
}

static void a_snapshot_that_cannot_be_written_is_put_off_while_the_journal_goes_on(void **state)
{
    struct rig rig;
    uint64_t epoch;

    (void)state;
    rig_init_small(&rig, 7);
    rig_open(&rig);
    epoch = rig_position(&rig).epoch;
    fill(&rig, 60);
    disk_sim_fail(rig.sim, DISK_OP_CREATE, 0, UINT32_MAX, 28 /* ENOSPC */);
    rig_step_all(&rig);
    assert_int_equal(rig_stats(&rig).snapshot_seq, 0);
    assert_true(rig_stats(&rig).ok);
    assert_int_equal(rig_register(&rig, 500), ERR_OK);
    disk_sim_fail(rig.sim, DISK_OP_CREATE, 0, 0, 28);
    rig_step_all(&rig);
    assert_int_equal(rig_stats(&rig).snapshot_seq, 0);
    clock_virtual_advance(&rig.clock, 10000);
    rig_step_all(&rig);
    assert_int_equal(rig_stats(&rig).snapshot_seq, 81);
    assert_true(rig_position(&rig).epoch == epoch);
    assert_int_equal(rig_file_count(&rig, "", ".tmp"), 0);
    rig_fini(&rig);
}

/* Without its segment synced up to FOOT it would hold later changes without earlier ones. */
static void it_takes_its_name_only_when_its_segment_is_synced_in_every_mode(void **state)
{
    (void)state;
    for (int sync = STORAGE_SYNC_ALWAYS; sync <= STORAGE_SYNC_NEVER; sync++) {
        struct rig rig;
        uint64_t print;

        rig_init_small(&rig, 8);
        rig.forgetful = true;
        rig.options.sync = (enum storage_sync)sync;
        rig_open(&rig);
        assert_int_equal(rig_set(&rig, 0, 5000), ERR_OK);
        for (uint32_t i = 0; rig_stats(&rig).snapshot_seq == 0; i++) {
            assert_int_equal(rig_register(&rig, 4999 - i), ERR_OK);
            (void)storage_step(rig.storage, rig.registry, rig.clock.at.mono_ms);
        }
        assert_true(rig_stats(&rig).snapshot_seq < rig.seq);
        print = rig_fingerprint(rig.registry);
        rig_power_cut(&rig, DISK_KEEP_NOTHING, 0);
        rig_open(&rig);
        assert_int_equal(rig.restored.damage_count, 0);
        assert_true(rig_fingerprint(rig.registry) == print);
        rig_fini(&rig);
    }
}

static void a_snapshot_without_the_changes_made_during_it_is_damage(void **state)
{
    struct rig rig;
    struct buf segment = {0};
    struct str rest;
    struct str body;
    char path[256];

    (void)state;
    rig_init_small(&rig, 9);
    rig.forgetful = true;
    rig_open(&rig);
    assert_int_equal(rig_set(&rig, 0, 5000), ERR_OK);
    for (uint32_t i = 0; rig_stats(&rig).snapshot_seq == 0; i++) {
        assert_int_equal(rig_register(&rig, 4999 - i), ERR_OK);
        (void)storage_step(rig.storage, rig.registry, rig.clock.at.mono_ms);
    }
    (void)snprintf(path, sizeof(path), "%s/journal-%016llx.log", RIG_DIR,
                   (unsigned long long)rig_stats(&rig).snapshot_seq + 1);
    rig_kill(&rig);
    assert_true(disk_sim_get(rig.sim, path, &segment));
    rest = buf_str(&segment);
    assert_int_equal(record_next(&rest, &body), RECORD_OK);
    disk_sim_put(rig.sim, path, (struct str){segment.data, segment.len - rest.len});
    rig_open(&rig);
    assert_int_equal(rig.restored.damage_count, 1);
    buf_fini(&segment);
    rig_fini(&rig);
}

static void a_snapshot_that_lacks_a_frame_in_the_middle_is_damaged(void **state)
{
    struct rig rig;
    struct buf bytes = {0};
    struct buf less = {0};
    struct str rest;
    struct str body;
    char path[256];

    (void)state;
    snapshot_rig(&rig, path);
    assert_true(disk_sim_get(rig.sim, path, &bytes));
    rest = buf_str(&bytes);
    assert_int_equal(record_next(&rest, &body), RECORD_OK);
    buf_add(&less, bytes.data, bytes.len - rest.len);
    assert_int_equal(record_next(&rest, &body), RECORD_OK);
    buf_add_str(&less, rest);
    disk_sim_put(rig.sim, path, buf_str(&less));
    rig_open(&rig);
    assert_int_equal(rig.restored.damage_count, 2); /* and its segment follows nothing */
    assert_true(rig_file(&rig, "snapshot-", ".damaged", path));
    buf_fini(&bytes);
    buf_fini(&less);
    rig_fini(&rig);
}

/* Of entries that are gone nothing else remembers it; the clock is set back here. */
static void the_highest_time_ever_taken_is_handed_on_from_file_to_file(void **state)
{
    struct rig rig;

    (void)state;
    rig_init_small(&rig, 10);
    rig.options.snapshot_bytes = 150;
    rig_open(&rig);
    for (int run = 0; run < 4; run++) {
        assert_int_equal(rig_register(&rig, 1), ERR_OK);
        rig_append(&rig, CHANGE_EVICT, 1);
        assert_int_equal(rig_commit(&rig), ERR_OK);
        rig_step_all(&rig);
        assert_int_equal(rig_stats(&rig).snapshot_seq, rig.seq);
        clock_virtual_advance(&rig.clock, 5);
        rig_step_all(&rig);
        assert_int_equal(rig_file_count(&rig, "journal-", ""), 1);
        rig_kill(&rig);
        rig.at_shift = -1000;
        rig_open(&rig);
        assert_int_equal(rig.restored.damage_count, 0);
        assert_true(rig.restored.highest_at == 1700000000000000001);
    }
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_replaces_the_segments_before_it),
        cmocka_unit_test(it_is_written_in_slices_while_the_registry_goes_on),
        cmocka_unit_test(a_tombstone_has_the_time_at_which_its_age_was_taken),
        cmocka_unit_test(write_ids_outlive_a_snapshot_for_a_while),
        cmocka_unit_test(old_files_go_in_their_time_however_often_a_snapshot_is_made),
        cmocka_unit_test(many_old_segments_go_after_a_quarter_of_their_time),
        cmocka_unit_test(what_a_start_need_not_read_goes_at_once),
        cmocka_unit_test(what_is_covered_goes_also_without_a_head),
        cmocka_unit_test(the_age_of_an_entry_and_its_heartbeat_are_carried),
        cmocka_unit_test(every_flipped_byte_of_a_snapshot_is_found),
        cmocka_unit_test(a_snapshot_cut_short_anywhere_is_not_taken_for_a_small_registry),
        cmocka_unit_test(an_older_snapshot_helps_when_the_newest_is_damaged),
        cmocka_unit_test(a_snapshot_that_cannot_be_written_is_put_off_while_the_journal_goes_on),
        cmocka_unit_test(it_takes_its_name_only_when_its_segment_is_synced_in_every_mode),
        cmocka_unit_test(a_snapshot_without_the_changes_made_during_it_is_damage),
        cmocka_unit_test(a_snapshot_that_lacks_a_frame_in_the_middle_is_damaged),
        cmocka_unit_test(the_highest_time_ever_taken_is_handed_on_from_file_to_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
