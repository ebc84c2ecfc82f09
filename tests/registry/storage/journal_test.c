#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "actors/registry/storage/head.h"
#include "common/journal/record.h"
#include "tests/registry/storage/storage_rig.h"

static const char first_segment[] = RIG_DIR "/journal-0000000000000001.log";

static void every_change_comes_back_with_its_write_id(void **state)
{
    struct rig rig;
    struct storage_position before;
    uint64_t print;

    (void)state;
    rig_init(&rig, 1);
    rig_open(&rig);
    assert_false(rig.restored.restored);
    assert_int_equal(rig_register(&rig, 1), ERR_OK);
    assert_int_equal(rig_set(&rig, 1, 3), ERR_OK);
    rig_append(&rig, CHANGE_CANCEL, 2);
    rig_append(&rig, CHANGE_EVICT, 3);
    assert_int_equal(rig_commit(&rig), ERR_OK);
    before = rig_position(&rig);
    print = rig_fingerprint(rig.registry);
    rig_close(&rig);

    rig_open(&rig);
    assert_true(rig.restored.restored);
    assert_int_equal(rig.restored.damage_count, 0);
    assert_true(rig_position(&rig).epoch == before.epoch);
    assert_int_equal(rig_position(&rig).seq, 6);
    assert_true(rig_fingerprint(rig.registry) == print);
    assert_int_equal(rig.loaded_count, 6);
    assert_int_equal(rig.loaded_number, 6);
    assert_true(rig.restored.highest_at == registry_highest_at(rig.registry));
    rig_fini(&rig);
}

static void a_kill_loses_nothing_and_keeps_the_epoch_in_every_mode(void **state)
{
    (void)state;
    for (int sync = STORAGE_SYNC_ALWAYS; sync <= STORAGE_SYNC_NEVER; sync++) {
        struct rig rig;
        uint64_t epoch;

        rig_init(&rig, 2);
        rig.options.sync = (enum storage_sync)sync;
        rig_open(&rig);
        for (uint32_t i = 0; i < 20; i++) {
            assert_int_equal(rig_register(&rig, i), ERR_OK);
        }
        epoch = rig_position(&rig).epoch;
        rig_kill(&rig);
        rig_open(&rig);
        assert_true(rig_position(&rig).epoch == epoch);
        assert_int_equal(rig_position(&rig).seq, 20);
        assert_int_equal(rig_state_since(&rig, 20), 20);
        rig_fini(&rig);
    }
}

static void one_write_and_one_sync_a_turn_and_none_without_changes(void **state)
{
    struct rig rig;
    uint64_t syncs;

    (void)state;
    rig_init(&rig, 3);
    rig_open(&rig);
    syncs = rig_stats(&rig).sync_count;
    for (uint32_t i = 0; i < 10; i++) {
        rig_append(&rig, CHANGE_REGISTER, i);
    }
    assert_int_equal(rig_commit(&rig), ERR_OK);
    assert_int_equal(rig_stats(&rig).sync_count, syncs + 1);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(rig_commit(&rig), ERR_OK);
        rig_step_all(&rig);
    }
    assert_int_equal(rig_stats(&rig).sync_count, syncs + 1);
    rig_fini(&rig);
}

static void mode_1s_syncs_once_a_second_also_when_it_has_become_quiet(void **state)
{
    struct rig rig;
    uint64_t syncs;

    (void)state;
    rig_init(&rig, 4);
    rig.options.sync = STORAGE_SYNC_SECOND;
    rig_open(&rig);
    syncs = rig_stats(&rig).sync_count;
    assert_int_equal(rig_register(&rig, 1), ERR_OK);
    rig_step_all(&rig);
    assert_int_equal(rig_stats(&rig).sync_count, syncs);
    clock_virtual_advance(&rig.clock, 1000);
    rig_step_all(&rig);
    assert_int_equal(rig_stats(&rig).sync_count, syncs + 1);
    clock_virtual_advance(&rig.clock, 1000);
    rig_step_all(&rig);
    assert_int_equal(rig_stats(&rig).sync_count, syncs + 1);
    rig_power_cut(&rig, DISK_KEEP_NOTHING, 0);
    rig_open(&rig);
    assert_int_equal(rig_state_since(&rig, 1), 1);
    rig_fini(&rig);
}

/* The last turn is written but the power goes before it is synced: of two
 * commands, one for several hosts, any number of bytes may be there. */
