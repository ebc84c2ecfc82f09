#include "actors/registry/digest.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/base/prng.h"

enum { slots = 1000 };

/* What one slot has in the digest. */
struct entry {
    struct hash128 key;
    int64_t dirty;
    uint64_t hash;
    bool gone;
    bool in;
};

static int setup(void **state)
{
    *state = digest_new();
    return 0;
}

static int teardown(void **state)
{
    digest_destroy((struct digest **)state);
    return 0;
}

static struct hash128 key_of(uint64_t number)
{
    return hash128(&number, sizeof(number));
}

static uint32_t leaf_of(struct hash128 key)
{
    return (uint32_t)(key.hi >> 52);
}

static bool sum_is(struct hash128 sum, uint64_t hi, uint64_t lo)
{
    return hash128_eq(sum, (struct hash128){hi, lo});
}

static void put(struct digest *digest, uint32_t slot, const struct entry *entry)
{
    digest_put(digest, slot, entry->key, entry->dirty, entry->hash, entry->gone, 0);
}

static void an_empty_one_is_all_zeros(void **state)
{
    struct digest *digest = *state;
    uint32_t slot = UINT32_MAX;

    assert_true(sum_is(digest_root(digest), 0, 0));
    assert_true(sum_is(digest_branch(digest, 63), 0, 0));
    assert_true(sum_is(digest_leaf(digest, 4095), 0, 0));
    assert_false(digest_next(digest, 4095, &slot));
    assert_false(digest_holds(digest, 12345678));
    digest_drop(digest, 12345678, 5);
    assert_false(digest_moving(digest, 0, 5, 2000));
}

static void one_entry_is_its_leaf_its_branch_and_the_root(void **state)
{
    struct digest *digest = *state;
    struct entry entry = {.key = key_of(1), .dirty = 7, .hash = 9};
    uint32_t leaf = leaf_of(entry.key);
    uint32_t slot = UINT32_MAX;
    struct hash128 sum;

    put(digest, 77, &entry);
    sum = digest_root(digest);
    assert_false(sum_is(sum, 0, 0));
    assert_true(hash128_eq(sum, digest_leaf(digest, leaf)));
    assert_true(hash128_eq(sum, digest_branch(digest, leaf / 64)));
    assert_int_equal(1, digest_leaf_count(digest, leaf));
    assert_true(digest_next(digest, leaf, &slot));
    assert_int_equal(77, slot);
    assert_false(digest_next(digest, leaf, &slot));
    assert_int_equal(9, digest_hash(digest, 77));
    digest_drop(digest, 77, 0);
    assert_true(sum_is(digest_root(digest), 0, 0));
    assert_int_equal(0, digest_count(digest));
}

/* They travel between nodes: never to be changed. */
static void a_sum_is_the_same_on_every_node_for_ever(void **state)
{
    struct digest *digest = *state;

    digest_put(digest, 0, (struct hash128){1, 2}, 3, 4, false, 0);
    assert_true(
        sum_is(digest_root(digest), UINT64_C(0x85c135466c1a8275), UINT64_C(0x55572006d3875ed8)));
    digest_put(digest, 1, (struct hash128){5, 6}, 7, 8, true, 0);
    assert_true(
        sum_is(digest_root(digest), UINT64_C(0xc84826117530f396), UINT64_C(0x30d00cc417702219)));
}

static void every_part_of_a_state_counts(void **state)
{
    struct digest *digest = *state;
    const struct entry entries[] = {
        {.key = {1, 1}, .dirty = 1, .hash = 1},
        {.key = {1, 2}, .dirty = 1, .hash = 1},
        {.key = {2, 1}, .dirty = 1, .hash = 1},
        {.key = {1, 1}, .dirty = 2, .hash = 1},
        {.key = {1, 1}, .dirty = 1, .hash = 2},
        {.key = {1, 1}, .dirty = 1, .hash = 1, .gone = true},
    };
    enum { count = sizeof(entries) / sizeof(entries[0]) };
    struct hash128 roots[count];

    for (unsigned i = 0; i < count; i++) {
        put(digest, 0, &entries[i]);
        roots[i] = digest_root(digest);
        for (unsigned j = 0; j < i; j++) {
            assert_false(hash128_eq(roots[i], roots[j]));
        }
    }
    digest_put(digest, 0, (struct hash128){1, 1}, 1, 99, true, 0); /* a hash nobody looks at */
    assert_true(hash128_eq(roots[count - 1], digest_root(digest)));
}

