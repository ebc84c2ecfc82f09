/* Who is evicted, when, how many at a time; and how tombstones end. */
#include "tests/registry/node.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

static const int64_t idle_ms = 90000;
static const int64_t ceiling_ms = 3600000;
static const int64_t tombstone_ms = 3600000 + 600000;

static int setup(void **state)
{
    static struct node node;

    node_init(&node, 31);
    node_start(&node);
    *state = &node;
    return 0;
}

static int teardown(void **state)
{
    node_fini(*state);
    return 0;
}

static enum err evict(struct node *node, int64_t idle, uint32_t limit)
{
    struct msg command = node_evict(node, idle, limit);
    enum err err = (enum err)node_ask(node, &command).err;

    node_settle(node);
    return err;
}

static int64_t live(struct node *node)
{
    return node_stat(node, METRIC_REGISTRY_INSTANCES);
}

static void renew(struct node *node, const char *hostname)
{
    struct msg command = node_renew(node, hostname);

    assert_int_equal(ERR_OK, node_ask(node, &command).err);
}

/* ── refusals ── */

static void refuses_an_evictor_that_speaks_of_another_run(void **state)
{
    struct node *node = *state;
    struct msg command = node_evict(node, idle_ms, 10);
    struct msg_result result;

    command.as_evict.epoch++;
    assert_int_equal(ERR_REFUSED, node_ask(node, &command).err);
    command = node_evict(node, idle_ms, 10);
    command.as_evict.boot++;
    result = node_ask(node, &command);
    assert_int_equal(ERR_REFUSED, result.err);
    assert_true(result.text.len > 0);
    assert_int_equal(ERR_OK, evict(node, idle_ms, 10)); /* a refused round is no round */
}

static void refuses_a_picture_over_three_ticks_old(void **state)
{
    struct node *node = *state;
    struct msg command;

    node_run(node, 10000);
    command = node_evict(node, idle_ms, 10);
    command.as_evict.tick = 6;
    assert_int_equal(ERR_REFUSED, node_ask(node, &command).err);
    command = node_evict(node, idle_ms, 10);
    command.as_evict.tick = 7;
    assert_int_equal(ERR_OK, node_ask(node, &command).err);
}

static void refuses_a_round_too_soon_after_the_last(void **state)
{
    struct node *node = *state;

    assert_int_equal(ERR_OK, evict(node, idle_ms, 10));
    node_run(node, 29000);
    assert_int_equal(ERR_REFUSED, evict(node, idle_ms, 10));
    node_run(node, 1000);
    assert_int_equal(ERR_OK, evict(node, idle_ms, 10));
}

static void refuses_an_idle_time_below_its_own(void **state)
{
    assert_int_equal(ERR_REFUSED, evict(*state, idle_ms - 1, 10));
    assert_int_equal(ERR_OK, evict(*state, ceiling_ms, 10));
}

/* ── rounds ── */

static void evicts_nobody_before_the_limit_of_silence(void **state)
{
    struct node *node = *state;

    node_register_many(node, 0, 10);
    node_run(node, idle_ms - 1000);
    assert_int_equal(ERR_OK, evict(node, idle_ms, 10));
    assert_int_equal(10, live(node));
    node_run(node, 30000);
    assert_int_equal(ERR_OK, evict(node, idle_ms, 10));
    assert_true(live(node) < 10);
}

static void a_round_takes_one_minus_share_of_the_live_and_at_least_one(void **state)
{
    struct node *node = *state;

    node_register_many(node, 0, 100);
    node_run(node, idle_ms);
    assert_int_equal(100, node_stat(node, METRIC_REGISTRY_IDLE));
    assert_int_equal(ERR_OK, evict(node, idle_ms, UINT32_MAX));
    assert_int_equal(85, live(node)); /* 100 - int(85.0) */
    node_run(node, 60000);
    assert_int_equal(85, live(node)); /* what a round left is the next round's */
    assert_int_equal(ERR_OK, evict(node, idle_ms, 3));
    assert_int_equal(82, live(node)); /* the evictor asked for fewer */
    node->config.evictor_share = 1.0;
    node_run(node, 60000);
    assert_int_equal(ERR_OK, evict(node, idle_ms, 100));
    assert_int_equal(81, live(node));
    assert_int_equal(19, node_stat(node, METRIC_REGISTRY_EVICTIONS));
}

static void under_protection_only_those_past_the_ceiling_go(void **state)
{
    struct node *node = *state;

    node_register_many(node, 0, 50);
    node_run(node, ceiling_ms - 200000);
    node_register_many(node, 50, 50);
    node_run(node, 200000);
    assert_int_equal(100, node_stat(node, METRIC_REGISTRY_IDLE));
    node->config.evictor_share = 0;
    assert_int_equal(ERR_OK, evict(node, ceiling_ms, 100));
    assert_int_equal(50, live(node));
    assert_false(node_live(node, "host-0000049"));
    assert_true(node_live(node, "host-0000050"));
}

