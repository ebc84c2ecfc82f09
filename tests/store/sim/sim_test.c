#include "tests/store/sim/world.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
// clang-format on

static void a_seed_is_the_same_run_each_time(void **state)
{
    struct world_result results[2];

    (void)state;
    world_run(7, TRACE_OFF, &results[0]);
    world_run(7, TRACE_OFF, &results[1]);
    assert_memory_equal(&results[0], &results[1], sizeof(results[0]));
    assert_true(results[0].messages > 500);
}

static void the_first_seeds_find_nothing(void **state)
{
    enum { seeds = 8 };

    (void)state;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct world_result result;

        world_run(seed, TRACE_OFF, &result);
        if (!result.ok) {
            print_error("seed %u: %s\n", (unsigned)seed, result.failure);
        }
        assert_true(result.ok);
        assert_true(result.linearizable > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_is_the_same_run_each_time),
        cmocka_unit_test(the_first_seeds_find_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
