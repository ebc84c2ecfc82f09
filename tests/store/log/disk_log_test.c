/* The disk log of one member, without power cuts: crash_test.c has those. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actors/store/log/spares.h"
#include "common/journal/record.h"
#include "tests/store/log/log_rig.h"

static int setup(void **state)
{
    static struct log_rig rig;

    log_rig_init(&rig, 1);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    log_rig_fini(*state);
    return 0;
}

static void again(struct log_rig *rig)
{
    log_rig_close(rig);
    log_rig_open(rig);
}

static void a_new_log_is_empty(void **state)
{
    struct log_rig *rig = *state;

    log_rig_open(rig);
    assert_true(rig->fresh);
    assert_int_equal(rig->last, 0);
    again(rig);
    assert_true(rig->fresh);
}

static void what_is_written_is_found(void **state)
{
    struct log_rig *rig = *state;

    log_rig_begin(rig);
    assert_int_equal(log_rig_append(rig, 3, 20), ERR_OK);
    assert_int_equal(log_rig_hard(rig, 2, 1, true), ERR_OK);
    assert_int_equal(log_rig_append(rig, 1, 0), ERR_OK);
    again(rig);
    assert_false(rig->fresh);
    assert_int_equal(rig->last, 5);
    assert_int_equal(rig->hard.term, 2);
    assert_int_equal(rig->hard.vote, 1);
    assert_int_equal(disk_log_durable(rig->log), 5);
}

static void a_diverged_tail_is_void(void **state)
{
    struct log_rig *rig = *state;

    log_rig_begin(rig);
    assert_int_equal(log_rig_append(rig, 6, 20), ERR_OK);
    assert_int_equal(log_rig_hard(rig, 2, 0, true), ERR_OK);
    assert_int_equal(log_rig_write(rig, 4, 1, 30, true), ERR_OK);
    assert_int_equal(disk_log_durable(rig->log), 4);
    again(rig);
    assert_int_equal(rig->last, 4);
    assert_int_equal(rig->entries[4].term, 2);
    assert_int_equal(rig->entries[3].term, 1);
}

static void what_a_cut_takes_is_not_durable_any_more(void **state)
{
    struct log_rig *rig = *state;

    log_rig_begin(rig);
    assert_int_equal(log_rig_append(rig, 6, 20), ERR_OK);
    assert_int_equal(log_rig_write(rig, 4, 4, 30, false), ERR_OK);
    assert_int_equal(disk_log_durable(rig->log), 3);
    assert_int_equal(log_rig_append(rig, 1, 0), ERR_OK);
    assert_int_equal(disk_log_durable(rig->log), 8);
}

static void a_commit_alone_costs_no_write(void **state)
{
    struct log_rig *rig = *state;
    uint64_t changes;

    log_rig_begin(rig);
    assert_int_equal(log_rig_append(rig, 3, 20), ERR_OK);
    changes = disk_sim_changes(rig->sim);
    log_rig_commit(rig, 3);
    assert_int_equal(disk_sim_changes(rig->sim), changes);
    again(rig);
    assert_int_equal(rig->hard.commit, 3);
}

static void a_turn_costs_one_sync(void **state)
{
    struct log_rig *rig = *state;
    struct disk_log_stats before;
    struct disk_log_stats after;

    rig->options.segment_bytes = 1 << 20;
    log_rig_begin(rig);
    disk_log_stats(rig->log, &before);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(log_rig_append(rig, 3, 20), ERR_OK);
        log_rig_commit(rig, rig->last);
    }
    disk_log_stats(rig->log, &after);
    assert_int_equal(after.sync_count - before.sync_count, 10);
    assert_int_equal(after.frame_count - before.frame_count, 10);
}

static void what_is_covered_goes(void **state)
{
    struct log_rig *rig = *state;
    struct disk_log_stats stats;

    log_rig_begin(rig);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(log_rig_append(rig, 1, 300), ERR_OK);
        log_rig_step(rig);
    }
    disk_log_stats(rig->log, &stats);
    assert_true(stats.segment_count > 5);
    log_rig_commit(rig, rig->last);
    log_rig_cover(rig, rig->last - 2);
    for (int i = 0; i < 10; i++) { /* the next segment's head says what is not needed any more */
        assert_int_equal(log_rig_append(rig, 1, 300), ERR_OK);
        log_rig_step(rig);
    }
    disk_log_stats(rig->log, &stats);
    assert_true(stats.segment_count <= 4);
    again(rig);
    assert_int_equal(rig->mark.index, rig->last - 12);
}

