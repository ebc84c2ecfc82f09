/* Ages and heartbeats of other nodes: the youngest counts, and once. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "tests/registry/told.h"

static struct msg_renewed renewed(struct node *node)
{
    struct msg fact;
    struct str topic;
    size_t bytes;
    size_t cursor = 0;

    assert_true(node_fact(node, &cursor, MSG_TYPE_RENEWED, &fact, &topic, &bytes));
    return fact.as_renewed;
}

/* ── ages ── */

static void the_youngest_age_heard_counts(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);

    node_register_many(node, 0, 1);
    node_run(node, 60000);
    command.as_merge.counted = false;
    (void)told_merge_heard(node, &command, "host-0000000", told_dirty(node, "host-0000000"), 70000);
    assert_int_equal(60000, told_age(node, "host-0000000"));
    (void)told_merge_heard(node, &command, "host-0000000", told_dirty(node, "host-0000000"), 50000);
    assert_int_equal(50000, told_age(node, "host-0000000"));
    command.as_merge.older_ms = 1500;
    (void)told_merge_heard(node, &command, "host-0000000", told_dirty(node, "host-0000000"), 40000);
    assert_int_equal(41500, told_age(node, "host-0000000"));
    (void)told_merge_heard(node, &command, "host-0000000", told_dirty(node, "host-0000000"), 90000);
    assert_int_equal(41500, told_age(node, "host-0000000"));
}

static void what_waited_while_the_registry_stood_still_is_older_by_that(void **state)
{
    struct node *node = *state;
    struct msg put = told_put("silent", 5, 60000);

    node_pause(node, 50000);
    (void)told_merge_one(node, &put); /* it was told before or after: who knows */
    assert_false(node_holds(node, "silent"));
    put = told_put("h", 5, 20000);
    (void)told_merge_one(node, &put);
    assert_int_equal(70000, told_age(node, "h"));
    node_run(node, 3000);
    put.as_put.age_ms = 30000;
    (void)told_merge_one(node, &put);
    assert_int_equal(30000, told_age(node, "h"));
}

static void an_equal_state_brings_its_younger_age(void **state)
{
    struct node *node = *state;
    struct msg put = told_put("h", 5, 60000);

    (void)told_merge_one(node, &put);
    put.as_put.age_ms = 20000;
    (void)told_merge_one(node, &put);
    assert_int_equal(20000, told_age(node, "h"));
    put.as_put.age_ms = 30000;
    (void)told_merge_one(node, &put);
    put.as_put.age_ms = -1;
    (void)told_merge_one(node, &put);
    assert_int_equal(20000, told_age(node, "h"));
}

static void a_peer_s_heartbeat_saves_who_was_idle_here(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);

    node_register_many(node, 0, 1);
    node_run(node, 95000);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_IDLE));
    (void)told_merge_heard(node, &command, "host-0000000", told_dirty(node, "host-0000000"), 1000);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE));
    command = node_evict(node, 90000, 10);
    command.as_evict.tick = UINT64_MAX / 2;
    assert_int_equal(ERR_OK, node_ask(node, &command).err);
    node_settle(node);
    assert_true(node_live(node, "host-0000000"));
}

/* The node that was told by a client holds an older incarnation, as by a clock that was set back.
 * What lives here is told as young as it was heard: or whoever lost it would not take it back. */
static void a_sign_of_an_older_incarnation_is_one_of_the_instance(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);
    struct msg newer = told_put("h", 6, 0);
    struct msg older = told_put("h", 5, 1000);
    struct msg record;
    struct msg_merged merged;

    (void)told_merge_one(node, &newer);
    node_run(node, 95000);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_IDLE));
    merged = told_merge_one(node, &older);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(6, record.as_put.dirty_timestamp);
    assert_int_equal(1000, record.as_put.age_ms);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE));
    node_run(node, 95000);
    merged = told_merge_heard(node, &command, "h", 5, 2000);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(2000, record.as_put.age_ms);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE));
    older.as_put.age_ms = -1; /* a set, or of one who does not know */
    (void)told_merge_one(node, &older);
    assert_int_equal(2000, told_age(node, "h"));
}

static void an_older_cancel_is_no_sign_and_no_sign_makes_a_tombstone_younger(void **state)
{
    struct node *node = *state;
    struct msg live = told_put("h", 6, 50000);
    struct msg older = told_gone("h", 5, 1000);
    struct msg gone = told_gone("g", 6, 50000);
    struct msg older_live = told_put("g", 5, 1000);
    struct msg older_gone = told_gone("g", 5, 1000);
    struct msg record;
    struct msg_merged merged;

    (void)told_merge_one(node, &live);
    (void)told_merge_one(node, &older);
    assert_int_equal(50000, told_age(node, "h"));
    (void)told_merge_one(node, &gone);
    (void)told_merge_one(node, &older_live);
    merged = told_merge_one(node, &older_gone);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(50000, record.as_gone.age_ms);
}

