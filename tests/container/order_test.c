#include "common/container/order.h"

#include "common/base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { names_max = 4000, name_bytes_max = 40 };

/* The order, and beside it what it must be: names sorted by qsort. */
struct world {
    struct memory memory;
    struct order order;
    char text[names_max][name_bytes_max];
    size_t len[names_max];
    bool in[names_max];
    uint32_t count;
    uint64_t asked;
};

static struct str name_of(const void *context, uint32_t slot)
{
    struct world *world = (struct world *)(uintptr_t)context;

    assert_true(world->in[slot]); /* of one that is gone it is never asked */
    world->asked++;
    return (struct str){world->text[slot], world->len[slot]};
}

static struct str text_of(const struct world *world, uint32_t slot)
{
    return (struct str){world->text[slot], world->len[slot]};
}

static void add(struct world *world, uint32_t slot)
{
    order_add(&world->order, &world->memory, slot, text_of(world, slot), name_of, world);
    world->in[slot] = true;
    world->count++;
}

static void take_out(struct world *world, uint32_t slot)
{
    order_remove(&world->order, &world->memory, slot, text_of(world, slot), name_of, world);
    world->in[slot] = false;
    world->count--;
}

/* All that are in it, each once (none equal another), and in order. */
static void check(const struct world *world)
{
    struct str last = {0};
    uint32_t seen = 0;

    for (uint32_t i = 0; i < world->order.ref_count; i++) {
        struct order_run run = order_run(&world->order, i);

        assert_true(run.count > 0 && run.count <= order_block_max);
        for (uint32_t k = 0; k < run.count; k++) {
            assert_true(world->in[run.slots[k]]);
            assert_true(seen == 0 || str_cmp(last, text_of(world, run.slots[k])) < 0);
            last = text_of(world, run.slots[k]);
            seen++;
        }
    }
    assert_int_equal(seen, world->count);
    assert_int_equal(world->order.count, world->count);
}

typedef size_t name_fn(struct prng *prng, uint32_t slot, char *text);

static struct world *world_new(name_fn *name, uint64_t seed)
{
    struct world *world = calloc(1, sizeof(*world));
    struct prng prng;

    assert_non_null(world);
    prng_init(&prng, seed);
    for (uint32_t i = 0; i < names_max; i++) {
        world->len[i] = name(&prng, i, world->text[i]);
    }
    return world;
}

static void world_free(struct world *world)
{
    order_fini(&world->order, &world->memory);
    assert_int_equal(world->memory.bytes, 0);
    free(world);
}

static size_t printed(char *text, const char *format, unsigned a, unsigned b)
{
    return (size_t)snprintf(text, name_bytes_max, format, a, b);
}

static size_t name_random(struct prng *prng, uint32_t slot, char *text)
{
    return printed(text, "%08x-%u", (unsigned)prng_next(prng), slot);
}

static size_t name_numbered(struct prng *prng, uint32_t slot, char *text)
{
    (void)prng;
    return printed(text, "payment-service-%u%u", 0, 100000 + slot);
}

/* Keys say nothing: eight equal bytes stand before what differs. */
static size_t name_alike(struct prng *prng, uint32_t slot, char *text)
{
    return printed(text, "%c-equal-equal-%u", 'a' + (unsigned)prng_below(prng, 3), slot * 7919);
}

/* Any bytes, also NUL, and names that begin others: the prefix ends up empty. */
static size_t name_bytes(struct prng *prng, uint32_t slot, char *text)
{
    size_t len = 0;

    for (uint32_t rest = slot + 1; rest > 0; rest /= 3) {
        text[len++] = (char)(rest % 3 * 127);
    }
    text[len++] = 1; /* else two could be equal but for leading zeros */
    for (uint64_t more = prng_below(prng, 3); more > 0; more--) {
        text[len++] = 0;
    }
    return len;
}

static name_fn *const kinds[] = {name_random, name_numbered, name_alike, name_bytes};
enum { kind_count = sizeof(kinds) / sizeof(kinds[0]) };

static void random_changes_keep_all_in_order(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < kind_count; kind++) {
        struct world *world = world_new(kinds[kind], 1 + kind);
        struct prng prng;

        prng_init(&prng, 11 + kind);
        for (uint32_t step = 0; step < 6 * names_max; step++) {
            /* first mostly adding, then mostly removing */
            bool adding = prng_below(&prng, 4) != 0 ? step < 3 * names_max : step >= 3 * names_max;
            uint32_t slot = (uint32_t)prng_below(&prng, names_max);

            if (adding && !world->in[slot]) {
                add(world, slot);
            } else if (!adding && world->in[slot]) {
                take_out(world, slot);
            }
            if (step % 97 == 0) {
                check(world);
            }
        }
        check(world);
        world_free(world);
    }
}

