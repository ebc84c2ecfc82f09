/* A backup is taken when it is whole, and only then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "actors/ctl/backup_file.h"
#include "common/journal/head.h"
#include "common/naming/convert.h"

static void add_head(struct buf *to, uint32_t format)
{
    struct msg msg = {.type = MSG_TYPE_HEAD};

    msg.as_head = (struct msg_head){.format = format, .epoch = 0xa1, .seq = 5, .highest_at = 1000};
    backup_frame(to, &msg);
}

static void add_foot(struct buf *to, uint64_t count, uint64_t seq)
{
    struct msg msg = {.type = MSG_TYPE_FOOT, .as_foot = {.count = count, .seq = seq}};

    backup_frame(to, &msg);
}

static void add_change(struct buf *to, enum change_kind kind, uint64_t seq, const char *hostname)
{
    struct buf addrs = {0};
    struct change change = {.kind = kind, .seq = seq, .latest_timestamp = 7};
    struct msg msg;

    strs_pack(&addrs, STR("http://x"));
    change.instance.id = (struct identity){STR("dev"), STR("app"), STR("z"), str_from(hostname)};
    change.instance.dirty_timestamp = 3;
    if (change_is_live(kind)) {
        change.instance.addrs = (struct strs){1, buf_str(&addrs)};
        change.instance.status = 1;
        change.instance.reg_timestamp = 3;
    }
    msg_from_change(&change, &msg);
    backup_frame(to, &msg);
    buf_fini(&addrs);
}

static void add_whole(struct buf *to)
{
    add_head(to, head_format);
    add_change(to, CHANGE_REGISTER, 3, "h1");
    add_change(to, CHANGE_CANCEL, 4, "h2");
    add_change(to, CHANGE_REGISTER, 6, "h3"); /* came while it was taken */
    add_foot(to, 3, 6);
}

static bool note(void *state, const struct change *change)
{
    struct buf *seen = state;

    buf_printf(seen, "%s %.*s %d;", change_kind_name(change->kind),
               STR_ARG(change->instance.id.hostname), (int)change->seq);
    return true;
}

static void refused(struct buf *bytes, const char *fault)
{
    struct backup_info info;

    assert_int_not_equal(ERR_OK, backup_read(buf_str(bytes), NULL, NULL, &info));
    assert_string_equal(fault, info.fault);
    buf_fini(bytes);
}

static void what_is_whole_is_read_in_order(void **state)
{
    struct buf bytes = {0};
    struct buf seen = {0};
    struct backup_info info;

    (void)state;
    add_whole(&bytes);
    assert_int_equal(ERR_OK, backup_read(buf_str(&bytes), note, &seen, &info));
    buf_add_char(&seen, '\0');
    assert_string_equal("register h1 3;cancel h2 4;register h3 6;", seen.data);
    assert_true(info.epoch == 0xa1 && info.seq == 6 && info.taken_ns == 1000 && info.count == 3);
    assert_true(info.bytes == bytes.len);
    buf_fini(&bytes);
    buf_fini(&seen);
}

static void no_part_of_it_and_nothing_more_is_taken(void **state)
{
    struct buf bytes = {0};
    struct backup_info info;

    (void)state;
    add_whole(&bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(ERR_CORRUPT,
                         backup_read((struct str){bytes.data, len}, NULL, NULL, &info));
        assert_true(info.bytes <= len);
    }
    buf_add_char(&bytes, 'x');
    refused(&bytes, "there is something behind its end");
}

static void no_bit_may_be_another(void **state)
{
    struct buf bytes = {0};
    struct backup_info info;

    (void)state;
    add_whole(&bytes);
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
        assert_int_not_equal(ERR_OK, backup_read(buf_str(&bytes), NULL, NULL, &info));
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
    }
    assert_int_equal(ERR_OK, backup_read(buf_str(&bytes), NULL, NULL, &info));
    buf_fini(&bytes);
}

/* Checksums are right, yet no registry wrote it. */
static void what_no_registry_has_made_is_refused(void **state)
{
    struct msg ping = {.type = MSG_TYPE_PING};
    struct buf bytes = {0};

    (void)state;
    add_head(&bytes, 2);
    refused(&bytes, "it was written by another version of muster");
    add_foot(&bytes, 0, 5);
    refused(&bytes, "it does not begin as a backup does");
    add_head(&bytes, head_format);
    backup_frame(&bytes, &ping);
    refused(&bytes, "a record that is none of a registry's");
    add_head(&bytes, head_format);
    add_change(&bytes, CHANGE_REGISTER, 3, "");
    refused(&bytes, "a record that no registry has made");
    add_head(&bytes, head_format);
    add_change(&bytes, CHANGE_REGISTER, seq_max + 1, "h");
    refused(&bytes, "a record that no registry has made");
    add_head(&bytes, head_format);
    add_change(&bytes, CHANGE_REGISTER, 3, "h");
    add_foot(&bytes, 2, 6);
    refused(&bytes, "it has not as many records as its end says");
    add_head(&bytes, head_format);
    add_foot(&bytes, 0, 4); /* before it began */
    refused(&bytes, "it has not as many records as its end says");
    add_head(&bytes, head_format);
    add_change(&bytes, CHANGE_REGISTER, 3, "h");
    refused(&bytes, "it was cut short");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_whole_is_read_in_order),
        cmocka_unit_test(no_part_of_it_and_nothing_more_is_taken),
        cmocka_unit_test(no_bit_may_be_another),
        cmocka_unit_test(what_no_registry_has_made_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
