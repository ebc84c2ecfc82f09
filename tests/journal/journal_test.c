#include "common/journal/journal.h"
#include "common/journal/reader.h"
#include "common/journal/record.h"
#include "tests/journal/disk_sim.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { frames = 40 };

static const struct name file_name = {"log-1"};
static const struct name unfinished = {"log-1.tmp"};

struct world {
    struct disk_sim *sim;
    struct clock_virtual clock;
    struct volume volume;
    struct journal journal;
    uint64_t written;
    uint64_t begins[frames + 2]; /* where the frame of each number begins */
};

static struct msg numbered(uint64_t seq)
{
    return (struct msg){.type = MSG_TYPE_FOOT, .as_foot = {.count = 1, .seq = seq}};
}

static void world_init(struct world *self)
{
    struct msg head = numbered(0);

    memset(self, 0, sizeof(*self));
    self->sim = disk_sim_new(7);
    clock_virtual_init(&self->clock, 1000, 1000);
    self->volume = (struct volume){
        .disk = disk_sim_disk(self->sim), .clock = &self->clock.clock, .dir = strdup("d")};
    assert_non_null(self->volume.dir);
    assert_int_equal(self->volume.disk->make_dir(self->volume.disk, "d"), 0);
    assert_int_equal(
        journal_create(&self->journal, &self->volume, file_name, unfinished, 9, 0, 4096), ERR_OK);
    assert_int_equal(journal_head(&self->journal, &head), ERR_OK);
    assert_int_equal(journal_publish(&self->journal), ERR_OK);
    assert_int_equal(volume_sync_dir(&self->volume), ERR_OK);
    self->written = self->journal.segment.bytes;
}

static void world_fini(struct world *self)
{
    journal_drop(&self->journal);
    segment_fini(&self->journal.segment);
    free(self->volume.dir);
    disk_sim_destroy(&self->sim);
}

/* One message and so many bytes beside it. */
static void write_frame(struct world *self, uint64_t seq, size_t padding)
{
    struct buf frame = {0};
    struct msg msg = numbered(seq);

    (void)record_begin(&frame);
    msg_encode(&frame, &msg);
    for (size_t i = 0; i < padding; i++) {
        buf_add(&frame, "x", 1);
    }
    record_end(&frame, 0);
    if (seq < frames + 2) {
        self->begins[seq] = self->written;
    }
    segment_extend(&self->journal.segment, seq, seq, frame.len);
    assert_int_equal(journal_write(&self->journal, self->written, buf_str(&frame)), ERR_OK);
    self->written += frame.len;
    buf_fini(&frame);
}

static void write_frames(struct world *self, uint64_t from, uint64_t to, size_t padding)
{
    for (uint64_t seq = from; seq <= to; seq++) {
        write_frame(self, seq, padding);
    }
}

/* How many frames follow the head, numbered without a gap; the file ends as one that is in order.
 */
static uint64_t count_read(struct world *self)
{
    struct reader reader;
    struct str body;
    struct msg msg;
    uint64_t at;
    uint64_t count = 0;
    enum record_state state;

    assert_int_equal(reader_init(&reader, &self->volume, file_name.text, 0, UINT64_MAX), ERR_OK);
    while ((state = reader_next(&reader, &body, &at)) == RECORD_OK) {
        assert_int_equal(msg_decode(&body, &msg), ERR_OK);
        assert_int_equal(msg.as_foot.seq, count);
        count++;
    }
    assert_int_not_equal(state, RECORD_DAMAGED);
    reader_fini(&reader);
    return count - 1;
}

static void power_cut(struct world *self, enum disk_sim_keep keep)
{
    journal_drop(&self->journal);
    disk_sim_power_cut(self->sim, keep, 5);
}

