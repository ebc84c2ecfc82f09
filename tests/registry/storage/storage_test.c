#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/registry/storage/storage_rig.h"

/* ── epochs, one rule after the other ───────────────────────────────────────*/

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

/* ── what can't be opened or read is no damage ──────────────────────────────*/

static uint32_t files_of(const struct rig *rig)
{
    return rig_file_count(rig, "journal-", ".log") + rig_file_count(rig, "snapshot-", ".dat");
}

/* Two segments and a snapshot, of hosts 0 … 9. */
static void write_some(struct rig *rig)
{
    for (uint32_t run = 0; run < 2; run++) {
        rig->options.snapshot_bytes = run == 0 ? 1 : 0;
        rig_open(rig);
        for (uint32_t i = 0; i < 5; i++) {
            assert_int_equal(rig_register(rig, 5 * run + i), ERR_OK);
        }
        rig_step_all(rig);
        rig_kill(rig);
    }
}

/* From its after'th read on, op gives the error so often. */
static enum err open_failing(struct rig *rig, unsigned op, uint32_t after, uint32_t times,
                             int error)
{
    enum err err;

    disk_sim_fail(rig->sim, op, after, times, error);
    err = rig_try_open(rig);
    disk_sim_fail(rig->sim, 0, 0, 0, 0);
    return err;
}

/* Fails at every place a start opens, stats or reads at, one start after the other, until one gets
 * through; then all is as it was. */
static void refuses_wherever_it_fails(int error, int64_t waits_ms)
{
    struct rig rig;
    uint64_t print;
    uint64_t epoch;
    uint32_t files;
    uint32_t after = 0;
    enum err err;

    rig_init(&rig, 40);
    write_some(&rig);
    rig_open(&rig);
    print = rig_fingerprint(rig.registry);
    epoch = rig_position(&rig).epoch;
    rig_kill(&rig);
    files = files_of(&rig);
    while ((err = open_failing(&rig, DISK_OP_READ, after, UINT32_MAX, error)) != ERR_OK) {
        int64_t waited_ms = disk_sim_waited_ms(rig.sim);

        assert_int_equal(err, ERR_UNUSABLE);
        assert_int_equal(waited_ms, (after + 1) * waits_ms);
        assert_int_equal(files_of(&rig), files);
        assert_int_equal(rig_file_count(&rig, "", ".damaged"), 0);
        disk_sim_kill(rig.sim);
        after++;
    }
    assert_true(after > 10);
    assert_int_equal(rig_position(&rig).epoch, epoch);
    assert_int_equal(rig_fingerprint(rig.registry), print);
    assert_int_equal(rig.restored.damage_count, 0);
    rig_fini(&rig);
}

static void what_cannot_be_read_is_refused_and_nothing_is_renamed(void **state)
{
    static const int lasting[] = {EACCES, EIO, EROFS, EPERM, ELOOP, EISDIR, ENOENT};

    (void)state;
    for (size_t i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++) {
        refuses_wherever_it_fails(lasting[i], 0);
    }
}

static void what_does_not_pass_within_ten_seconds_is_refused(void **state)
{
    static const int passing[] = {EMFILE, ENFILE, ENOMEM, ESTALE, EINTR};

    (void)state;
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        refuses_wherever_it_fails(passing[i], 10000);
    }
}

static void what_passes_is_tried_again(void **state)
{
    static const int passing[] = {EMFILE, ENFILE, ENOMEM, ESTALE, EINTR};

    (void)state;
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        for (uint32_t after = 0; after < 12; after++) {
            struct rig rig;

            rig_init(&rig, 41);
            write_some(&rig);
            assert_int_equal(open_failing(&rig, DISK_OP_READ, after, 20, passing[i]), ERR_OK);
            assert_int_equal(disk_sim_waited_ms(rig.sim), 2000);
            assert_int_equal(rig.restored.damage_count, 0);
            assert_int_equal(registry_slot_count(rig.registry), 10);
            rig_fini(&rig);
        }
    }
}

static void a_directory_that_cannot_be_listed_or_locked_is_refused(void **state)
{
    static const unsigned ops[] = {DISK_OP_LIST, DISK_OP_LOCK};

    (void)state;
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        struct rig rig;

        rig_init(&rig, 42);
        write_some(&rig);
        assert_int_equal(open_failing(&rig, ops[i], 0, 1, EACCES), ERR_UNUSABLE);
        assert_int_equal(disk_sim_waited_ms(rig.sim), 0);
        assert_int_equal(open_failing(&rig, ops[i], 0, UINT32_MAX, EMFILE), ERR_UNUSABLE);
        assert_int_equal(open_failing(&rig, ops[i], 0, 20, EMFILE), ERR_OK);
        assert_int_equal(registry_slot_count(rig.registry), 10);
        rig_fini(&rig);
    }
}

/* Else it would go on in memory only, in a directory that waits for nothing but a chown. */
static void a_start_that_may_not_write_is_refused(void **state)
{
    static const int forbidden[] = {EACCES, EPERM, EROFS};

    (void)state;
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        struct rig rig;

        rig_init(&rig, 43);
        write_some(&rig);
        assert_int_equal(open_failing(&rig, DISK_OP_CREATE, 0, UINT32_MAX, forbidden[i]),
                         ERR_UNUSABLE);
        disk_sim_kill(rig.sim);
        assert_int_equal(open_failing(&rig, DISK_OP_CREATE, 0, UINT32_MAX, ENOSPC), ERR_OK);
        assert_false(rig_stats(&rig).ok);
        rig_fini(&rig);
    }
}

