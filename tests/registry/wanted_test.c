/* What a registry wants of another's states, and that two agree after a walk each. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "tests/registry/pair.h"

static bool wants(struct node *node, const struct entry_state *entry)
{
    struct buf entries = {0};
    struct str keys;
    struct hash128 key;

    entry_pack(&entries, entry);
    keys = pair_compare(node, buf_str(&entries)).keys;
    buf_fini(&entries);
    if (keys.len == 0) {
        return false;
    }
    assert_int_equal(key_bytes, keys.len);
    assert_true(key_next(&keys, &key));
    assert_true(hash128_eq(key, entry->key));
    return true;
}

static void pair_run(struct pair *pair, int64_t ms)
{
    node_run(&pair->a, ms);
    node_run(&pair->b, ms);
}

/* ── what is wanted ── */

static void wants_what_wins_by_the_order_of_states(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct entry_state live;
    struct entry_state other;

    pair_register(node, "a", 50);
    live = pair_only_entry(node);
    assert_int_equal(50, live.dirty_timestamp);
    assert_false(wants(node, &live));
    other = live;
    other.dirty_timestamp = 51;
    assert_true(wants(node, &other));
    other.vague = true; /* live here: its age stays */
    assert_true(wants(node, &other));
    other.dirty_timestamp = 49;
    assert_false(wants(node, &other));
    other = live;
    other.hash++;
    assert_true(wants(node, &other));
    other.hash -= 2;
    assert_false(wants(node, &other));
    other = live;
    other.gone = true;
    other.hash = 0;
    assert_true(wants(node, &other));
    pair_cancel(node, "a");
    assert_false(wants(node, &other));
    assert_false(wants(node, &live));
    live.dirty_timestamp = 51;
    assert_true(wants(node, &live));
    live.vague = true; /* would not be taken in */
    assert_false(wants(node, &live));
}

static void wants_what_it_lacks_unless_its_age_is_unknown(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct entry_state entry = {.key = {1, 2}, .dirty_timestamp = 3, .hash = 4};

    assert_true(wants(node, &entry));
    entry.vague = true;
    assert_false(wants(node, &entry));
    entry = (struct entry_state){.key = {1, 2}, .dirty_timestamp = 3, .gone = true};
    assert_true(wants(node, &entry));
}

static void wants_nothing_that_no_merge_would_take(void **state)
{
    struct node *node = &((struct pair *)*state)->a;
    struct entry_state entry = {.key = {1, 2}, .dirty_timestamp = timestamp_told_max, .hash = 4};

    assert_true(wants(node, &entry));
    entry.dirty_timestamp++;
    assert_false(wants(node, &entry));
    entry.dirty_timestamp = -1;
    assert_false(wants(node, &entry));
}

static void wants_the_same_state_when_only_the_other_hears_it(void **state)
{
    struct pair *pair = *state;

    pair_register(&pair->a, "a", 5);
    assert_int_equal(1, pair_walk(pair, &pair->a, &pair->b));
    assert_true(pair_roots_agree(pair));
    pair_run(pair, idle_ms / 2);
    pair_renew(&pair->a, "a");
    pair_run(pair, idle_ms / 2 + 2000);
    assert_true(pair_is_empty(&pair->b));
    assert_int_equal(1, pair_walk(pair, &pair->a, &pair->b));
    assert_true(pair_roots_agree(pair));
    assert_false(pair_is_empty(&pair->b));
    assert_int_equal(0, pair_walk(pair, &pair->a, &pair->b));
    pair_run(pair, idle_ms / 2); /* it brought the age it had, no younger one */
    assert_true(pair_is_empty(&pair->a));
    assert_true(pair_is_empty(&pair->b));
}

/* ── a walk ── */

static void some_life(struct node *node, struct prng *prng)
{
    for (unsigned i = 0; i < 200; i++) {
        char name[16];
        const char *host = node_host_name((uint32_t)prng_below(prng, 120), name);

        if (prng_below(prng, 3) == 0 && node_live(node, host)) {
            pair_cancel(node, host);
        } else {
            struct msg command = node_register(node, host);

            command.as_register.dirty_timestamp = 1 + (int64_t)prng_below(prng, 4);
            command.as_register.status = 1 + (uint32_t)prng_below(prng, 2);
            (void)node_ask(node, &command);
        }
    }
}

static void two_that_lived_apart_agree_after_a_walk_each(void **state)
{
    struct pair *pair = *state;
    struct prng prng;

    prng_init(&prng, 77);
    for (unsigned round = 0; round < 5; round++) {
        some_life(&pair->a, &prng);
        some_life(&pair->b, &prng);
        pair_run(pair, 1000);
        assert_false(pair_roots_agree(pair));
        assert_true(pair_walk(pair, &pair->a, &pair->b) > 0);
        assert_true(pair_walk(pair, &pair->b, &pair->a) > 0);
        assert_true(pair_roots_agree(pair));
        assert_int_equal(0, pair_walk(pair, &pair->a, &pair->b));
        assert_int_equal(0, pair_walk(pair, &pair->b, &pair->a));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_set_up, pair_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(wants_what_wins_by_the_order_of_states),
        TEST(wants_what_it_lacks_unless_its_age_is_unknown),
        TEST(wants_nothing_that_no_merge_would_take),
        TEST(wants_the_same_state_when_only_the_other_hears_it),
        TEST(two_that_lived_apart_agree_after_a_walk_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