static void a_log_begins_anew_behind_a_snapshot(void **state)
{
    struct log_rig *rig = *state;

    log_rig_begin(rig);
    assert_int_equal(log_rig_append(rig, 5, 100), ERR_OK);
    assert_int_equal(log_rig_install(rig, 40), ERR_OK);
    assert_int_equal(disk_log_durable(rig->log), 40);
    assert_int_equal(log_rig_append(rig, 2, 10), ERR_OK);
    again(rig);
    assert_int_equal(rig->mark.index, 40);
    assert_int_equal(rig->last, 42);
    assert_int_equal(rig->hard.commit, 40);
}

/* Segments of 2,000 bytes: the snapshot is the first frame of its own. */
static void a_snapshot_may_begin_a_segment(void **state)
{
    struct log_rig *rig = *state;

    log_rig_begin(rig);
    while (rig->last < 6) {
        assert_int_equal(log_rig_append(rig, 1, 350), ERR_OK);
    }
    assert_int_equal(log_rig_install(rig, 1004), ERR_OK);
    again(rig);
    assert_int_equal(rig->mark.index, 1004);
    assert_int_equal(rig->mark.config.learners.ids[0], 2004);
}

static void a_large_write_goes_into_several_frames(void **state)
{
    struct log_rig *rig = *state;
    struct disk_log_stats before;
    struct disk_log_stats after;

    rig->options.segment_bytes = 12 << 20;
    log_rig_begin(rig);
    disk_log_stats(rig->log, &before);
    assert_int_equal(log_rig_append(rig, 3, 4 << 20), ERR_OK);
    assert_int_equal(log_rig_append(rig, 1, log_entry_bytes_max), ERR_OK);
    disk_log_stats(rig->log, &after);
    assert_int_equal(after.frame_count - before.frame_count, 4);
    again(rig);
    assert_int_equal(rig->last, 5);
    assert_int_equal(rig->entries[5].len, log_entry_bytes_max);
}

/* What a leader sent may be committed already; the power goes between the two frames. */
static void a_commit_goes_no_further_than_its_frame(void **state)
{
    struct log_rig *rig = *state;

    rig->options.segment_bytes = 12 << 20;
    log_rig_begin(rig);
    rig->hard.commit = 4;
    disk_sim_die_after(rig->sim, 1);
    assert_int_equal(log_rig_append(rig, 3, 4 << 20), ERR_IO);
    log_rig_cut(rig, DISK_KEEP_ALL, 0);
    assert_int_equal(log_rig_try_open(rig), ERR_OK);
    assert_int_equal(rig->last, 2);
    assert_int_equal(rig->hard.commit, 2);
}

static void another_members_log_is_refused(void **state)
{
    struct log_rig *rig = *state;

    log_rig_begin(rig);
    disk_log_close(&rig->log);
    rig->options.member = 2;
    assert_int_equal(log_rig_try_open(rig), ERR_UNUSABLE);
    assert_non_null(strstr(log_rig_said(rig), "give this member its own directory"));
    rig->options.member = 1;
    rig->options.cluster = 7;
    assert_int_equal(log_rig_try_open(rig), ERR_UNUSABLE);
    rig->options.cluster = 0xc1;
    log_rig_open(rig);
}

static void two_processes_have_no_log_in_common(void **state)
{
    struct log_rig *rig = *state;
    struct disk_log *other = NULL;
    struct disk_log_found found;

    log_rig_open(rig);
    assert_int_equal(disk_log_open(&rig->options, &other, &found), ERR_BUSY);
    assert_null(other);
}

static void a_newer_format_is_refused(void **state)
{
    struct log_rig *rig = *state;
    struct buf file = {0};
    struct msg head = {.type = MSG_TYPE_LOG_HEAD, .as_log_head.format = log_format + 1};
    size_t mark = record_begin(&file);

    msg_encode(&file, &head);
    record_end(&file, mark);
    disk_sim_put(rig->sim, RIG_LOG_DIR "/raft-0000000000000001.log", buf_str(&file));
    buf_fini(&file);
    assert_int_equal(log_rig_try_open(rig), ERR_UNSUPPORTED);
    assert_non_null(strstr(log_rig_said(rig), "newer format"));
}

/* ── room ── */

