/* Files with good checksums in which values stand that no registry writes: the start takes what is
 * sound, says where the rest stands, sets the file aside, and nothing is counted over its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "actors/registry/storage/head.h"
#include "common/journal/record.h"
#include "common/naming/convert.h"
#include "tests/registry/node.h"

#define DIR "data/registry/"

static const int64_t some_time = 1700000000000000000;
static char long_name[300];

typedef void harm_fn(struct change *change);

#define HARM(name, field, value)                                                                   \
    static void name(struct change *change)                                                        \
    {                                                                                              \
        change->field = (value);                                                                   \
    }
HARM(age_below_unknown, age_ms, -2)
HARM(age_least, age_ms, INT64_MIN)
HARM(age_greatest, age_ms, INT64_MAX)
HARM(at_below_zero, at, -1)
HARM(at_least, at, INT64_MIN)
HARM(at_greatest, at, INT64_MAX)
HARM(latest_of_app_greatest, latest_timestamp, INT64_MAX)
HARM(latest_of_app_least, latest_timestamp, INT64_MIN)
HARM(dirty_greatest, instance.dirty_timestamp, INT64_MAX)
HARM(dirty_below_zero, instance.dirty_timestamp, -1)
HARM(renew_least, instance.renew_timestamp, INT64_MIN)
HARM(renew_greatest, instance.renew_timestamp, INT64_MAX)
HARM(reg_least, instance.reg_timestamp, INT64_MIN)
HARM(up_greatest, instance.up_timestamp, INT64_MAX)
HARM(latest_greatest, instance.latest_timestamp, INT64_MAX)
HARM(status_unknown, instance.status, 77)
HARM(no_addrs, instance.addrs, ((struct strs){0}))
HARM(no_hostname, instance.id.hostname, STR(""))
HARM(long_zone, instance.id.zone, ((struct str){long_name, sizeof(long_name)}))
HARM(long_env, instance.id.env, ((struct str){long_name, sizeof(long_name)}))
HARM(no_appid, instance.id.appid, STR(""))
HARM(metadata_twice, instance.metadata, ((struct strs){2, STR("\xa1k\xa1v\xa1k\xa1w")}))
HARM(metadata_unordered, instance.metadata, ((struct strs){2, STR("\xa1k\xa1v\xa1j\xa1w")}))
#undef HARM

static void odd_schedule(struct change *change)
{
    change->instance.id.zone = STR("");
    change->instance.id.hostname = STR("");
}

static void long_region(struct change *change)
{
    change->instance.region = (struct str){long_name, sizeof(long_name)};
}

static void tombstone_age_unknown(struct change *change)
{
    change->kind = CHANGE_CANCEL;
    change->age_ms = -1;
}

static void tombstone_age_greatest(struct change *change)
{
    change->kind = CHANGE_CANCEL;
    change->age_ms = INT64_MAX;
}

static void tombstone_age_least(struct change *change)
{
    change->kind = CHANGE_CANCEL;
    change->age_ms = INT64_MIN;
}

static void tombstone_at_least(struct change *change)
{
    change->kind = CHANGE_CANCEL;
    change->at = INT64_MIN;
}

static const struct {
    const char *name;
    harm_fn *harm;
} harms[] = {
#define ROW(name)                                                                                  \
    {                                                                                              \
#name, name                                                                                \
    }
    ROW(age_below_unknown),
    ROW(age_least),
    ROW(age_greatest),
    ROW(at_below_zero),
    ROW(at_least),
    ROW(at_greatest),
    ROW(latest_of_app_greatest),
    ROW(latest_of_app_least),
    ROW(dirty_greatest),
    ROW(dirty_below_zero),
    ROW(renew_least),
    ROW(renew_greatest),
    ROW(reg_least),
    ROW(up_greatest),
    ROW(latest_greatest),
    ROW(status_unknown),
    ROW(no_addrs),
    ROW(no_hostname),
    ROW(long_zone),
    ROW(long_env),
    ROW(no_appid),
    ROW(long_region),
    ROW(metadata_twice),
    ROW(metadata_unordered),
    ROW(odd_schedule),
    ROW(tombstone_age_unknown),
    ROW(tombstone_age_greatest),
    ROW(tombstone_age_least),
    ROW(tombstone_at_least),
#undef ROW
};

static void add_frame(struct buf *file, const struct msg *msg)
{
    size_t mark = record_begin(file);

    msg_encode(file, msg);
    record_end(file, mark);
}

static void add_head(struct buf *file, uint64_t seq, int64_t highest_at)
{
    struct msg head = {.type = MSG_TYPE_HEAD,
                       .as_head = {.format = head_format,
                                   .epoch = 77,
                                   .seq = seq,
                                   .machine_boot = STR("boot-1"),
                                   .highest_at = highest_at,
                                   .always = true}};

    add_frame(file, &head);
}

/* One of an app that all tests' hosts are of. */
static void add_change(struct buf *file, uint64_t seq, const char *hostname, harm_fn *harm)
{
    struct change change = {
        .kind = CHANGE_REGISTER,
        .spread = SPREAD_ZONE,
        .seq = seq,
        .gateway = 7,
        .number = seq,
        .at = some_time,
        .latest_timestamp = some_time,
        .instance = {.id = {STR("dev"), STR("app"), STR("sh001"), str_from(hostname)},
                     .region = STR("sh"),
                     .version = STR("1"),
                     .addrs = {1, STR("\xabhttp://a:80")},
                     .status = STATUS_UP,
                     .reg_timestamp = some_time,
                     .up_timestamp = some_time,
                     .renew_timestamp = some_time,
                     .dirty_timestamp = some_time,
                     .latest_timestamp = some_time},
    };
    struct msg msg;

    if (harm != NULL) {
        harm(&change);
    }
    msg_from_change(&change, &msg);
    add_frame(file, &msg);
}

