#include "common/journal/volume.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { piece = 7, room = 64, passing = 3 };

/* One file in memory that moves at most a piece at a time. */
struct small_disk {
    struct disk disk; /* first */
    char bytes[room];
    size_t len;
    int opened;
    int stale_reads;  /* so many more fail */
    int nothing_left; /* writes move nothing */
    int64_t waited_ms;
};

static struct small_disk *small(struct disk *disk)
{
    return (struct small_disk *)disk;
}

static int small_open(struct disk *disk, const char *path, enum disk_mode mode)
{
    (void)path;
    (void)mode;
    return ++small(disk)->opened;
}

static void small_close(struct disk *disk, int file)
{
    (void)disk;
    (void)file;
}

static int64_t small_read(struct disk *disk, int file, uint64_t offset, void *data, size_t len)
{
    struct small_disk *self = small(disk);
    size_t left = offset < self->len ? self->len - (size_t)offset : 0;

    assert_int_equal(file, self->opened); /* of those that were opened only the last is good */
    if (self->stale_reads > 0) {
        self->stale_reads--;
        return -ESTALE;
    }
    left = left < piece ? left : piece;
    left = left < len ? left : len;
    memcpy(data, self->bytes + offset, left);
    return (int64_t)left;
}

static int64_t small_write(struct disk *disk, int file, uint64_t offset, const void *data,
                           size_t len)
{
    struct small_disk *self = small(disk);
    size_t moved = len < piece ? len : piece;

    (void)file;
    assert_true(offset + moved <= room);
    if (self->nothing_left) {
        return 0;
    }
    memcpy(self->bytes + offset, data, moved);
    self->len = offset + moved > self->len ? (size_t)offset + moved : self->len;
    return (int64_t)moved;
}

static int64_t broken_size(struct disk *disk, int file)
{
    (void)disk;
    (void)file;
    return -EIO;
}

static void small_wait(struct disk *disk, int64_t ms)
{
    small(disk)->waited_ms += ms;
}

struct fixture {
    struct small_disk disk;
    struct clock_virtual clock;
    struct volume volume;
    char dir[2];
};

static void set_up(struct fixture *self)
{
    *self = (struct fixture){.disk.disk = {.open = small_open,
                                           .close = small_close,
                                           .size = broken_size,
                                           .read = small_read,
                                           .write = small_write,
                                           .wait = small_wait},
                             .dir = "d"};
    clock_virtual_init(&self->clock, 1000, 1000);
    self->volume =
        (struct volume){.disk = &self->disk.disk, .clock = &self->clock.clock, .dir = self->dir};
}

static void a_write_that_moves_a_part_goes_on(void **state)
{
    static const char text[] = "what is written in pieces stands there whole";
    struct fixture self;

    (void)state;
    set_up(&self);
    assert_int_equal(volume_write(&self.volume, 1, "f", 3, (struct str){text, sizeof(text)}),
                     ERR_OK);
    assert_int_equal(self.disk.len, 3 + sizeof(text));
    assert_memory_equal(self.disk.bytes + 3, text, sizeof(text));
}

static void a_write_that_moves_nothing_is_a_full_disk(void **state)
{
    struct fixture self;

    (void)state;
    set_up(&self);
    self.disk.nothing_left = 1;
    assert_int_equal(volume_write(&self.volume, 1, "f", 0, STR("x")), ERR_IO);
    assert_int_equal(self.volume.trouble, -ENOSPC);
    assert_non_null(strstr(self.volume.reason, "write f"));
}

static void a_stale_file_is_opened_anew(void **state)
{
    struct fixture self;
    char bytes[room];
    size_t moved = 0;
    int file = -1;

    (void)state;
    set_up(&self);
    assert_int_equal(volume_write(&self.volume, 1, "f", 0, STR("abc")), ERR_OK);
    assert_int_equal(volume_open(&self.volume, "f", DISK_READ, &file), ERR_OK);
    self.volume.patience_ms = 1000;
    self.disk.stale_reads = passing;
    assert_int_equal(volume_read(&self.volume, &file, "f", 1, bytes, sizeof(bytes), &moved),
                     ERR_OK);
    assert_int_equal(moved, 2);
    assert_memory_equal(bytes, "bc", 2);
    assert_int_equal(file, 1 + passing);
    assert_true(self.disk.waited_ms > 0);
}

static void patience_ends(void **state)
{
    struct fixture self;
    char bytes[room];
    size_t moved = 0;
    int file = 0;

    (void)state;
    set_up(&self);
    self.volume.patience_ms = 500;
    self.disk.stale_reads = 1000000;
    assert_int_equal(volume_read(&self.volume, &file, "f", 0, bytes, sizeof(bytes), &moved),
                     ERR_IO);
    assert_int_equal(self.volume.trouble, -ESTALE);
    assert_int_equal(self.disk.waited_ms, 500);
    assert_int_equal(volume_read(&self.volume, &file, "f", 0, bytes, sizeof(bytes), &moved),
                     ERR_IO);
    assert_int_equal(self.disk.waited_ms, 500);
}

static void what_lasts_is_not_waited_for(void **state)
{
    struct fixture self;
    uint64_t size = 9;

    (void)state;
    set_up(&self);
    self.volume.patience_ms = 500;
    assert_int_equal(volume_size(&self.volume, 1, "f", &size), ERR_IO);
    assert_int_equal(self.disk.waited_ms, 0);
    assert_int_equal(size, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_that_moves_a_part_goes_on),
        cmocka_unit_test(a_write_that_moves_nothing_is_a_full_disk),
        cmocka_unit_test(a_stale_file_is_opened_anew),
        cmocka_unit_test(patience_ends),
        cmocka_unit_test(what_lasts_is_not_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