static void what_was_cut_is_found_by_no_start(void **state)
{
    (void)state;
    for (uint64_t last = 0; last <= frames; last++) {
        for (enum disk_sim_keep keep = DISK_KEEP_NOTHING; keep <= DISK_KEEP_GARBAGE; keep++) {
            struct world world;

            world_init(&world);
            write_frames(&world, 1, frames, 100);
            assert_int_equal(journal_sync(&world.journal), ERR_OK);
            world.begins[frames + 1] = world.written;
            assert_int_equal(journal_cut(&world.journal, world.begins[last + 1], last), ERR_OK);
            assert_int_equal(world.journal.segment.last_seq, last);
            power_cut(&world, keep);
            assert_int_equal(count_read(&world), last);
            world_fini(&world);
        }
    }
}

static void it_goes_on_behind_a_cut(void **state)
{
    struct world world;

    (void)state;
    world_init(&world);
    write_frames(&world, 1, frames, 100);
    assert_int_equal(journal_cut(&world.journal, world.begins[11], 10), ERR_OK);
    world.written = world.journal.segment.bytes;
    write_frames(&world, 11, 15, 3000); /* longer than what was there */
    assert_int_equal(journal_sync(&world.journal), ERR_OK);
    power_cut(&world, DISK_KEEP_NOTHING);
    assert_int_equal(count_read(&world), 15);
    world_fini(&world);
}

/* Either all of it is still there or nothing is. */
static void a_power_cut_while_cutting_damages_nothing(void **state)
{
    (void)state;
    for (uint32_t after = 0; after < 2; after++) {
        for (enum disk_sim_keep keep = DISK_KEEP_NOTHING; keep <= DISK_KEEP_GARBAGE; keep++) {
            struct world world;
            uint64_t count;

            world_init(&world);
            write_frames(&world, 1, frames, 100);
            assert_int_equal(journal_sync(&world.journal), ERR_OK);
            disk_sim_die_after(world.sim, after);
            assert_int_equal(journal_cut(&world.journal, world.begins[21], 20), ERR_IO);
            assert_int_equal(world.journal.segment.last_seq, frames);
            power_cut(&world, keep);
            count = count_read(&world);
            assert_true(count == 20 || count == frames);
            world_fini(&world);
        }
    }
}

static void what_is_left_is_still_found_by_its_index(void **state)
{
    struct world world;

    (void)state;
    world_init(&world);
    write_frames(&world, 1, frames, (size_t)index_step_bytes / 3);
    for (uint64_t last = frames; last > 0; last--) {
        uint64_t offset = segment_offset(&world.journal.segment, last);

        assert_true(offset <= world.begins[last]);
        assert_true(offset + (uint64_t)2 * index_step_bytes > world.begins[last]);
        assert_int_equal(journal_cut(&world.journal, world.begins[last], last - 1), ERR_OK);
    }
    world.written = world.journal.segment.bytes;
    write_frame(&world, 1, 0);
    assert_int_equal(segment_offset(&world.journal.segment, 1), world.begins[1]);
    world_fini(&world);
}

static void one_that_was_not_published_is_gone_once_dropped(void **state)
{
    struct world world;
    struct journal next;
    int file = -1;
    struct name name = {"log-2"};
    struct name tmp = {"log-2.tmp"};

    (void)state;
    world_init(&world);
    assert_int_equal(journal_create(&next, &world.volume, name, tmp, 9, 1, 4096), ERR_OK);
    journal_drop(&next);
    journal_drop(&next);
    assert_int_equal(volume_open(&world.volume, tmp.text, DISK_READ, &file), ERR_IO);
    assert_int_equal(world.volume.trouble, -ENOENT);
    journal_drop(&world.journal);
    assert_int_equal(volume_open(&world.volume, file_name.text, DISK_READ, &file), ERR_OK);
    volume_close(&world.volume, &file);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_cut_is_found_by_no_start),
        cmocka_unit_test(it_goes_on_behind_a_cut),
        cmocka_unit_test(a_power_cut_while_cutting_damages_nothing),
        cmocka_unit_test(what_is_left_is_still_found_by_its_index),
        cmocka_unit_test(one_that_was_not_published_is_gone_once_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
