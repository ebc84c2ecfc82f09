/* Disks that fail and heal, and machines that stop at any operation. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/registry/storage/storage_rig.h"

/* ── failing and healing ────────────────────────────────────────────────────*/

static void fails_goes_on_in_memory_and_heals(unsigned op, int error)
{
    struct rig rig;
    struct storage_position before;
    struct storage_position after;
    uint64_t print;

    rig_init(&rig, 6);
    rig_open(&rig);
    assert_int_equal(rig_register(&rig, 1), ERR_OK);
    before = rig_position(&rig);
    disk_sim_fail(rig.sim, op, 0, UINT32_MAX, error);
    assert_int_equal(rig_register(&rig, 2), ERR_IO);
    assert_false(rig_stats(&rig).ok);
    assert_non_null(strstr(rig_stats(&rig).reason, "journal-0000000000000001.log"));
    assert_non_null(strstr(rig_stats(&rig).reason, strerror(error)));
    after = rig_position(&rig);
    assert_true(after.epoch != before.epoch);
    assert_int_equal(after.seq, 2);
    assert_int_equal(rig_history(&rig, 1, 1000), ERR_STALE);

    assert_int_equal(rig_register(&rig, 3), ERR_IO);
    assert_int_equal(rig_position(&rig).seq, 3);
    for (int second = 0; second < 40; second++) { /* tries that fail are no new epochs */
        clock_virtual_advance(&rig.clock, 1000);
        rig_step_all(&rig);
    }
    assert_true(rig_position(&rig).epoch == after.epoch);
    assert_false(rig_stats(&rig).ok);

    disk_sim_fail(rig.sim, op, 0, 0, error);
    clock_virtual_advance(&rig.clock, 10000);
    rig_step_all(&rig);
    assert_true(rig_stats(&rig).ok);
    assert_int_equal(rig_register(&rig, 4), ERR_OK);
    assert_true(rig_position(&rig).epoch == after.epoch);
    assert_int_equal(rig_history(&rig, 3, 1000), 1);
    assert_int_equal(rig_history(&rig, 2, 1000), ERR_STALE);
    print = rig_fingerprint(rig.registry);
    rig_power_cut(&rig, DISK_KEEP_NOTHING, 0);
    rig_open(&rig);
    assert_int_equal(rig.restored.damage_count, 0);
    assert_true(rig_position(&rig).epoch == after.epoch);
    assert_int_equal(rig_position(&rig).seq, 4);
    assert_true(rig_fingerprint(rig.registry) == print);
    rig_fini(&rig);
}

static void a_full_disk_fails_the_journal_and_a_retry_heals_it(void **state)
{
    (void)state;
    fails_goes_on_in_memory_and_heals(DISK_OP_WRITE, ENOSPC);
}

static void a_disk_that_errs_fails_the_journal_and_a_retry_heals_it(void **state)
{
    (void)state;
    fails_goes_on_in_memory_and_heals(DISK_OP_WRITE, EIO);
    fails_goes_on_in_memory_and_heals(DISK_OP_SYNC, EIO);
    fails_goes_on_in_memory_and_heals(DISK_OP_SYNC, ENOSPC);
}

static void a_segment_whose_sync_failed_is_never_written_again(void **state)
{
    struct rig rig;
    struct buf before = {0};
    struct buf after = {0};

    (void)state;
    rig_init(&rig, 7);
    rig_open(&rig);
    disk_sim_fail(rig.sim, DISK_OP_SYNC, 0, 1, EIO);
    assert_int_equal(rig_register(&rig, 1), ERR_IO);
    assert_true(disk_sim_get(rig.sim, RIG_DIR "/journal-0000000000000001.log", &before));
    for (uint32_t i = 2; i < 20; i++) {
        (void)rig_register(&rig, i);
        clock_virtual_advance(&rig.clock, 1000);
        rig_step_all(&rig);
    }
    assert_true(rig_stats(&rig).ok);
    if (disk_sim_get(rig.sim, RIG_DIR "/journal-0000000000000001.log", &after)) {
        assert_true(str_eq(buf_str(&before), buf_str(&after)));
    }
    buf_fini(&before);
    buf_fini(&after);
    rig_fini(&rig);
}