static void a_write_torn_at_any_byte_loses_only_what_was_not_synced(void **state)
{
    size_t bytes;
    unsigned in_doubt = 0; /* one byte is lacking, as if it had gone bad */
    bool whole = false;

    (void)state;
    for (bytes = 0; !whole; bytes++) {
        struct rig rig;
        struct storage_position synced;
        struct buf body = {0};
        uint64_t k;

        rig_init(&rig, 5);
        rig_open(&rig);
        assert_int_equal(rig_set(&rig, 1, 2), ERR_OK);
        synced = rig_position(&rig);
        rig_change(&rig, &body, CHANGE_SET, 1);
        rig_change(&rig, &body, CHANGE_SET, 2);
        assert_int_equal(storage_append(rig.storage, buf_str(&body), 3, 4), ERR_OK);
        buf_fini(&body);
        rig_append(&rig, CHANGE_CANCEL, 1);
        disk_sim_die_after(rig.sim, 1); /* the write, not the sync */
        assert_int_equal(rig_commit(&rig), ERR_IO);
        rig_power_cut(&rig, DISK_KEEP_TORN, bytes);
        rig_open(&rig);
        k = rig_state_since(&rig, 2);
        assert_true(k == 2 || k == 4 || k == 5);
        assert_true((rig_position(&rig).epoch == synced.epoch) == (rig.restored.damage_count == 0));
        if (rig.restored.damage_count > 0) {
            in_doubt++;
            rig_fini(&rig);
            continue;
        }
        assert_int_equal(rig_position(&rig).seq, k);
        whole = k == 5;
        /* what was cut stays away, and what follows stands */
        assert_int_equal(rig_register(&rig, 9), ERR_OK);
        rig_close(&rig);
        rig_open(&rig);
        assert_int_equal(rig_position(&rig).seq, k + 1);
        assert_int_equal(rig_state_since(&rig, k + 1), k + 1);
        rig_fini(&rig);
    }
    assert_true(bytes > 200);
    assert_true(in_doubt >= 2 && in_doubt <= 4); /* two commands; a zero need not be written */
}

static void three_frames(struct rig *rig)
{
    rig_init(rig, 6);
    rig->options.allocate_bytes = 512;
    rig_open(rig);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(rig_register(rig, i), ERR_OK);
    }
}

static void every_flipped_byte_is_found_and_what_stands_before_it_kept(void **state)
{
    struct rig rig;
    struct buf bytes = {0};
    size_t used;

    (void)state;
    three_frames(&rig);
    assert_true(disk_sim_get(rig.sim, first_segment, &bytes));
    for (used = bytes.len; bytes.data[used - 1] == 0; used--) {
    }
    rig_fini(&rig);
    for (size_t i = 0; i < 2 * used; i++) {
        static const unsigned char masks[] = {0x01, 0x80, 0xff};
        size_t at = i / 2;
        unsigned char held = (unsigned char)bytes.data[at];
        /* a zero in the last place is what a torn write leaves, too */
        unsigned char mask = i % 2 == 0 || held == 0 ? masks[at % 3] : held;
        struct storage_position before;
        char path[256];
        uint64_t k;

        three_frames(&rig);
        before = rig_position(&rig);
        rig_kill(&rig);
        assert_true(disk_sim_flip(rig.sim, first_segment, at, mask));
        rig_open(&rig);
        assert_int_equal(rig.restored.damage_count, 1);
        assert_true(rig_position(&rig).epoch != before.epoch);
        assert_true(rig_position(&rig).seq > rig_state_since(&rig, 0));
        k = rig_state_since(&rig, 0);
        assert_true(k < 3);
        assert_int_equal(rig_history(&rig, 0, 1000), ERR_STALE);
        assert_true(rig_file(&rig, "journal-0000000000000001", ".damaged", path));
        assert_true(rig_stats(&rig).ok);
        assert_true(rig_stats(&rig).snapshot_seq > 0);
        /* the next start finds the valid part, and nothing wrong */
        before = rig_position(&rig);
        rig_kill(&rig);
        rig_open(&rig);
        assert_int_equal(rig.restored.damage_count, 0);
        assert_true(rig_position(&rig).epoch == before.epoch);
        assert_int_equal(rig_position(&rig).seq, before.seq);
        assert_int_equal(rig_state_since(&rig, 0), k);
        rig_fini(&rig);
    }
    buf_fini(&bytes);
}

static void something_far_behind_the_end_is_damage(void **state)
{
    struct rig rig;
    struct buf bytes = {0};
    enum { far = 1024 * 1024 };

    (void)state;
    three_frames(&rig);
    rig_kill(&rig);
    assert_true(disk_sim_get(rig.sim, first_segment, &bytes));
    memset(buf_reserve(&bytes, far), 0, far);
    bytes.len += far;
    disk_sim_put(rig.sim, first_segment, buf_str(&bytes));
    rig_open(&rig);
    assert_int_equal(rig.restored.damage_count, 0);
    rig_fini(&rig);

    three_frames(&rig);
    rig_kill(&rig);
    bytes.data[bytes.len - 1] = 1;
    disk_sim_put(rig.sim, first_segment, buf_str(&bytes));
    rig_open(&rig);
    assert_int_equal(rig.restored.damage_count, 1);
    assert_int_equal(rig_state_since(&rig, 3), 3);
    buf_fini(&bytes);
    rig_fini(&rig);
}

