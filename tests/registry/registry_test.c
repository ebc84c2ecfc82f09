#include "common/naming/limits.h"
#include "tests/registry/node.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

static int setup(void **state)
{
    static struct node node;

    node_init(&node, 1);
    node_start(&node);
    *state = &node;
    return 0;
}

static int teardown(void **state)
{
    node_fini(*state);
    return 0;
}

static enum outbox_lane lane_of(struct node *node, uint64_t id)
{
    struct msg answer;
    enum outbox_lane lane = OUTBOX_LANE_COUNT;

    assert_true(node_answer(node, id, &answer, &lane));
    return lane;
}

/* ── lanes and syncs ── */

static void answers_a_write_after_the_sync_and_the_rest_before_it(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");
    struct msg renew = node_renew(node, "a");
    struct msg unknown = node_renew(node, "nobody");
    struct msg refused = node_register(node, "");
    struct msg none = node_cancel(node, "nobody");

    assert_int_equal(ERR_OK, node_ask(node, &write).err);
    assert_int_equal(OUTBOX_SYNCED, lane_of(node, write.as_register.id));
    assert_int_equal(ERR_OK, node_ask(node, &renew).err);
    assert_int_equal(OUTBOX_NOW, lane_of(node, renew.as_renew.id));
    assert_int_equal(ERR_NOT_FOUND, node_ask(node, &unknown).err);
    assert_int_equal(OUTBOX_NOW, lane_of(node, unknown.as_renew.id));
    assert_int_equal(ERR_INVALID, node_ask(node, &refused).err);
    assert_int_equal(OUTBOX_NOW, lane_of(node, refused.as_register.id));
    assert_int_equal(ERR_NOT_FOUND, node_ask(node, &none).err);
    assert_int_equal(OUTBOX_NOW, lane_of(node, none.as_cancel.id));
}

static void syncs_once_for_a_turn_of_many_writes_and_not_at_all_without_one(void **state)
{
    struct node *node = *state;
    int64_t syncs = node_stat(node, METRIC_REGISTRY_SYNC);
    uint64_t disk;
    struct msg renew;

    node_register_many(node, 0, 400);
    assert_int_equal(syncs + 1, node_stat(node, METRIC_REGISTRY_SYNC));
    disk = disk_sim_changes(node->sim);
    renew = node_renew(node, "host-0000001");
    (void)node_ask(node, &renew);
    renew = node_cancel(node, "nobody");
    (void)node_ask(node, &renew);
    node_run(node, 3000);
    assert_int_equal(disk, disk_sim_changes(node->sim));
}

static void a_renew_names_the_change_that_shows_its_instance(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");
    struct msg other = node_register(node, "b");
    struct msg renew = node_renew(node, "a");
    uint64_t seq = node_ask(node, &write).seq;
    struct msg_result result;

    (void)node_ask(node, &other);
    node_pause(node, 700);
    result = node_ask(node, &renew);
    assert_int_equal(seq, result.seq);
    assert_int_equal(node->clock.at.wall_ns, result.timestamp);
    assert_int_equal(node_position(node).epoch, result.epoch);
    assert_int_equal(node_position(node).boot, result.boot);
}

static void a_write_that_changes_nothing_publishes_nothing(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");
    uint64_t seq;

    write.as_register.dirty_timestamp = 1000;
    write.as_register.replication = true;
    write.as_register.origin = ORIGIN_PEER;
    seq = node_ask(node, &write).seq;
    write.as_register.id++;
    assert_int_equal(seq, node_ask(node, &write).seq);
    assert_int_equal(0, node_fact_count(node, MSG_TYPE_TURN));
    assert_int_equal(seq, node_position(node).seq);
}

/* ── write ids ── */

static void does_a_write_once_that_is_sent_twice_in_a_turn(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");
    struct msg_result result;

    node_give(node, &write);
    result = node_ask(node, &write);
    assert_int_equal(ERR_OK, result.err);
    assert_int_equal(1, result.seq);
    assert_int_equal(1, node_position(node).seq);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_REPEATED));
}