/* Killed before it healed: what it published in memory is gone, and its epoch too. */
static void a_failed_run_leaves_no_epoch_to_go_on_with(void **state)
{
    struct rig rig;
    uint64_t before;
    uint64_t after;

    (void)state;
    rig_init(&rig, 8);
    rig_open(&rig);
    assert_int_equal(rig_register(&rig, 1), ERR_OK);
    before = rig_position(&rig).epoch;
    disk_sim_fail(rig.sim, DISK_OP_SYNC, 0, 1, EIO);
    assert_int_equal(rig_register(&rig, 2), ERR_IO);
    after = rig_position(&rig).epoch;
    rig_kill(&rig);
    rig_open(&rig);
    assert_true(rig_position(&rig).epoch != before);
    assert_true(rig_position(&rig).epoch != after);
    assert_true(rig_stats(&rig).ok);
    assert_int_equal(rig_file_count(&rig, "failed", ""), 0);
    rig_fini(&rig);
}

static void a_start_whose_syncs_all_fail_goes_on_in_memory(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 9);
    disk_sim_fail(rig.sim, DISK_OP_SYNC, 0, UINT32_MAX, EIO);
    rig_open(&rig);
    assert_false(rig_stats(&rig).ok);
    assert_int_equal(rig_register(&rig, 1), ERR_IO);
    rig_fini(&rig);
}

static void a_full_directory_still_gives_what_it_has(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 10);
    rig_open(&rig);
    assert_int_equal(rig_set(&rig, 1, 5), ERR_OK);
    rig_close(&rig);
    disk_sim_fail(rig.sim, DISK_OP_CHANGES, 0, UINT32_MAX, ENOSPC);
    rig_open(&rig);
    assert_false(rig_stats(&rig).ok);
    assert_int_equal(rig_state_since(&rig, 5), 5);
    rig_fini(&rig);
}

static void stats_time_syncs_and_their_maximum_starts_again(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 11);
    rig_open(&rig);
    assert_int_equal(rig_register(&rig, 1), ERR_OK);
    assert_true(rig_stats(&rig).sync_count >= 2);
    assert_true(rig_stats(&rig).journal_bytes > 0);
    assert_int_equal(rig_stats(&rig).segment_count, 1);
    storage_stats_reset_max(rig.storage);
    assert_int_equal(rig_stats(&rig).sync_ns_max, 0);
    rig_fini(&rig);
}

/* ── the machine stops at any operation ─────────────────────────────────────*/

struct published {
    uint64_t epoch;
    uint64_t seq;
};

struct script {
    struct rig rig;
    uint64_t synced; /* greatest seq that a commit said is on disk */
    struct published seen[512];
    size_t seen_count;
};

/* What facts and replies would have said: never may a start go on in such an epoch below it. */
static void publish(struct script *self)
{
    struct storage_position at = rig_position(&self->rig);

    assert_true(self->seen_count < 512);
    self->seen[self->seen_count++] = (struct published){at.epoch, at.seq};
}

static void script_turn(struct script *self, uint32_t turn)
{
    struct rig *rig = &self->rig;
    enum err err;

    rig_append(rig, turn % 5 == 4 ? CHANGE_CANCEL : CHANGE_REGISTER, turn % 11);
    rig_append(rig, turn % 3 == 2 ? CHANGE_EVICT : CHANGE_REGISTER, 20 + turn % 7);
    err = turn % 4 == 0 ? rig_set(rig, turn, 3) : rig_commit(rig);
    if (err == ERR_OK) {
        self->synced = rig->seq;
    }
    publish(self);
    (void)storage_step(rig->storage, rig->registry, rig->clock.at.mono_ms);
    clock_virtual_advance(&rig->clock, 1700);
}

static void script_init(struct script *self, uint64_t seed)
{
    *self = (struct script){0};
    rig_init(&self->rig, seed);
    self->rig.options.snapshot_bytes = 2000;
    self->rig.options.keep_ms = 5000;
    self->rig.options.allocate_bytes = 1024;
}

/* The start after it: everything synced is there, no state that never was, and no epoch goes
 * on that has published more than is there. */
static void script_check(struct script *self)
{
    struct rig *rig = &self->rig;
    uint64_t k;

    rig_open(rig);
    assert_int_equal(rig->restored.damage_count, 0);
    k = rig_state_since(rig, self->synced);
    assert_true(k != UINT64_MAX);
    for (size_t i = 0; i < self->seen_count; i++) {
        assert_true(self->seen[i].epoch != rig_position(rig).epoch ||
                    self->seen[i].seq <= rig_position(rig).seq);
    }
    assert_true(rig_stats(rig).ok);
}