static void never_evicts_its_own_node(void **state)
{
    struct node *node = *state;
    struct msg own = node_register(node, "node-1");
    struct msg other = node_register(node, "node-2");

    own.as_register.appid = other.as_register.appid = STR("infra.discovery");
    own.as_register.origin = other.as_register.origin = ORIGIN_SELF;
    assert_int_equal(ERR_OK, node_ask(node, &own).err);
    assert_int_equal(ERR_OK, node_ask(node, &other).err);
    node->config.evictor_share = 0;
    for (unsigned i = 0; i < 4; i++) {
        node_run(node, idle_ms);
        assert_int_equal(ERR_OK, evict(node, idle_ms, 100));
    }
    assert_int_equal(1, live(node));
    assert_true(registry_is_live(
        registry_actor_registry(node->actor),
        registry_find(registry_actor_registry(node->actor),
                      identity_key(&(struct identity){STR("dev"), STR("infra.discovery"),
                                                      STR("sh001"), STR("node-1")}))));
}

static void a_heartbeat_in_time_saves(void **state)
{
    struct node *node = *state;

    node_register_many(node, 0, 10);
    node_run(node, idle_ms - 1000);
    renew(node, "host-0000003");
    node_run(node, 1000);
    renew(node, "host-0000007"); /* idle already, but not asked for yet */
    assert_int_equal(8, node_stat(node, METRIC_REGISTRY_IDLE));
    node->config.evictor_share = 0;
    assert_int_equal(ERR_OK, evict(node, idle_ms, 100));
    assert_int_equal(2, live(node));
    assert_true(node_live(node, "host-0000003"));
    assert_true(node_live(node, "host-0000007"));
}

static void an_evicted_instance_leaves_no_tombstone(void **state)
{
    struct node *node = *state;
    struct msg fact = {0};
    struct str topic;
    size_t bytes;
    size_t cursor = 0;
    struct str rest;
    struct msg record;
    struct msg command;

    node_register_many(node, 0, 1);
    node_run(node, idle_ms);
    command = node_evict(node, idle_ms, 1);
    (void)node_ask(node, &command);
    assert_true(node_fact(node, &cursor, MSG_TYPE_TURN, &fact, &topic, &bytes));
    rest = fact.as_turn.records.bytes;
    assert_true(msg_next(&rest, &record));
    assert_int_equal(MSG_TYPE_GONE, record.type);
    assert_int_equal(CHANGE_EVICT, record.as_gone.kind);
    assert_int_equal(SPREAD_NOWHERE, record.as_gone.spread);
    assert_int_equal(1, node_fact_count(node, MSG_TYPE_CHANGED)); /* its watchers are told */
    assert_false(node_holds(node, "host-0000000"));
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_TOMBSTONES));
}

static void thousands_go_in_slices_over_several_turns(void **state)
{
    struct node *node = *state;
    struct msg command;
    unsigned turns = 1;

    node_register_many(node, 0, 5000);
    node_run(node, idle_ms);
    assert_int_equal(5000, node_stat(node, METRIC_REGISTRY_IDLE));
    node->config.evictor_share = 0;
    command = node_evict(node, idle_ms, UINT32_MAX);
    (void)node_ask(node, &command);
    while (node->again) {
        int64_t before = live(node);

        node_turn(node);
        assert_in_range(before - live(node), 0, 256);
        turns++;
    }
    assert_int_equal(0, live(node));
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_APPS));
    assert_in_range(turns, 5000 / 256, 5000 / 256 + 2);
}

static void removals_make_way_for_commands_but_go_on(void **state)
{
    struct node *node = *state;
    struct msg command;
    int64_t before;

    node_register_many(node, 0, 1000);
    node_run(node, idle_ms);
    node->config.evictor_share = 0;
    command = node_evict(node, idle_ms, UINT32_MAX);
    node_give(node, &command);
    before = node_stat(node, METRIC_REGISTRY_EVICTIONS);
    node_register_many(node, 1000, 499); /* in one turn */
    assert_int_equal(before + 32, node_stat(node, METRIC_REGISTRY_EVICTIONS));
    node_settle(node);
    assert_int_equal(before + 1000, node_stat(node, METRIC_REGISTRY_EVICTIONS));
}

static void many_that_fell_silent_at_once_are_found_at_once(void **state)
{
    struct node *node = *state;

    node_register_many(node, 0, 20000); /* more than are looked at in one turn */
    node_run(node, idle_ms);
    assert_int_equal(20000, node_stat(node, METRIC_REGISTRY_IDLE));
}