static void a_machine_whose_run_is_not_known_is_taken_for_another(void **state)
{
    struct rig rig;
    uint64_t epoch;

    (void)state;
    rig_init(&rig, 44);
    rig.options.sync = STORAGE_SYNC_NEVER;
    rig.options.machine_boot = STR("");
    rig_open(&rig);
    assert_int_equal(rig_register(&rig, 1), ERR_OK);
    epoch = rig_position(&rig).epoch;
    rig_kill(&rig);
    rig_open(&rig);
    assert_true(rig_position(&rig).epoch != epoch);
    rig_fini(&rig);
}

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

/* ── a real directory ───────────────────────────────────────────────────────*/

static void real_options(struct rig *rig, char dir[64])
{
    rig_init(rig, 12);
    (void)snprintf(dir, 64, "/tmp/muster-storage-XXXXXX");
    assert_non_null(mkdtemp(dir));
    rig->options.disk = disk_os();
    rig->options.clock = &clock_os;
    rig->options.dir = dir;
}

static void real_remove(const char *dir)
{
    char command[128];

    (void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

static void a_real_disk_brings_back_what_it_was_given(void **state)
{
    struct rig rig;
    char dir[64];
    uint64_t print;
    uint64_t epoch;

    (void)state;
    real_options(&rig, dir);
    rig.options.snapshot_bytes = 20000;
    rig_open(&rig);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(rig_set(&rig, i * 20, 20), ERR_OK);
        rig_step_all(&rig);
    }
    assert_true(rig_stats(&rig).snapshot_seq > 0);
    assert_true(rig_history(&rig, rig_stats(&rig).history_seq, 10000) > 0);
    print = rig_fingerprint(rig.registry);
    epoch = rig_position(&rig).epoch;
    rig_close(&rig);
    rig_open(&rig);
    assert_true(rig_fingerprint(rig.registry) == print);
    assert_true(rig_position(&rig).epoch == epoch);
    rig_fini(&rig);
    real_remove(dir);
}

static void a_real_copy_is_told_from_what_was_moved(void **state)
{
    struct rig rig;
    char dir[64];
    char command[512];
    uint64_t epoch;

    (void)state;
    real_options(&rig, dir);
    rig_open(&rig);
    assert_int_equal(rig_register(&rig, 1), ERR_OK);
    epoch = rig_position(&rig).epoch;
    rig_close(&rig);
    (void)snprintf(command, sizeof(command), "mv '%s' '%s.moved' && mv '%s.moved' '%s'", dir, dir,
                   dir, dir);
    assert_int_equal(system(command), 0);
    rig_open(&rig);
    assert_true(rig_position(&rig).epoch == epoch);
    rig_close(&rig);
    (void)snprintf(command, sizeof(command),
                   "cp -a '%s' '%s.copy' && rm -r '%s' && cp -a '%s.copy' '%s' && rm -r '%s.copy'",
                   dir, dir, dir, dir, dir, dir);
    assert_int_equal(system(command), 0);
    rig_open(&rig);
    assert_true(rig_position(&rig).epoch != epoch);
    assert_int_equal(rig_position(&rig).seq, 1);
    rig_fini(&rig);
    real_remove(dir);
}

static void a_second_opener_is_refused_and_told_who_holds_it(void **state)
{
    struct rig rig;
    struct rig other;
    char dir[64];
    char path[96];
    char text[512] = "";
    char pid[32];
    struct log log;
    int fd;

    (void)state;
    real_options(&rig, dir);
    rig_open(&rig);
    rig_init(&other, 13);
    (void)snprintf(path, sizeof(path), "%s/log", dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    log_init(&log, "registry", fd, &clock_os);
    other.options.disk = disk_os();
    other.options.dir = dir;
    other.options.log = &log;
    assert_int_equal(rig_try_open(&other), ERR_BUSY);
    assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
    (void)snprintf(pid, sizeof(pid), "\"pid\":%ld", (long)getpid());
    assert_non_null(strstr(text, pid));
    assert_non_null(strstr(text, dir));
    rig_close(&rig);
    rig_open(&other); /* the first has gone: it is free */
    rig_fini(&other);
    rig_fini(&rig);
    assert_int_equal(close(fd), 0);
    real_remove(dir);
}

static void names_of_sync_modes_are_those_of_the_configuration(void **state)
{
    enum storage_sync sync;

    (void)state;
    assert_int_equal(storage_sync_from(STR("always"), &sync), ERR_OK);
    assert_int_equal(sync, STORAGE_SYNC_ALWAYS);
    assert_int_equal(storage_sync_from(STR("1s"), &sync), ERR_OK);
    assert_int_equal(sync, STORAGE_SYNC_SECOND);
    assert_int_equal(storage_sync_from(STR("never"), &sync), ERR_OK);
    assert_int_equal(sync, STORAGE_SYNC_NEVER);
    assert_int_equal(storage_sync_from(STR("sometimes"), &sync), ERR_INVALID);
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
        cmocka_unit_test(what_cannot_be_read_is_refused_and_nothing_is_renamed),
        cmocka_unit_test(what_does_not_pass_within_ten_seconds_is_refused),
        cmocka_unit_test(what_passes_is_tried_again),
        cmocka_unit_test(a_directory_that_cannot_be_listed_or_locked_is_refused),
        cmocka_unit_test(a_start_that_may_not_write_is_refused),
        cmocka_unit_test(a_machine_whose_run_is_not_known_is_taken_for_another),
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
        cmocka_unit_test(a_real_disk_brings_back_what_it_was_given),
        cmocka_unit_test(a_real_copy_is_told_from_what_was_moved),
        cmocka_unit_test(a_second_opener_is_refused_and_told_who_holds_it),
        cmocka_unit_test(names_of_sync_modes_are_those_of_the_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
