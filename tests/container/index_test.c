#include "common/container/index.h"

#include "common/base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { keys_max = 20000 };

struct keys {
    struct hash128 of[keys_max];
    bool in[keys_max];
};

static struct hash128 key_of(const void *context, uint32_t number)
{
    const struct keys *keys = context;

    assert_true(keys->in[number]); /* of one that is gone it is never asked */
    return keys->of[number];
}

static void check_all(const struct index *index, const struct keys *keys, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(index_find(index, keys->of[i]), keys->in[i] ? i : INDEX_NONE);
    }
}

/* low_bits: how many bits of the home position differ at all. */
static void fill_and_empty(unsigned low_bits, uint32_t count, uint64_t seed)
{
    struct keys *keys = calloc(1, sizeof(*keys));
    struct memory memory = {0};
    struct index index;
    struct prng prng;
    bool phases[3] = {false};

    assert_non_null(keys);
    prng_init(&prng, seed);
    for (uint32_t i = 0; i < count; i++) {
        keys->of[i].hi = prng_next(&prng) & 0xff000000000000ff; /* tags often agree */
        keys->of[i].lo = (prng_next(&prng) << 32) | prng_below(&prng, (uint64_t)1 << low_bits);
    }
    index_init(&index, &memory, key_of, keys);
    for (uint32_t step = 0; step < 4 * count; step++) {
        /* first mostly adding, then mostly removing */
        bool add = prng_below(&prng, 4) != 0 ? step < 2 * count : step >= 2 * count;
        uint32_t i = (uint32_t)prng_below(&prng, count);

        if (add && !keys->in[i]) {
            keys->in[i] = true;
            index_add(&index, keys->of[i], i);
        } else if (!add && keys->in[i]) {
            index_remove(&index, keys->of[i], i);
            keys->in[i] = false;
        }
        phases[index.phase] = true;
        if (step % (count / 4) == 0 || step < 100) {
            check_all(&index, keys, count);
        }
    }
    check_all(&index, keys, count);
    assert_true(phases[INDEX_SETTLED] && phases[INDEX_CLEARING] && phases[INDEX_MOVING]);
    index_fini(&index);
    assert_int_equal(memory.bytes, 0);
    free(keys);
}

static void finds_what_is_in_it_in_every_phase(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        fill_and_empty(20, 100 + 37 * (uint32_t)seed, seed);
    }
    fill_and_empty(31, keys_max, 99);
}

static void survives_keys_that_all_want_the_same_few_cells(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fill_and_empty(3, 300, seed);
    }
}

/* The phases' arithmetic: a table must be moved out of before it is full. */
static void never_gets_fuller_than_three_quarters(void **state)
{
    struct keys *keys = calloc(1, sizeof(*keys));
    struct memory memory = {0};
    struct index index;
    struct prng prng;

    (void)state;
    assert_non_null(keys);
    prng_init(&prng, 5);
    index_init(&index, &memory, key_of, keys);
    for (uint32_t i = 0; i < keys_max; i++) {
        uint32_t cells;

        keys->of[i] = (struct hash128){prng_next(&prng), prng_next(&prng)};
        keys->in[i] = true;
        index_add(&index, keys->of[i], i);
        cells = (uint32_t)1 << index.serves.bits;
        assert_true(index.count <= cells / 4 * 3);
    }
    index_fini(&index);
    free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_in_it_in_every_phase),
        cmocka_unit_test(survives_keys_that_all_want_the_same_few_cells),
        cmocka_unit_test(never_gets_fuller_than_three_quarters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