static void answers_a_repeated_write_as_before_whatever_came_between(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");
    struct msg cancel = node_cancel(node, "a");

    assert_int_equal(1, node_ask(node, &write).seq);
    assert_int_equal(2, node_ask(node, &cancel).seq);
    assert_int_equal(1, node_ask(node, &write).seq);
    assert_false(node_live(node, "a"));
    assert_int_equal(2, node_ask(node, &cancel).seq);
    assert_int_equal(ERR_OK, node_ask(node, &cancel).err);
}

static void does_a_write_once_over_a_kill(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");
    struct msg cancel = node_cancel(node, "a");
    struct position before;
    struct msg set;
    uint64_t set_id;

    node_register_many(node, 0, 5);
    set = node_set(node, 0, 5, STATUS_WAITING);
    assert_int_equal(10, node_ask(node, &set).seq);
    set_id = set.as_set.id;
    assert_int_equal(11, node_ask(node, &write).seq);
    assert_int_equal(12, node_ask(node, &cancel).seq);
    before = node_position(node);
    node_kill(node);
    node_start(node);
    assert_int_equal(before.epoch, node_position(node).epoch);
    assert_int_equal(before.seq, node_position(node).seq);
    assert_true(before.boot != node_position(node).boot);
    assert_int_equal(11, node_ask(node, &write).seq);
    assert_int_equal(12, node_ask(node, &cancel).seq);
    set = node_set(node, 0, 5, STATUS_WAITING);
    set.as_set.id = set_id;
    assert_int_equal(10, node_ask(node, &set).seq);
    assert_int_equal(before.seq, node_position(node).seq);
}

static void a_write_the_kill_swallowed_is_done_when_sent_again(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");

    node_give(node, &write); /* and no turn_end */
    node_kill(node);
    node_start(node);
    assert_false(node_live(node, "a"));
    assert_int_equal(1, node_ask(node, &write).seq);
    assert_true(node_live(node, "a"));
}

static void forgets_a_write_id_after_twice_the_deadline(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");
    struct msg again;

    (void)node_ask(node, &write);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_REMEMBERED));
    node_run(node, 10000);
    again = write;
    again.as_register.expires = INT64_MAX;
    assert_int_equal(1, node_ask(node, &again).seq);
    node_run(node, 1000);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_REMEMBERED));
    assert_int_equal(2, node_ask(node, &again).seq);
}

static void refuses_a_write_whose_time_is_over(void **state)
{
    struct node *node = *state;
    struct msg commands[] = {node_register(node, "a"), node_cancel(node, "a"),
                             node_renew(node, "a")};

    node_pause(node, 5001);
    for (unsigned i = 0; i < 3; i++) {
        struct msg_result result = node_ask(node, &commands[i]);

        assert_int_equal(ERR_TIMEOUT, result.err);
        assert_true(result.text.len > 0);
        assert_int_equal(OUTBOX_NOW, lane_of(node, result.id));
    }
    assert_int_equal(3, node_stat(node, METRIC_REGISTRY_EXPIRED));
    assert_int_equal(0, node_position(node).seq);
}

static void a_write_that_was_done_is_answered_ok_also_past_its_time(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");

    (void)node_ask(node, &write);
    node_run(node, 6000);
    assert_int_equal(ERR_OK, node_ask(node, &write).err);
}

/* ── latest_timestamp ── */

static void latest_timestamp_of_an_app_survives_a_restart(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");
    int64_t latest;

    (void)node_ask(node, &write);
    write = node_register(node, "b");
    (void)node_ask(node, &write);
    latest = node_app_latest(node);
    assert_true(latest > node->clock.at.wall_ns);
    node_kill(node);
    node_start(node);
    assert_int_equal(latest, node_app_latest(node));
    node_stop(node);
    node_start(node);
    assert_int_equal(latest, node_app_latest(node));
}

static void a_new_app_starts_above_the_highest_ever_taken_from_the_clock(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");
    int64_t highest = node->clock.at.wall_ns;

    (void)node_ask(node, &write);
    write = node_cancel(node, "a");
    (void)node_ask(node, &write);
    node_kill(node);
    node->clock.at.wall_ns -= 3600000000000; /* the clock was set back by an hour */
    node_start(node);
    write = node_register(node, "b");
    assert_int_equal(ERR_OK, node_ask(node, &write).err);
    assert_true(node_app_latest(node) > highest);
}