static void add_foot(struct buf *file, uint64_t count, uint64_t seq)
{
    struct msg foot = {.type = MSG_TYPE_FOOT, .as_foot = {.count = count, .seq = seq}};

    add_frame(file, &foot);
}

static bool has(const struct node *node, const char *path)
{
    struct buf bytes = {0};
    bool found = disk_sim_get(node->sim, path, &bytes);

    buf_fini(&bytes);
    return found;
}

/* Goes on as a registry does: writes, heartbeats, snapshots to followers, time. */
static void use(struct node *node)
{
    struct msg command = node_register(node, "new");

    assert_int_equal(node_ask(node, &command).err, ERR_OK);
    command = node_renew(node, "before");
    assert_int_equal(node_ask(node, &command).err, ERR_OK);
    command = node_snapshot(node, 0);
    node_give(node, &command);
    node_turn(node);
    node_run(node, 3000);
}

/* "before" and "after" are there, what stood between them is not; and so it stays. */
static void check(struct node *node, const char *name, const char *aside)
{
    struct position at;

    node_start(node);
    node_settle(node);
    if (node_stat(node, METRIC_REGISTRY_DAMAGED_FILES) != 1 || !has(node, aside)) {
        fail_msg("%s: %lld places, set aside: %d", name,
                 (long long)node_stat(node, METRIC_REGISTRY_DAMAGED_FILES), has(node, aside));
    }
    assert_int_equal(node_stat(node, METRIC_REGISTRY_LOST_CHANGES), 1);
    assert_true(node_live(node, "before") && node_live(node, "after"));
    assert_false(node_live(node, "between"));
    assert_int_equal(node_stat(node, METRIC_REGISTRY_STORAGE_OK), 1);
    use(node);
    at = node_position(node);
    node_kill(node);
    node_start(node);
    assert_int_equal(node_stat(node, METRIC_REGISTRY_DAMAGED_FILES), 0);
    assert_int_equal(node_stat(node, METRIC_REGISTRY_LOST_CHANGES),
                     1); /* nobody has dealt with it */
    assert_true(node_position(node).epoch == at.epoch);
    assert_true(node_live(node, "before") && node_live(node, "after") && node_live(node, "new"));
}

