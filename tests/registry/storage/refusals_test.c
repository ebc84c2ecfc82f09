/* What can't be opened or read is refused, and nothing is renamed; a real directory. */
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
        cmocka_unit_test(what_cannot_be_read_is_refused_and_nothing_is_renamed),
        cmocka_unit_test(what_does_not_pass_within_ten_seconds_is_refused),
        cmocka_unit_test(what_passes_is_tried_again),
        cmocka_unit_test(a_directory_that_cannot_be_listed_or_locked_is_refused),
        cmocka_unit_test(a_start_that_may_not_write_is_refused),
        cmocka_unit_test(a_machine_whose_run_is_not_known_is_taken_for_another),
        cmocka_unit_test(a_real_disk_brings_back_what_it_was_given),
        cmocka_unit_test(a_real_copy_is_told_from_what_was_moved),
        cmocka_unit_test(a_second_opener_is_refused_and_told_who_holds_it),
        cmocka_unit_test(names_of_sync_modes_are_those_of_the_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