static bool crash_at(uint32_t changes, enum disk_sim_keep keep)
{
    struct script script;
    struct rig *rig = &script.rig;
    bool reached = false;

    script_init(&script, changes);
    disk_sim_die_after(rig->sim, changes);
    if (rig_try_open(rig) == ERR_OK) {
        uint32_t turn = 0;

        publish(&script);
        for (; turn < 40 && rig_stats(rig).ok; turn++) {
            script_turn(&script, turn);
        }
        reached = turn == 40 && rig_stats(rig).snapshot_seq > 0;
    }
    rig_power_cut(rig, keep, 40);
    script_check(&script);
    for (uint32_t turn = 0; turn < 5; turn++) {
        script_turn(&script, turn);
    }
    assert_int_equal(script.synced, rig->seq);
    rig_power_cut(rig, DISK_KEEP_NOTHING, 0);
    script_check(&script);
    rig_fini(rig);
    return reached;
}

static void a_power_cut_at_any_operation_keeps_what_was_synced(void **state)
{
    static const enum disk_sim_keep keeps[] = {DISK_KEEP_NOTHING, DISK_KEEP_TORN, DISK_KEEP_RANDOM,
                                               DISK_KEEP_ALL};

    (void)state;
    for (size_t i = 0; i < sizeof(keeps) / sizeof(keeps[0]); i++) {
        uint32_t changes = 0;

        while (!crash_at(changes, keeps[i])) {
            changes++;
        }
        assert_true(changes > 100); /* several snapshots were in it */
    }
}

/* One operation fails, whichever; the run goes on, heals, and then the power goes. */
static void one_failing_operation_costs_nothing_once_it_has_healed(void **state)
{
    static const int errors[] = {EIO, ENOSPC};
    bool reached = false;

    (void)state;
    for (uint32_t after = 0; !reached; after++) {
        struct script script;
        struct rig *rig = &script.rig;

        script_init(&script, after);
        disk_sim_fail(rig->sim, DISK_OP_CHANGES, after, 1, errors[after % 2]);
        rig_open(rig);
        publish(&script);
        for (uint32_t turn = 0; turn < 40; turn++) {
            script_turn(&script, turn);
        }
        reached = disk_sim_changes(rig->sim) < after;
        disk_sim_fail(rig->sim, 0, 0, 0, EIO);
        clock_virtual_advance(&rig->clock, 20000);
        rig_step_all(rig);
        assert_true(rig_stats(rig).ok);
        script_turn(&script, 41);
        assert_int_equal(script.synced, rig->seq);
        rig_power_cut(rig, DISK_KEEP_NOTHING, 0);
        script_check(&script);
        rig_fini(rig);
    }
}

/* Everything at once, in every mode: no start may go on in an epoch that has published more than
 * is there, and with sync always and a disk that does not err nothing synced is missing. */
static void no_start_goes_on_in_an_epoch_that_published_more(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 90; seed++) {
        struct script script;
        struct rig *rig = &script.rig;

        script_init(&script, seed);
        rig->options.sync = (enum storage_sync)(seed % 3);
        for (uint32_t run = 0; run < 6; run++) {
            uint32_t salt = (uint32_t)(seed * 31 + UINT64_C(17) * run);

            rig_open(rig);
            for (size_t i = 0; i < script.seen_count; i++) {
                assert_true(script.seen[i].epoch != rig_position(rig).epoch ||
                            script.seen[i].seq <= rig_position(rig).seq);
            }
            publish(&script);
            disk_sim_fail(rig->sim, salt % 2 == 0 ? DISK_OP_SYNC : DISK_OP_CHANGES, salt % 60,
                          salt % 5, salt % 3 == 0 ? ENOSPC : EIO);
            for (uint32_t turn = 0; turn < 5 + salt % 25; turn++) {
                script_turn(&script, turn + salt);
            }
            disk_sim_fail(rig->sim, 0, 0, 0, EIO);
            if (salt % 4 == 0) {
                rig_close(rig);
            } else if (salt % 4 == 1) {
                rig_kill(rig);
            } else {
                rig_power_cut(rig, salt % 4 == 2 ? DISK_KEEP_RANDOM : DISK_KEEP_NOTHING, 0);
            }
        }
        rig_fini(rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_fails_the_journal_and_a_retry_heals_it),
        cmocka_unit_test(a_disk_that_errs_fails_the_journal_and_a_retry_heals_it),
        cmocka_unit_test(a_segment_whose_sync_failed_is_never_written_again),
        cmocka_unit_test(a_failed_run_leaves_no_epoch_to_go_on_with),
        cmocka_unit_test(a_start_whose_syncs_all_fail_goes_on_in_memory),
        cmocka_unit_test(a_full_directory_still_gives_what_it_has),
        cmocka_unit_test(stats_time_syncs_and_their_maximum_starts_again),
        cmocka_unit_test(a_power_cut_at_any_operation_keeps_what_was_synced),
        cmocka_unit_test(one_failing_operation_costs_nothing_once_it_has_healed),
        cmocka_unit_test(no_start_goes_on_in_an_epoch_that_published_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
