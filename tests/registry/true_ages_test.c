/* How long ago whom was heard, after standstills and absences, and who is said to get old. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "tests/registry/pair.h"

/* ── true ages ── */

static void one_that_was_down_says_how_long_ago_it_heard_whom(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    pair_register(node, "a", 5);
    node_kill(node);
    node_pause(node, idle_ms / 2);
    node_start(node);
    assert_int_equal(idle_ms / 2, pair_only_record(node).as_put.age_ms);
    assert_false(pair_only_entry(node).vague);
    node_run(node, idle_ms / 2); /* past the limit for others, not yet here: nobody need take it */
    assert_int_equal(idle_ms, pair_only_record(node).as_put.age_ms);
    assert_true(pair_only_entry(node).vague);
    pair_renew(node, "a");
    assert_int_equal(0, pair_only_record(node).as_put.age_ms);
    assert_false(pair_only_entry(node).vague);
}

static void one_heard_before_a_long_absence_is_vague_and_not_wanted(void **state)
{
    struct pair *pair = *state;
    struct entry_state entry;

    pair_register(&pair->a, "a", 5);
    node_kill(&pair->a);
    node_pause(&pair->a, idle_ms + 1000);
    node_start(&pair->a);
    assert_int_equal(-1, pair_only_record(&pair->a).as_put.age_ms);
    entry = pair_only_entry(&pair->a);
    assert_true(entry.vague);
    assert_int_equal(0, pair_walk(pair, &pair->a, &pair->b));
    pair_renew(&pair->a, "a");
    assert_int_equal(1, pair_walk(pair, &pair->a, &pair->b));
    assert_true(pair_roots_agree(pair));
}

static void a_clock_set_back_while_it_was_down_is_not_believed(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    pair_register(node, "a", 5);
    node_kill(node);
    node->clock.at.wall_ns -= INT64_C(3600) * 1000000000;
    node_start(node);
    assert_true(pair_only_entry(node).vague);
}

static void time_that_it_stood_still_counts_for_others(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    pair_register(node, "a", 5);
    node_pause(node, 60000);
    node_turn(node);
    assert_int_equal(60000, pair_only_record(node).as_put.age_ms);
    node_pause(node, 60000);
    node_turn(node);
    assert_int_equal(0, node_stat(node, METRIC_REGISTRY_IDLE)); /* nobody is blamed here */
    assert_true(pair_only_entry(node).vague);
    assert_int_equal(1, node_stat(node, METRIC_REGISTRY_DIGEST_ENTRIES));
}

/* ── EXPIRING ── */

static unsigned expiring_keys(const struct node *node)
{
    struct msg fact;
    struct str topic;
    size_t bytes;
    unsigned count = 0;

    for (size_t cursor = 0; node_fact(node, &cursor, MSG_TYPE_EXPIRING, &fact, &topic, &bytes);) {
        assert_true(str_eq(STR("registry.turn.expiring"), topic));
        assert_true(bytes <= fact_frame_max);
        assert_int_equal(0, fact.as_expiring.keys.len % key_bytes);
        assert_true(fact.as_expiring.keys.len <= (size_t)2048 * key_bytes);
        count += (unsigned)(fact.as_expiring.keys.len / key_bytes);
    }
    return count;
}

/* Over so much time, in ticks. */
static unsigned expiring_in(struct node *node, int64_t ms)
{
    unsigned count = 0;

    for (; ms > 0; ms -= 1000) {
        node_pause(node, 1000);
        do {
            node_turn(node);
            count += expiring_keys(node);
        } while (node->again);
    }
    return count;
}

static void says_at_two_thirds_of_the_limit_who_gets_old(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    node_register_many(node, 0, 3);
    assert_int_equal(0, expiring_in(node, 30000));
    pair_renew(node, "host-0000001");
    assert_int_equal(0, expiring_in(node, 30000));
    assert_int_equal(2, expiring_in(node, 2000)); /* each once */
    assert_int_equal(0, expiring_in(node, 7000));
    pair_renew(node, "host-0000000");
    pair_renew(node, "host-0000001");
    pair_renew(node, "host-0000002");
    assert_int_equal(0, expiring_in(node, 60000));
    assert_int_equal(3, expiring_in(node, 2000));
    assert_int_equal(5, node_stat(node, METRIC_REGISTRY_EXPIRING));
}

/* The fact, the question or its answer may be lost, and who was asked may hear of it later. */
static void says_it_again_while_nobody_is_known_to_have_heard(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    node_register_many(node, 0, 2);
    assert_int_equal(2, expiring_in(node, 62000));
    assert_int_equal(0, expiring_in(node, 7000));
    assert_int_equal(2, expiring_in(node, 2000)); /* at 70 s */
    pair_renew(node, "host-0000001");
    assert_int_equal(0, expiring_in(node, 8000));
    assert_int_equal(1, expiring_in(node, 2000)); /* at 80 s */
    assert_int_equal(0, expiring_in(node, 49000));
    assert_int_equal(1, expiring_in(node, 3000)); /* the other at 131 s */
}

static void says_it_of_many_in_facts_of_bounded_size(void **state)
{
    struct node *node = &((struct pair *)*state)->a;

    node_register_many(node, 0, 7000);
    assert_int_equal(7000, expiring_in(node, 62000));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_set_up, pair_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(one_that_was_down_says_how_long_ago_it_heard_whom),
        TEST(one_heard_before_a_long_absence_is_vague_and_not_wanted),
        TEST(a_clock_set_back_while_it_was_down_is_not_believed),
        TEST(time_that_it_stood_still_counts_for_others),
        TEST(says_at_two_thirds_of_the_limit_who_gets_old),
        TEST(says_it_again_while_nobody_is_known_to_have_heard),
        TEST(says_it_of_many_in_facts_of_bounded_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