/* Bit i: host i of 20 was evicted, of a node with this seed. */
static uint32_t victims_of(uint64_t seed)
{
    struct node node;
    uint32_t victims = 0;

    node_init(&node, seed);
    node_start(&node);
    node_register_many(&node, 0, 20);
    node_run(&node, idle_ms);
    assert_int_equal(ERR_OK, evict(&node, idle_ms, 3));
    for (uint32_t i = 0; i < 20; i++) {
        char name[16];

        victims |= (uint32_t)!node_live(&node, node_host_name(i, name)) << i;
    }
    assert_int_equal(17, live(&node));
    node_fini(&node);
    return victims;
}

static void draws_its_victims_by_lot(void **state)
{
    uint32_t seen = 0;

    (void)state;
    assert_int_equal(victims_of(100), victims_of(100));
    for (uint64_t seed = 100; seed < 140; seed++) {
        seen |= victims_of(seed * 1000);
    }
    assert_int_equal((1u << 20) - 1, seen); /* everybody has been drawn once in 120 draws */
}

/* ── ages ── */

static void a_pause_of_the_process_evicts_nobody(void **state)
{
    struct node *node = *state;

    node_register_many(node, 0, 10);
    node_pause(node, 100000);
    node_turn(node);
    node_settle(node);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE));
    node_run(node, 3000);
    assert_int_equal(ERR_OK, evict(node, idle_ms, 10));
    assert_int_equal(10, live(node));
    node_run(node, idle_ms - 6000); /* 2 s of the pause count */
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE));
    node_run(node, 1000);
    assert_int_equal(10, node_stat(node, METRIC_REGISTRY_IDLE));
}

/* With a limit so short the 2 s that count make everybody idle; their heartbeats wait behind the
 * EVICT. */
static void what_the_evictor_asked_before_a_pause_is_not_done_after_it(void **state)
{
    struct node *node = *state;
    struct msg command;

    node->config.evictor_idle = 2000;
    node_stop(node);
    node_start(node);
    node_register_many(node, 0, 10);
    command = node_evict(node, 2000, 10);
    node_pause(node, 100000);
    assert_int_equal(ERR_REFUSED, node_ask(node, &command).err);
    node_settle(node);
    assert_int_equal(10, live(node));
    node_run(node, 1000);
    assert_int_equal(10, node_stat(node, METRIC_REGISTRY_IDLE));
    for (uint32_t host = 0; host < 10; host++) {
        char name[16];

        renew(node, node_host_name(host, name));
    }
    node_run(node, 1999);
    assert_int_equal(ERR_REFUSED, evict(node, 2000, 10));
    node_run(node, 1);
    renew(node, "host-0000001");
    assert_int_equal(ERR_OK, evict(node, 2000, 1));
    assert_int_equal(9, live(node));
    assert_true(node_live(node, "host-0000001"));
}

static void a_round_under_way_ends_when_the_registry_stands_still(void **state)
{
    struct node *node = *state;
    struct msg command;

    node_register_many(node, 0, 6000);
    node_run(node, idle_ms);
    command = node_evict(node, idle_ms, 6000);
    assert_int_equal(ERR_OK, node_ask(node, &command).err);
    assert_int_equal(6000 - 256, live(node));
    node_pause(node, 2001);
    node_turn(node);
    node_settle(node);
    assert_int_equal(6000 - 256, live(node));
}

static void after_a_restart_everybody_is_young(void **state)
{
    struct node *node = *state;

    node_register_many(node, 0, 10);
    node_run(node, idle_ms + 10000);
    assert_int_equal(10, node_stat(node, METRIC_REGISTRY_IDLE));
    node_kill(node);
    node_pause(node, ceiling_ms);
    node_start(node);
    node_run(node, idle_ms - 1000);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE));
    assert_int_equal(ERR_OK, evict(node, idle_ms, 10));
    assert_int_equal(10, live(node));
    node_run(node, 1000);
    assert_int_equal(10, node_stat(node, METRIC_REGISTRY_IDLE));
}

static void one_that_comes_back_begins_young(void **state)
{
    struct node *node = *state;
    struct msg command;

    node_register_many(node, 0, 1);
    node_run(node, idle_ms);
    command = node_cancel(node, "host-0000000");
    (void)node_ask(node, &command);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE));
    node_register_many(node, 0, 1);
    node_run(node, 1000);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE));
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_TOMBSTONES));
}

/* ── tombstones ── */

static void cancel(struct node *node, const char *hostname)
{
    struct msg command = node_cancel(node, hostname);

    assert_int_equal(ERR_OK, node_ask(node, &command).err);
}

static void a_tombstone_ends_ten_minutes_after_the_ceiling(void **state)
{
    struct node *node = *state;

    node_register_many(node, 0, 1);
    cancel(node, "host-0000000");
    assert_true(node_holds(node, "host-0000000"));
    node_run(node, tombstone_ms - 1000);
    assert_true(node_holds(node, "host-0000000"));
    node_run(node, 1000);
    assert_false(node_holds(node, "host-0000000"));
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_FORGOTTEN));
}