static void a_full_disk_is_told_while_there_is_room_yet(void **state)
{
    struct log_rig *rig = *state;

    log_rig_begin(rig);
    log_rig_step(rig);
    assert_false(disk_log_is_short(rig->log));
    disk_sim_fail(rig->sim, DISK_OP_ALLOCATE, 0, UINT32_MAX, ENOSPC);
    while (!disk_log_is_short(rig->log)) {
        assert_int_equal(log_rig_append(rig, 1, 300), ERR_OK);
        log_rig_step(rig);
    }
    assert_non_null(strstr(log_rig_said(rig), "free room"));
    assert_true(disk_log_room(rig->log) >= 1000);
    assert_int_equal(log_rig_append(rig, 1, 300), ERR_OK);
    disk_sim_fail(rig->sim, 0, 0, 0, ENOSPC);
    rig->now_ms += 1000;
    log_rig_step(rig);
    assert_false(disk_log_is_short(rig->log));
}

/* A whole segment at once would keep all calls waiting for tens of milliseconds. */
static void room_is_made_in_pieces_and_as_fast_as_it_is_used(void **state)
{
    struct log_rig *rig = *state;
    unsigned steps = 0;

    rig->options.segment_bytes = UINT64_C(4) * spares_piece_bytes;
    log_rig_begin(rig);
    while (disk_log_step(rig->log, rig->now_ms)) {
        steps++;
    }
    assert_in_range(steps, 3, 8);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(log_rig_append(rig, 1, 2 * spares_piece_bytes), ERR_OK);
        log_rig_commit(rig, rig->last);
        (void)disk_log_step(rig->log, rig->now_ms);
        assert_false(disk_log_is_short(rig->log));
    }
}

/* However many segments a mark has freed at once. */
static void room_is_made_while_old_segments_are_removed(void **state)
{
    struct log_rig *rig = *state;

    rig->options.segment_bytes = UINT64_C(4) * spares_piece_bytes;
    log_rig_begin(rig);
    log_rig_step(rig);
    for (unsigned i = 0; i < 80; i++) {
        assert_int_equal(log_rig_append(rig, 1, 2 * spares_piece_bytes), ERR_OK);
        log_rig_commit(rig, rig->last);
        if (i == 40) {
            log_rig_cover(rig, rig->last - 1);
        }
        (void)disk_log_step(rig->log, rig->now_ms);
        assert_false(disk_log_is_short(rig->log));
    }
}

static void there_is_room_from_the_first_write_on(void **state)
{
    struct log_rig *rig = *state;

    log_rig_open(rig);
    assert_false(disk_log_is_short(rig->log));
    assert_true(disk_log_room(rig->log) > 3000);
}

static void a_write_that_fails_is_the_last(void **state)
{
    struct log_rig *rig = *state;
    uint64_t last;

    log_rig_begin(rig);
    assert_int_equal(log_rig_append(rig, 3, 20), ERR_OK);
    last = rig->last;
    disk_sim_fail(rig->sim, DISK_OP_SYNC, 0, 1, EIO);
    assert_int_equal(log_rig_append(rig, 1, 20), ERR_IO);
    assert_non_null(strstr(log_rig_said(rig), "log_failed"));
    assert_false(disk_log_step(rig->log, 1));
    assert_int_equal(disk_log_durable(rig->log), last);
    disk_log_close(&rig->log);
    log_rig_open(rig);
    assert_int_equal(rig->last, last + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_log_is_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_written_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_diverged_tail_is_void, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_cut_takes_is_not_durable_any_more, setup, teardown),
        cmocka_unit_test_setup_teardown(a_commit_alone_costs_no_write, setup, teardown),
        cmocka_unit_test_setup_teardown(a_turn_costs_one_sync, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_covered_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_begins_anew_behind_a_snapshot, setup, teardown),
        cmocka_unit_test_setup_teardown(a_snapshot_may_begin_a_segment, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_write_goes_into_several_frames, setup, teardown),
        cmocka_unit_test_setup_teardown(a_commit_goes_no_further_than_its_frame, setup, teardown),
        cmocka_unit_test_setup_teardown(another_members_log_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(two_processes_have_no_log_in_common, setup, teardown),
        cmocka_unit_test_setup_teardown(a_newer_format_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_is_told_while_there_is_room_yet, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(room_is_made_in_pieces_and_as_fast_as_it_is_used, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(room_is_made_while_old_segments_are_removed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(there_is_room_from_the_first_write_on, setup, teardown),
        cmocka_unit_test_setup_teardown(a_write_that_fails_is_the_last, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
