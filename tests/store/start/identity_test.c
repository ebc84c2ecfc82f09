/* The ids of a member: as etcd makes them, and kept. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actors/store/start/identity.h"
#include "common/journal/record.h"
#include "tests/journal/disk_sim.h"

static void expect(const char *urls, const char *token, uint64_t cluster, uint64_t member)
{
    char text[256];
    char *items[8];
    size_t count = 0;
    struct identity made;

    (void)snprintf(text, sizeof(text), "%s", urls);
    for (char *at = text; at != NULL; count++) {
        items[count] = strsep(&at, " ");
    }
    made = identity_of(items, count, token);
    assert_int_equal(member, made.member);
    assert_int_equal(cluster, made.cluster);
}

/* Told by Debian's etcd-server, started so. */
static void ids_are_those_etcd_makes(void **state)
{
    (void)state;
    expect("http://localhost:2380", "etcd-cluster", 0xcdf818194e3a8c32, 0x8e9e05c52164694d);
    expect("http://127.0.0.1:2380", "golden-h", 0x44f695bb709d8f68, 0x5f9edd83897de67d);
    expect("http://127.0.0.1:2380", "golden-a", 0xcdc20c7db4f3cf6e, 0xa6d5484fe31ad4c5);
}

static void the_order_of_urls_is_nothing_to_them(void **state)
{
    char *ab[] = {"http://a:1", "http://b:1"};
    char *ba[] = {"http://b:1", "http://a:1"};
    struct identity one = identity_of(ab, 2, "t");
    struct identity other = identity_of(ba, 2, "t");

    (void)state;
    assert_int_equal(one.member, other.member);
    assert_int_equal(one.cluster, other.cluster);
    assert_int_not_equal(one.member, identity_of(ab, 1, "t").member);
    assert_string_equal("http://b:1", ba[0]); /* what is borrowed stays as it was */
}

static const char path[] = "/d/identity";

struct kept {
    struct disk_sim *disk;
    struct volume dir;
};

static void kept_begin(struct kept *self)
{
    self->disk = disk_sim_new(1);
    self->dir = (struct volume){.disk = disk_sim_disk(self->disk), .clock = &clock_os, .dir = "/d"};
    assert_int_equal(0, self->dir.disk->make_dir(self->dir.disk, "/d"));
    assert_int_equal(0, self->dir.disk->sync_dir(self->dir.disk, "/"));
}

static void they_are_read_back_and_every_bit_gone_bad_is_seen(void **state)
{
    const struct identity written = {0xcdf818194e3a8c32, 0x8e9e05c52164694d};
    struct identity read = {0};
    struct buf bytes = {0};
    struct kept self;

    (void)state;
    kept_begin(&self);
    assert_int_equal(ERR_UNUSABLE, identity_read(&self.dir, &read)); /* there is none */
    assert_int_equal(ERR_OK, identity_write(&self.dir, &written));
    assert_int_equal(ERR_OK, identity_read(&self.dir, &read));
    assert_int_equal(written.cluster, read.cluster);
    assert_int_equal(written.member, read.member);
    assert_true(disk_sim_get(self.disk, path, &bytes));
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        assert_true(disk_sim_flip(self.disk, path, bit / 8, (unsigned char)(1U << bit % 8)));
        assert_int_equal(ERR_CORRUPT, identity_read(&self.dir, &read));
        assert_true(disk_sim_flip(self.disk, path, bit / 8, (unsigned char)(1U << bit % 8)));
    }
    for (size_t part = 0; part < bytes.len; part++) {
        disk_sim_put(self.disk, path, (struct str){bytes.data, part});
        assert_int_equal(ERR_CORRUPT, identity_read(&self.dir, &read));
    }
    buf_add_char(&bytes, 'x');
    disk_sim_put(self.disk, path, buf_str(&bytes));
    assert_int_equal(ERR_CORRUPT, identity_read(&self.dir, &read));
    buf_fini(&bytes);
    disk_sim_destroy(&self.disk);
}

static void those_of_a_later_version_are_told_from_damage(void **state)
{
    struct msg msg = {.type = MSG_TYPE_MEMBER_IDS,
                      .as_member_ids = {.format = 2, .cluster = 1, .member = 2}};
    struct identity read = {0};
    struct buf frame = {0};
    size_t mark = record_begin(&frame);
    struct kept self;

    (void)state;
    msg_encode(&frame, &msg);
    record_end(&frame, mark);
    kept_begin(&self);
    disk_sim_put(self.disk, path, buf_str(&frame));
    assert_int_equal(ERR_UNSUPPORTED, identity_read(&self.dir, &read));
    buf_fini(&frame);
    disk_sim_destroy(&self.disk);
}

static void what_passes_is_waited_for(void **state)
{
    const struct identity written = {7, 8};
    struct identity read = {0};
    struct kept self;

    (void)state;
    kept_begin(&self);
    assert_int_equal(ERR_OK, identity_write(&self.dir, &written));
    self.dir.patience_ms = 10000;
    disk_sim_fail(self.disk, DISK_OP_READ, 0, 20, EMFILE);
    assert_int_equal(ERR_OK, identity_read(&self.dir, &read));
    assert_int_equal(2000, disk_sim_waited_ms(self.disk));
    disk_sim_fail(self.disk, DISK_OP_READ, 0, 1000, EMFILE);
    assert_int_equal(ERR_UNUSABLE, identity_read(&self.dir, &read));
    assert_int_equal(10000, disk_sim_waited_ms(self.disk));
    disk_sim_destroy(&self.disk);
}

static void a_power_cut_leaves_them_whole_or_not_there(void **state)
{
    const struct identity written = {7, 8};

    (void)state;
    for (unsigned keep = DISK_KEEP_NOTHING; keep <= DISK_KEEP_GARBAGE; keep++) {
        bool done = false;

        for (uint32_t changes = 0; !done; changes++) {
            struct identity read = {0};
            struct kept self;
            enum err err;

            kept_begin(&self);
            disk_sim_die_after(self.disk, changes);
            done = identity_write(&self.dir, &written) == ERR_OK;
            disk_sim_die_after(self.disk, UINT32_MAX);
            disk_sim_kill(self.disk);
            disk_sim_power_cut(self.disk, (enum disk_sim_keep)keep, changes);
            err = identity_read(&self.dir, &read);
            assert_true(err == ERR_UNUSABLE ||
                        (err == ERR_OK && read.member == 8 && read.cluster == 7));
            assert_true(!done || err == ERR_OK);
            disk_sim_destroy(&self.disk);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_those_etcd_makes),
        cmocka_unit_test(the_order_of_urls_is_nothing_to_them),
        cmocka_unit_test(they_are_read_back_and_every_bit_gone_bad_is_seen),
        cmocka_unit_test(those_of_a_later_version_are_told_from_damage),
        cmocka_unit_test(what_passes_is_waited_for),
        cmocka_unit_test(a_power_cut_leaves_them_whole_or_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