static void a_sign_of_life_older_than_the_last_one_makes_nobody_younger(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);

    node_register_many(node, 0, 1);
    node_run(node, 60000);
    (void)told_merge_heard(node, &command, "host-0000000", told_dirty(node, "host-0000000"), 80000);
    assert_int_equal(60000, told_age(node, "host-0000000"));
}

/* ── heartbeats ── */

static void heartbeats_count_when_they_are_clients_own(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);
    struct msg_renewed fact;
    struct heartbeat heartbeat;
    int64_t dirty;

    node_register_many(node, 0, 1);
    dirty = told_dirty(node, "host-0000000");
    node_run(node, 30000);
    command.as_merge.spread = SPREAD_ZONE;
    command.as_merge.older_ms = 20;
    command.as_merge.counted = false; /* asked for: others ask for themselves */
    (void)told_merge_heard(node, &command, "host-0000000", dirty, 9000);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_HEARTBEATS));
    command.as_merge.counted = true;
    node_pause(node, 400);
    (void)told_merge_heard(node, &command, "host-0000000", dirty, 700);
    (void)told_merge_heard(node, &command, "host-0000000", dirty, 700); /* the same one again */
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_HEARTBEATS));
    node_run(node, 600);
    fact = renewed(node);
    assert_int_equal(1, fact.heartbeats);
    assert_int_equal(0, fact.nowhere.len + fact.everywhere.len);
    assert_int_equal(heartbeat_bytes, fact.zone.len);
    assert_true(heartbeat_next(&fact.zone, &heartbeat));
    assert_int_equal(1320, heartbeat.age_ms); /* it waited for the tick here */
    assert_int_equal(dirty, heartbeat.dirty_timestamp);
    assert_int_equal(node->clock.at.wall_ns - 1320000000, heartbeat.renew_timestamp);
}

/* A client gives its heartbeat to two nodes, and each passes it on: one sign of life. */
static void a_heartbeat_counts_once_whoever_brings_it(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);
    struct msg renew;
    int64_t dirty;

    node_register_many(node, 0, 1);
    dirty = told_dirty(node, "host-0000000");
    command.as_merge.counted = true;
    for (int i = 1; i <= 4; i++) {
        node_run(node, 25000);
        renew = node_renew(node, "host-0000000");
        (void)node_ask(node, &renew);
        node_run(node, 3000);
        (void)told_merge_heard(node, &command, "host-0000000", dirty, 2500);
        node_run(node, 2000);
        renew = node_renew(node, "host-0000000");
        (void)node_ask(node, &renew);
        assert_int_equal(i, node_stat(node, METRIC_REGISTRY_HEARTBEATS));
        assert_int_equal(0, told_age(node, "host-0000000")); /* heard it was all the same */
    }
}

static void a_heartbeat_of_another_state_asks_for_it_or_gets_ours(void **state)
{
    struct node *node = *state;
    struct msg command = told_new_merge(node);
    struct msg put = told_put("h", 6, 10);
    struct msg gone = told_gone("g", 6, 10);
    struct msg_merged merged;
    struct msg record;
    struct hash128 key;

    (void)told_merge_one(node, &put);
    (void)told_merge_one(node, &gone);
    merged = told_merge_heard(node, &command, "unknown", 6, 0);
    assert_int_equal(key_bytes, merged.want.len);
    assert_true(key_next(&merged.want, &key));
    assert_true(hash128_eq(told_key("unknown"), key));
    assert_int_equal(key_bytes, told_merge_heard(node, &command, "h", 7, 0).want.len);
    assert_int_equal(key_bytes, told_merge_heard(node, &command, "g", 7, 0).want.len);
    merged = told_merge_heard(node, &command, "h", 5, 0);
    assert_int_equal(0, merged.want.len);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(6, record.as_put.dirty_timestamp);
    merged = told_merge_heard(node, &command, "g", 6, 0);
    assert_true(msg_next(&merged.newer.bytes, &record));
    assert_int_equal(MSG_TYPE_GONE, record.type);
    /* who would be idle is not asked for */
    assert_int_equal(0, told_merge_heard(node, &command, "unknown", 6, 90000).want.len);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_HEARTBEATS)); /* of h, which lives here */
    assert_int_equal(0, told_age(node, "h"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, told_set_up, told_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_youngest_age_heard_counts),
        TEST(what_waited_while_the_registry_stood_still_is_older_by_that),
        TEST(an_equal_state_brings_its_younger_age),
        TEST(a_peer_s_heartbeat_saves_who_was_idle_here),
        TEST(a_sign_of_an_older_incarnation_is_one_of_the_instance),
        TEST(an_older_cancel_is_no_sign_and_no_sign_makes_a_tombstone_younger),
        TEST(a_sign_of_life_older_than_the_last_one_makes_nobody_younger),
        TEST(heartbeats_count_when_they_are_clients_own),
        TEST(a_heartbeat_counts_once_whoever_brings_it),
        TEST(a_heartbeat_of_another_state_asks_for_it_or_gets_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