static void equal_sets_have_equal_sums_whatever_the_order_and_the_slots(void **state)
{
    struct digest *digest = *state;
    struct digest *other = digest_new();

    for (uint32_t i = 0; i < slots; i++) {
        digest_put(digest, i, key_of(i), i, (uint64_t)i * 3, i % 7 == 0, 0);
    }
    for (uint32_t i = slots; i-- > 0;) {
        digest_put(other, (i * 17) % 5000, key_of(i), 1, 1, false, 0);
        digest_put(other, (i * 17) % 5000, key_of(i), i, (uint64_t)i * 3, i % 7 == 0, 0);
    }
    digest_put(other, 6000, key_of(slots), 1, 1, false, 0);
    assert_false(hash128_eq(digest_root(digest), digest_root(other)));
    digest_drop(other, 6000, 0);
    assert_true(hash128_eq(digest_root(digest), digest_root(other)));
    for (uint32_t i = 0; i < digest_leaves; i++) {
        assert_true(hash128_eq(digest_leaf(digest, i), digest_leaf(other, i)));
    }
    digest_destroy(&other);
}

static void a_leaf_moves_while_it_changed_lately(void **state)
{
    struct digest *digest = *state;

    digest_put(digest, 0, (struct hash128){0, 1}, 1, 1, false, 1000);
    assert_true(digest_moving(digest, 0, 3000, 2000));
    assert_false(digest_moving(digest, 0, 3001, 2000));
    assert_false(digest_moving(digest, 1, 1000, 2000));
    digest_put(digest, 0, (struct hash128){0, 1}, 1, 1, false, 5000); /* what it has already */
    assert_false(digest_moving(digest, 0, 5000, 2000));
    digest_put(digest, 0, (struct hash128){0, 1}, 2, 1, false, 5000);
    assert_true(digest_moving(digest, 0, 5000, 2000));
    digest_drop(digest, 0, 9000);
    assert_true(digest_moving(digest, 0, 9000, 2000));
}

static void check(const struct digest *digest, const struct entry *entries)
{
    struct digest *anew = digest_new();
    uint32_t in = 0;

    for (uint32_t i = 0; i < slots; i++) {
        assert_int_equal(entries[i].in, digest_holds(digest, i));
        if (entries[i].in) {
            put(anew, i, &entries[i]);
        }
    }
    assert_true(hash128_eq(digest_root(anew), digest_root(digest)));
    for (uint32_t leaf = 0; leaf < digest_leaves; leaf++) {
        uint32_t listed = 0;

        assert_true(hash128_eq(digest_leaf(anew, leaf), digest_leaf(digest, leaf)));
        for (uint32_t slot = UINT32_MAX; digest_next(digest, leaf, &slot);) {
            assert_true(entries[slot].in);
            assert_int_equal(leaf, leaf_of(entries[slot].key));
            assert_int_equal(entries[slot].gone ? 0 : entries[slot].hash,
                             digest_hash(digest, slot));
            listed++;
        }
        assert_int_equal(listed, digest_leaf_count(digest, leaf));
        in += listed;
    }
    assert_int_equal(in, digest_count(digest));
    for (uint32_t branch = 0; branch < digest_branches; branch++) {
        assert_true(hash128_eq(digest_branch(anew, branch), digest_branch(digest, branch)));
    }
    digest_destroy(&anew);
}

static void agrees_with_one_made_anew_over_a_random_life(void **state)
{
    struct digest *digest = *state;
    static struct entry entries[slots];
    struct prng prng;

    prng_init(&prng, 3);
    for (unsigned i = 0; i < slots; i++) {
        entries[i] = (struct entry){0};
    }
    for (unsigned step = 0; step < 20000; step++) {
        uint32_t slot = (uint32_t)prng_below(&prng, slots);
        struct entry *entry = &entries[slot];

        if (prng_below(&prng, 3) == 0) {
            digest_drop(digest, slot, 0);
            entry->in = false;
        } else {
            if (!entry->in || prng_below(&prng, 8) == 0) {
                entry->key = key_of(prng_below(&prng, 20)); /* crowded leaves */
                entry->key.lo = prng_next(&prng);
            }
            entry->dirty = (int64_t)prng_below(&prng, 3);
            entry->hash = prng_below(&prng, 3);
            entry->gone = prng_below(&prng, 3) == 0;
            entry->in = true;
            put(digest, slot, entry);
        }
        if (step % 1000 == 999) {
            check(digest, entries);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_one_is_all_zeros),
        TEST(one_entry_is_its_leaf_its_branch_and_the_root),
        TEST(a_sum_is_the_same_on_every_node_for_ever),
        TEST(every_part_of_a_state_counts),
        TEST(equal_sets_have_equal_sums_whatever_the_order_and_the_slots),
        TEST(a_leaf_moves_while_it_changed_lately),
        TEST(agrees_with_one_made_anew_over_a_random_life),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
