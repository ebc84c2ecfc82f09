/* What a start makes of bad bytes: a torn tail goes, damage stops the member, a sole voter may cut.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/journal/record.h"
#include "tests/store/log/log_rig.h"

static int setup(void **state)
{
    static struct log_rig rig;

    log_rig_init(&rig, 1);
    log_rig_begin(&rig);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    log_rig_fini(*state);
    return 0;
}

static const char *path_of(uint64_t first_seq)
{
    static char path[64];

    (void)snprintf(path, sizeof(path), RIG_LOG_DIR "/raft-%016llx.log",
                   (unsigned long long)first_seq);
    return path;
}

/* Where the frame of that number begins in the segment, 0 being its head. */
static size_t frame_at(struct log_rig *rig, uint64_t first_seq, unsigned number)
{
    struct buf file = {0};
    struct str rest;
    struct str body;
    size_t at;

    assert_true(disk_sim_get(rig->sim, path_of(first_seq), &file));
    rest = buf_str(&file);
    for (unsigned i = 0; i < number; i++) {
        assert_int_equal(record_next(&rest, &body), RECORD_OK);
    }
    at = file.len - rest.len;
    buf_fini(&file);
    return at;
}

static void flip(struct log_rig *rig, uint64_t first_seq, unsigned number, size_t byte)
{
    size_t at = frame_at(rig, first_seq, number) + byte;

    assert_true(disk_sim_flip(rig->sim, path_of(first_seq), at, 1));
    assert_true(disk_sim_flip(rig->sim, path_of(first_seq), at + 1, 1));
}

static void append(struct log_rig *rig, unsigned times, uint32_t len)
{
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(log_rig_append(rig, 1, len), ERR_OK);
    }
}

static void said(struct log_rig *rig, const char *text)
{
    const char *all = log_rig_said(rig);

    if (strstr(all, text) == NULL) {
        fail_msg("nothing of \"%s\" in: %s", text, all);
    }
}

static void a_torn_tail_is_cut(void **state)
{
    struct log_rig *rig = *state;
    uint64_t last;

    append(rig, 3, 100);
    last = rig->last;
    assert_int_equal(log_rig_write(rig, rig->last + 1, 1, 100, false), ERR_OK);
    log_rig_cut(rig, DISK_KEEP_TORN, 60);
    log_rig_open(rig);
    assert_int_equal(rig->last, last);
    assert_string_equal(log_rig_said(rig), "");
    append(rig, 1, 10);
    log_rig_cut(rig, DISK_KEEP_NOTHING, 0);
    log_rig_open(rig);
    assert_int_equal(rig->last, last + 1);
}

static void a_bad_frame_that_a_later_one_proves_is_damage(void **state)
{
    struct log_rig *rig = *state;
    char offset[64];

    append(rig, 3, 100);
    log_rig_kill(rig);
    (void)snprintf(offset, sizeof(offset), "\"offset\":%zu", frame_at(rig, 1, 2));
    flip(rig, 1, 2, 40);
    assert_int_equal(log_rig_try_open(rig), ERR_CORRUPT);
    said(rig, offset);
    assert_int_equal(log_rig_try_open(rig), ERR_CORRUPT);
    said(rig, "raft-0000000000000001.log");
}

/* Of writes that no sync separates a later one proves nothing. */
static void a_bad_frame_that_was_not_synced_is_cut(void **state)
{
    struct log_rig *rig = *state;
    uint64_t last;

    append(rig, 1, 100);
    last = rig->last;
    assert_int_equal(log_rig_write(rig, rig->last + 1, 1, 100, false), ERR_OK);
    assert_int_equal(log_rig_write(rig, rig->last + 1, 1, 100, false), ERR_OK);
    log_rig_kill(rig);
    flip(rig, 1, 3, 40);
    log_rig_open(rig);
    assert_int_equal(rig->last, last);
}

static void the_last_frame_is_proven_by_an_orderly_end(void **state)
{
    struct log_rig *rig = *state;

    append(rig, 2, 100);
    disk_log_close(&rig->log);
    flip(rig, 1, 3, 40);
    assert_int_equal(log_rig_try_open(rig), ERR_CORRUPT);
}

static void a_bad_frame_before_the_last_segment_is_damage(void **state)
{
    struct log_rig *rig = *state;

    append(rig, 8, 300);
    log_rig_kill(rig);
    flip(rig, 1, 2, 40);
    assert_int_equal(log_rig_try_open(rig), ERR_CORRUPT);
    said(rig, "a bad frame");
}

static void a_bad_head_is_damage(void **state)
{
    struct log_rig *rig = *state;

    append(rig, 8, 300);
    log_rig_kill(rig);
    flip(rig, 7, 0, 20);
    assert_int_equal(log_rig_try_open(rig), ERR_CORRUPT);
    said(rig, "no head of a log");
}

static void a_missing_segment_is_damage(void **state)
{
    struct log_rig *rig = *state;
    struct disk *disk = disk_sim_disk(rig->sim);

    append(rig, 14, 300);
    log_rig_kill(rig);
    assert_int_equal(disk->remove(disk, path_of(7)), 0);
    assert_int_equal(log_rig_try_open(rig), ERR_CORRUPT);
}