static void history_is_served_across_segments_in_bounded_pieces(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 7);
    rig_open(&rig);
    for (uint32_t run = 0; run < 4; run++) {
        for (uint32_t i = 0; i < 300; i++) {
            rig_append(&rig, i % 7 == 0 ? CHANGE_CANCEL : CHANGE_REGISTER, i);
        }
        assert_int_equal(rig_commit(&rig), ERR_OK);
        assert_int_equal(rig_set(&rig, 0, 100), ERR_OK);
        rig_close(&rig);
        rig_open(&rig);
    }
    rig_append(&rig, CHANGE_REGISTER, 1);
    assert_int_equal(rig_history(&rig, 0, 1), 1600); /* not what is not committed */
    assert_int_equal(rig_commit(&rig), ERR_OK);
    assert_int_equal(rig_history(&rig, 0, 1), 1601);
    assert_int_equal(rig_history(&rig, 0, 5000), 1601);
    assert_int_equal(rig_history(&rig, 0, 1000000), 1601);
    for (uint64_t after = 0; after <= 1601; after += 37) {
        assert_int_equal(rig_history(&rig, after, 100000), 1601 - after);
    }
    assert_int_equal(rig_history(&rig, 1601, 1000), 0);
    assert_int_equal(rig_history(&rig, 1602, 1000), ERR_STALE);
    rig_fini(&rig);
}

static void what_rots_under_a_running_registry_is_not_served(void **state)
{
    struct rig rig;

    (void)state;
    three_frames(&rig);
    assert_int_equal(rig_history(&rig, 0, 1), 3);
    assert_true(disk_sim_flip(rig.sim, first_segment, 100, 4));
    assert_int_equal(rig_history(&rig, 0, 1), ERR_STALE);
    rig_fini(&rig);
}

static void a_file_of_a_newer_format_is_refused_and_not_touched(void **state)
{
    struct rig rig;
    struct buf file = {0};
    struct buf after = {0};
    struct msg head = {.type = MSG_TYPE_HEAD,
                       .as_head = {.format = head_format + 1, .epoch = 1, .seq = 0}};

    (void)state;
    rig_init(&rig, 8);
    (void)record_begin(&file);
    msg_encode(&file, &head);
    record_end(&file, 0);
    disk_sim_put(rig.sim, first_segment, buf_str(&file));
    assert_int_equal(rig_try_open(&rig), ERR_UNSUPPORTED);
    assert_int_equal(rig_file_count(&rig, "", ""), 1);
    assert_true(disk_sim_get(rig.sim, first_segment, &after));
    assert_true(str_eq(buf_str(&file), buf_str(&after)));
    buf_fini(&file);
    buf_fini(&after);
    rig_fini(&rig);
}

static void a_command_larger_than_a_frame_is_kept_in_pieces(void **state)
{
    struct rig rig;
    uint64_t print;

    (void)state;
    rig_init(&rig, 10);
    rig.forgetful = true;
    rig.options.allocate_bytes = 1u << 20;
    rig_open(&rig);
    assert_int_equal(rig_set(&rig, 0, 100000), ERR_OK);
    assert_true(rig_stats(&rig).journal_bytes > frame_max);
    assert_int_equal(rig_register(&rig, 1), ERR_OK);
    assert_int_equal(rig_history(&rig, 99000, 100000), 1001);
    print = rig_fingerprint(rig.registry);
    rig_kill(&rig);
    rig_open(&rig);
    assert_int_equal(rig_position(&rig).seq, 100001);
    assert_true(rig_fingerprint(rig.registry) == print);
    rig_fini(&rig);
}

static void a_disk_that_cannot_preallocate_is_fine(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 9);
    disk_sim_fail(rig.sim, DISK_OP_ALLOCATE, 0, UINT32_MAX, 95 /* EOPNOTSUPP */);
    rig_open(&rig);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(rig_register(&rig, i), ERR_OK);
    }
    rig_power_cut(&rig, DISK_KEEP_NOTHING, 0);
    rig_open(&rig);
    assert_int_equal(rig_state_since(&rig, 100), 100);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_comes_back_with_its_write_id),
        cmocka_unit_test(a_kill_loses_nothing_and_keeps_the_epoch_in_every_mode),
        cmocka_unit_test(one_write_and_one_sync_a_turn_and_none_without_changes),
        cmocka_unit_test(mode_1s_syncs_once_a_second_also_when_it_has_become_quiet),
        cmocka_unit_test(a_write_torn_at_any_byte_loses_only_what_was_not_synced),
        cmocka_unit_test(every_flipped_byte_is_found_and_what_stands_before_it_kept),
        cmocka_unit_test(something_far_behind_the_end_is_damage),
        cmocka_unit_test(history_is_served_across_segments_in_bounded_pieces),
        cmocka_unit_test(what_rots_under_a_running_registry_is_not_served),
        cmocka_unit_test(a_file_of_a_newer_format_is_refused_and_not_touched),
        cmocka_unit_test(a_command_larger_than_a_frame_is_kept_in_pieces),
        cmocka_unit_test(a_disk_that_cannot_preallocate_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