static void an_app_that_comes_back_after_the_clock_was_set_back_goes_on_above(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");
    int64_t latest;

    (void)node_ask(node, &write);
    node->clock.at.wall_ns -= 3600000000000;
    for (unsigned i = 0; i < 10; i++) { /* it counts on, one by one */
        write = node_register(node, "a");
        (void)node_ask(node, &write);
    }
    latest = node_app_latest(node);
    write = node_cancel(node, "a");
    (void)node_ask(node, &write);
    write = node_register(node, "b");
    (void)node_ask(node, &write);
    assert_true(node_app_latest(node) > latest + 1);
}

static void a_clients_jump_of_time_does_not_count_for_new_apps(void **state)
{
    struct node *node = *state;
    struct msg write = node_register(node, "a");

    write.as_register.appid = STR("other");
    write.as_register.dirty_timestamp = timestamp_max;
    assert_int_equal(ERR_OK, node_ask(node, &write).err);
    write = node_register(node, "b");
    (void)node_ask(node, &write);
    assert_true(node_app_latest(node) < node->clock.at.wall_ns + 10000);
}

static void counts_stamps_that_are_a_day_ahead_and_takes_them(void **state)
{
    static const int64_t day_ns = INT64_C(86400) * 1000000000;
    struct node *node = *state;
    struct msg write = node_register(node, "a");

    write.as_register.dirty_timestamp = node->clock.at.wall_ns + day_ns - 1000000000;
    assert_int_equal(ERR_OK, node_ask(node, &write).err);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_STAMPS_AHEAD));
    write = node_register(node, "b");
    write.as_register.dirty_timestamp = node->clock.at.wall_ns + day_ns + 1000000000;
    assert_int_equal(ERR_OK, node_ask(node, &write).err);
    assert_true(node_live(node, "b"));
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_STAMPS_AHEAD));
}

/* ── bounds ── */

static void refuses_a_set_that_would_not_fit_one_journal_record(void **state)
{
    struct node *node = *state;
    static char value[16000];
    struct buf metadata = {0};
    char name[16];
    struct msg set;

    memset(value, 'v', sizeof(value));
    strs_pack(&metadata, STR("k"));
    strs_pack(&metadata, (struct str){value, sizeof(value)});
    for (uint32_t i = 0; i < 1000; i++) {
        struct msg write = node_register(node, node_host_name(i, name));

        write.as_register.metadata = (struct strs){1, buf_str(&metadata)};
        node_give(node, &write);
        if (i % 100 == 99) {
            node_turn(node);
        }
    }
    set = node_set(node, 0, 1000, STATUS_WAITING);
    assert_int_equal(ERR_INVALID, node_ask(node, &set).err);
    assert_int_equal(1000, node_position(node).seq);
    set = node_set(node, 0, 200, STATUS_WAITING);
    assert_int_equal(ERR_OK, node_ask(node, &set).err);
    assert_int_equal(1200, node_position(node).seq);
    buf_fini(&metadata);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(answers_a_write_after_the_sync_and_the_rest_before_it),
        TEST(syncs_once_for_a_turn_of_many_writes_and_not_at_all_without_one),
        TEST(a_renew_names_the_change_that_shows_its_instance),
        TEST(a_write_that_changes_nothing_publishes_nothing),
        TEST(does_a_write_once_that_is_sent_twice_in_a_turn),
        TEST(answers_a_repeated_write_as_before_whatever_came_between),
        TEST(does_a_write_once_over_a_kill),
        TEST(a_write_the_kill_swallowed_is_done_when_sent_again),
        TEST(forgets_a_write_id_after_twice_the_deadline),
        TEST(refuses_a_write_whose_time_is_over),
        TEST(a_write_that_was_done_is_answered_ok_also_past_its_time),
        TEST(latest_timestamp_of_an_app_survives_a_restart),
        TEST(a_new_app_starts_above_the_highest_ever_taken_from_the_clock),
        TEST(an_app_that_comes_back_after_the_clock_was_set_back_goes_on_above),
        TEST(a_clients_jump_of_time_does_not_count_for_new_apps),
        TEST(counts_stamps_that_are_a_day_ahead_and_takes_them),
        TEST(refuses_a_set_that_would_not_fit_one_journal_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