static void a_journal_s_record_that_is_not_sound_is_passed_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++) {
        struct node node;
        struct buf file = {0};

        node_init(&node, 1);
        add_head(&file, 0, some_time);
        add_change(&file, 1, "before", NULL);
        add_change(&file, 2, "between", harms[i].harm);
        add_change(&file, 3, "after", NULL);
        disk_sim_put(node.sim, DIR "journal-0000000000000001.log", buf_str(&file));
        check(&node, harms[i].name, DIR "journal-0000000000000001.log.damaged");
        buf_fini(&file);
        node_fini(&node);
    }
}

static void a_snapshot_s_record_that_is_not_sound_is_passed_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++) {
        struct node node;
        struct buf file = {0};

        node_init(&node, 2);
        add_head(&file, 5, some_time);
        add_change(&file, 1, "before", NULL);
        add_change(&file, 2, "between", harms[i].harm);
        add_change(&file, 5, "after", NULL);
        add_foot(&file, 3, 5);
        disk_sim_put(node.sim, DIR "snapshot-0000000000000005.dat", buf_str(&file));
        file.len = 0;
        add_head(&file, 5, some_time);
        disk_sim_put(node.sim, DIR "journal-0000000000000006.log", buf_str(&file));
        check(&node, harms[i].name, DIR "snapshot-0000000000000005.dat.damaged");
        buf_fini(&file);
        node_fini(&node);
    }
}

static void a_head_that_is_not_sound_is_none(void **state)
{
    static const int64_t highest[] = {-1, INT64_MIN, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof(highest) / sizeof(highest[0]); i++) {
        struct node node;
        struct buf file = {0};
        struct msg command;

        node_init(&node, 3);
        add_head(&file, 0, highest[i]);
        add_change(&file, 1, "before", NULL);
        disk_sim_put(node.sim, DIR "journal-0000000000000001.log", buf_str(&file));
        node_start(&node);
        node_settle(&node);
        assert_int_equal(node_stat(&node, METRIC_REGISTRY_DAMAGED_FILES), 1);
        assert_true(has(&node, DIR "journal-0000000000000001.log.damaged"));
        assert_int_equal(node_stat(&node, METRIC_REGISTRY_LOST_CHANGES), 1);
        command = node_register(&node, "new");
        assert_int_equal(node_ask(&node, &command).err, ERR_OK);
        node_run(&node, 3000);
        buf_fini(&file);
        node_fini(&node);
    }
}

/* At the end of all numbers: not one that the next start would not find is given. */
static void numbers_that_are_used_up_are_said_and_not_written(void **state)
{
    static const uint64_t last = (uint64_t)1 << 62;
    struct node node;
    struct buf file = {0};
    struct msg command;

    (void)state;
    node_init(&node, 4);
    add_head(&file, last - 1, some_time);
    add_change(&file, last, "before", NULL);
    disk_sim_put(node.sim, DIR "journal-4000000000000000.log", buf_str(&file));
    node_start(&node);
    node_settle(&node);
    command = node_register(&node, "new");
    assert_int_equal(node_ask(&node, &command).err, ERR_OK);
    assert_int_equal(node_stat(&node, METRIC_REGISTRY_STORAGE_OK), 0);
    node_run(&node, 3000);
    node_kill(&node);
    node_start(&node);
    assert_true(node_live(&node, "before"));
    buf_fini(&file);
    node_fini(&node);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_journal_s_record_that_is_not_sound_is_passed_over),
        cmocka_unit_test(a_snapshot_s_record_that_is_not_sound_is_passed_over),
        cmocka_unit_test(a_head_that_is_not_sound_is_none),
        cmocka_unit_test(numbers_that_are_used_up_are_said_and_not_written),
    };

    memset(long_name, 'x', sizeof(long_name));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