/* A value may hold bytes that look like a frame of a log. */
static void an_entry_that_looks_like_a_frame_proves_nothing(void **state)
{
    struct log_rig *rig = *state;
    struct buf data = {0};
    struct log_frame forged = {.log = log_id_bit | 5, .seq = 100, .synced = 99, .first = 1};
    struct raft_entry entry = {.term = 1, .index = 2};
    uint64_t last = rig->last;

    log_frame_add(&data, &forged);
    entry.data = data.data;
    entry.len = (uint32_t)data.len;
    assert_int_equal(
        disk_log_write(
            rig->log,
            &(struct disk_log_write){.hard = rig->hard, .first = 2, .entries = &entry, .count = 1}),
        ERR_OK);
    log_rig_kill(rig);
    flip(rig, 1, 2, 20);
    log_rig_open(rig);
    assert_int_equal(rig->last, last);
    buf_fini(&data);
}

static void a_file_that_cant_be_read_is_no_damage(void **state)
{
    struct log_rig *rig = *state;

    append(rig, 3, 100);
    log_rig_kill(rig);
    disk_sim_fail(rig->sim, DISK_OP_READ, 0, UINT32_MAX, EACCES);
    assert_int_equal(log_rig_try_open(rig), ERR_UNUSABLE);
    disk_sim_fail(rig->sim, 0, 0, 0, EACCES);
    log_rig_open(rig);
}

/* ── the cut ── */

static void a_sole_voter_may_cut_damage(void **state)
{
    struct log_rig *rig = *state;

    append(rig, 14, 300);
    log_rig_kill(rig);
    flip(rig, 7, 2, 40);
    assert_int_equal(log_rig_try_open(rig), ERR_CORRUPT);
    said(rig, "it is the only voter");
    rig->options.cut_damage = true;
    assert_int_equal(log_rig_try_open(rig), ERR_OK);
    assert_true(rig->cut);
    assert_int_equal(rig->last, 7);
    rig->options.cut_damage = false;
    append(rig, 10, 300);
    log_rig_cut(rig, DISK_KEEP_NOTHING, 0);
    log_rig_open(rig);
    assert_int_equal(rig->last, 17);
    assert_false(rig->cut);
}

static void a_sole_voter_may_cut_a_bad_head(void **state)
{
    struct log_rig *rig = *state;

    append(rig, 14, 300);
    log_rig_kill(rig);
    flip(rig, 12, 0, 20);
    rig->options.cut_damage = true;
    assert_int_equal(log_rig_try_open(rig), ERR_OK);
    assert_true(rig->cut);
    assert_int_equal(rig->last, 11);
    append(rig, 1, 10);
    log_rig_cut(rig, DISK_KEEP_NOTHING, 0);
    log_rig_open(rig);
    assert_int_equal(rig->last, 12);
}

/* What the state machine holds is behind the damage: it begins there. */
static void a_cut_never_goes_behind_the_mark(void **state)
{
    struct log_rig *rig = *state;

    append(rig, 6, 300);
    log_rig_commit(rig, rig->last);
    log_rig_cover(rig, 5);
    append(rig, 8, 300);
    log_rig_kill(rig);
    flip(rig, 1, 3, 40);
    rig->options.cut_damage = true;
    assert_int_equal(log_rig_try_open(rig), ERR_OK);
    assert_int_equal(rig->mark.index, 5);
    assert_int_equal(rig->last, 5);
    assert_int_equal(rig->hard.commit, 5);
    append(rig, 1, 10);
    log_rig_cut(rig, DISK_KEEP_NOTHING, 0);
    log_rig_open(rig);
    assert_int_equal(rig->last, 6);
}

static void one_voter_of_several_may_not(void **state)
{
    struct log_rig *rig = *state;

    append(rig, 3, 100);
    assert_int_equal(log_rig_install(rig, 104), ERR_OK); /* of a config with a learner */
    append(rig, 3, 100);
    log_rig_kill(rig);
    flip(rig, 1, 7, 40);
    rig->options.cut_damage = true;
    assert_int_equal(log_rig_try_open(rig), ERR_CORRUPT);
    said(rig, "add it anew");
}

/* ── what a sync that failed has left ── */

/* The memory of the system shows what the disk does not have: a start writes it anew. */
static void what_nothing_proves_is_written_anew(void **state)
{
    struct log_rig *rig = *state;
    uint64_t last;

    append(rig, 2, 100);
    disk_sim_fail(rig->sim, DISK_OP_SYNC, 0, 1, EIO);
    assert_int_equal(log_rig_append(rig, 1, 100), ERR_IO);
    log_rig_kill(rig);
    log_rig_open(rig);
    last = rig->last;
    assert_int_equal(last, 4);
    log_rig_cut(rig, DISK_KEEP_NOTHING, 0);
    log_rig_open(rig);
    assert_int_equal(rig->last, last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_torn_tail_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_frame_that_a_later_one_proves_is_damage, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_bad_frame_that_was_not_synced_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_frame_is_proven_by_an_orderly_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_bad_frame_before_the_last_segment_is_damage, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_bad_head_is_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_segment_is_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(an_entry_that_looks_like_a_frame_proves_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_that_cant_be_read_is_no_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sole_voter_may_cut_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sole_voter_may_cut_a_bad_head, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cut_never_goes_behind_the_mark, setup, teardown),
        cmocka_unit_test_setup_teardown(one_voter_of_several_may_not, setup, teardown),
        cmocka_unit_test_setup_teardown(what_nothing_proves_is_written_anew, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