/* From any name, one that is in it or not, all that follow are met. */
static void check_after(const struct world *world, struct str name)
{
    struct str last = name;
    uint32_t seen = 0;
    uint32_t expected = 0;
    struct order_run run;

    for (uint32_t slot = 0; slot < names_max; slot++) {
        expected += world->in[slot] && str_cmp(text_of(world, slot), name) > 0;
    }
    while ((run = order_after(&world->order, last, name_of, world)).count > 0) {
        for (uint32_t i = 0; i < run.count; i++) {
            assert_true(str_cmp(last, text_of(world, run.slots[i])) < 0);
            last = text_of(world, run.slots[i]);
        }
        seen += run.count;
    }
    assert_int_equal(seen, expected);
}

/* From any name on, the name itself is met first, if it is in it, then what follows it. */
static void check_from(const struct world *world, uint32_t slot)
{
    struct str name = text_of(world, slot);
    struct order_run run = order_from(&world->order, name, name_of, world);
    struct order_run after = order_after(&world->order, name, name_of, world);

    if (world->in[slot]) {
        assert_true(run.count > 0 && run.slots[0] == slot);
        assert_true(run.count == 1 || run.slots + 1 == after.slots);
    } else {
        assert_true(run.count == after.count && run.slots == after.slots);
    }
}

static void one_can_go_on_behind_any_name(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < kind_count; kind++) {
        struct world *world = world_new(kinds[kind], 21 + kind);

        check_after(world, STR(""));
        for (uint32_t slot = 0; slot < names_max; slot += 2) {
            add(world, slot);
        }
        check_after(world, STR(""));
        for (uint32_t slot = 0; slot < names_max; slot += 101) {
            check_after(world, text_of(world, slot));
        }
        for (uint32_t slot = 0; slot < names_max; slot++) {
            check_from(world, slot);
        }
        world_free(world);
    }
}

static void it_fills_and_empties_from_either_end(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 4; way++) {
        struct world *world = world_new(name_numbered, 1);

        for (uint32_t i = 0; i < names_max; i++) {
            add(world, (way & 1) != 0 ? names_max - 1 - i : i);
        }
        check(world);
        for (uint32_t i = 0; i < names_max; i++) {
            take_out(world, (way & 2) != 0 ? names_max - 1 - i : i);
            if (i % 61 == 0) {
                check(world);
            }
        }
        assert_int_equal(world->order.ref_count, 0);
        assert_int_equal(world->memory.bytes, 0);
        world_free(world);
    }
}

static void names_that_come_in_order_fill_their_blocks(void **state)
{
    struct world *world = world_new(name_numbered, 1);

    (void)state;
    for (uint32_t i = 0; i < names_max; i++) {
        add(world, i);
    }
    assert_int_equal(world->order.ref_count, (names_max + order_block_max - 1) / order_block_max);
    world_free(world);
}

static void few_that_are_left_of_many_take_little(void **state)
{
    struct world *world = world_new(name_random, 5);
    uint64_t small;

    (void)state;
    for (uint32_t i = 0; i < 8; i++) {
        add(world, i);
    }
    small = world->memory.bytes;
    for (uint32_t i = 8; i < names_max; i++) {
        add(world, i);
    }
    for (uint32_t i = 8; i < names_max; i++) {
        take_out(world, i);
    }
    check(world);
    /* two blocks at most, and the list that was long */
    assert_in_range(world->memory.bytes, 1, small + (uint64_t)40 * 1024);
    world_free(world);
}

static void a_search_seldom_asks_for_names(void **state)
{
    struct world *world = world_new(name_random, 3);
    uint64_t before;

    (void)state;
    for (uint32_t i = 0; i < names_max / 2; i++) {
        add(world, i);
    }
    before = world->asked;
    for (uint32_t i = names_max / 2; i < names_max; i++) {
        add(world, i);
    }
    assert_in_range(world->asked - before, 0, names_max / 20);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_keep_all_in_order),
        cmocka_unit_test(one_can_go_on_behind_any_name),
        cmocka_unit_test(it_fills_and_empties_from_either_end),
        cmocka_unit_test(names_that_come_in_order_fill_their_blocks),
        cmocka_unit_test(few_that_are_left_of_many_take_little),
        cmocka_unit_test(a_search_seldom_asks_for_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
