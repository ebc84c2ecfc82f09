#include "tests/sim/world.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <string.h>

/* Each planted fault is found within so many seeds. */
enum { plant_seeds = 20 };

static void holds_its_promises_for_some_seeds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct world_result result;

        world_run(seed, WORLD_NONE, &result);
        if (!result.ok) {
            print_error("seed %u: %s\n", (unsigned)seed, result.failure);
        }
        assert_true(result.ok);
        assert_true(result.kills > 0 && result.acknowledged > 0 && result.dropped_facts > 0);
    }
}

static void the_same_seed_is_the_same_run(void **state)
{
    struct world_result results[2];

    (void)state;
    world_run(7, WORLD_NONE, &results[0]);
    world_run(7, WORLD_NONE, &results[1]);
    assert_memory_equal(&results[0], &results[1], sizeof(results[0]));
}

static bool is_found(enum world_plant plant, const char *failure)
{
    for (uint64_t seed = 1; seed <= plant_seeds; seed++) {
        struct world_result result;

        world_run(seed, plant, &result);
        if (!result.ok) {
            assert_non_null(strstr(result.failure, failure));
            return true;
        }
    }
    return false;
}

static void finds_answers_given_before_the_sync(void **state)
{
    (void)state;
    assert_true(is_found(WORLD_ANSWERS_BEFORE_SYNC, "acknowledged"));
}

static void finds_writes_that_are_done_twice(void **state)
{
    (void)state;
    assert_true(is_found(WORLD_FORGETS_WRITES, "done twice"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_its_promises_for_some_seeds),
        cmocka_unit_test(the_same_seed_is_the_same_run),
        cmocka_unit_test(finds_answers_given_before_the_sync),
        cmocka_unit_test(finds_writes_that_are_done_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