static void a_pause_does_not_age_a_tombstone(void **state)
{
    struct node *node = *state;

    node_register_many(node, 0, 1);
    cancel(node, "host-0000000");
    node_pause(node, 2 * tombstone_ms);
    node_turn(node);
    node_settle(node);
    assert_true(node_holds(node, "host-0000000"));
    node_run(node, tombstone_ms - 2000);
    assert_false(node_holds(node, "host-0000000"));
}

static void the_end_of_a_tombstone_wakes_nobody(void **state)
{
    struct node *node = *state;
    struct msg fact = {0};
    struct str topic;
    size_t bytes;
    size_t cursor = 0;
    int64_t latest;

    node_register_many(node, 0, 2);
    cancel(node, "host-0000000");
    latest = node_app_latest(node);
    for (unsigned i = 0; node_holds(node, "host-0000000"); i++) {
        assert_true(i <= tombstone_ms / 1000);
        node_pause(node, 1000);
        node_turn(node);
    }
    assert_true(node_fact(node, &cursor, MSG_TYPE_TURN, &fact, &topic, &bytes));
    assert_int_equal(1, fact.as_turn.records.count);
    assert_int_equal(0, node_fact_count(node, MSG_TYPE_CHANGED));
    assert_int_equal(latest, node_app_latest(node));
    assert_true(node_live(node, "host-0000001"));
}

/* A snapshot carries the ages; after a failure of the disk one is made. The time it is down makes a
 * tombstone half its life old at most. */
static void a_tombstone_goes_on_ageing_after_a_restart(void **state)
{
    struct node *node = *state;

    node_register_many(node, 0, 2);
    cancel(node, "host-0000000");
    node_run(node, tombstone_ms / 2);
    disk_sim_fail(node->sim, DISK_OP_SYNC, 0, 1, 5);
    cancel(node, "host-0000001");
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_STORAGE_OK));
    node_run(node, 20000);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_STORAGE_OK));
    node_kill(node);
    node_pause(node, 10 * tombstone_ms);
    node_start(node);
    node_run(node, tombstone_ms / 2 - 40000);
    assert_true(node_holds(node, "host-0000000"));
    node_run(node, 30000);
    assert_false(node_holds(node, "host-0000000"));
    assert_true(node_holds(node, "host-0000001"));
    node_run(node, 20000);
    assert_false(node_holds(node, "host-0000001"));
}

static void thousands_of_tombstones_end_in_slices(void **state)
{
    struct node *node = *state;
    int64_t before;

    node_register_many(node, 0, 2000);
    for (uint32_t i = 0; i < 2000; i++) {
        char name[16];
        struct msg command = node_cancel(node, node_host_name(i, name));

        node_give(node, &command);
    }
    node_turn(node);
    node_run(node, tombstone_ms - 1000);
    assert_int_equal(2000, node_stat(node, METRIC_REGISTRY_TOMBSTONES));
    node_pause(node, 1000);
    do {
        before = node_stat(node, METRIC_REGISTRY_TOMBSTONES);
        node_turn(node);
        assert_in_range(before - node_stat(node, METRIC_REGISTRY_TOMBSTONES), 0, 512);
    } while (node->again);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_TOMBSTONES));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(refuses_an_evictor_that_speaks_of_another_run),
        TEST(refuses_a_picture_over_three_ticks_old),
        TEST(refuses_a_round_too_soon_after_the_last),
        TEST(refuses_an_idle_time_below_its_own),
        TEST(evicts_nobody_before_the_limit_of_silence),
        TEST(a_round_takes_one_minus_share_of_the_live_and_at_least_one),
        TEST(under_protection_only_those_past_the_ceiling_go),
        TEST(never_evicts_its_own_node),
        TEST(a_heartbeat_in_time_saves),
        TEST(an_evicted_instance_leaves_no_tombstone),
        TEST(thousands_go_in_slices_over_several_turns),
        TEST(removals_make_way_for_commands_but_go_on),
        TEST(many_that_fell_silent_at_once_are_found_at_once),
        TEST(draws_its_victims_by_lot),
        TEST(a_pause_of_the_process_evicts_nobody),
        TEST(what_the_evictor_asked_before_a_pause_is_not_done_after_it),
        TEST(a_round_under_way_ends_when_the_registry_stands_still),
        TEST(after_a_restart_everybody_is_young),
        TEST(one_that_comes_back_begins_young),
        TEST(a_tombstone_ends_ten_minutes_after_the_ceiling),
        TEST(a_pause_does_not_age_a_tombstone),
        TEST(the_end_of_a_tombstone_wakes_nobody),
        TEST(a_tombstone_goes_on_ageing_after_a_restart),
        TEST(thousands_of_tombstones_end_in_slices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
