#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/deadlines.h"
#include "common/base/prng.h"

enum { many = 500 };

static void the_first_is_always_the_least_of_a_plain_scan(void **state)
{
    static struct deadline all[many];
    struct deadlines heap = {0};
    struct prng prng;

    (void)state;
    prng_init(&prng, 7);
    for (int step = 0; step < 20000; step++) {
        struct deadline *one = &all[prng_below(&prng, many)];
        int64_t least = INT64_MAX;

        if (prng_below(&prng, 3) == 0) {
            deadlines_remove(&heap, one);
        } else {
            deadlines_set(&heap, one, (int64_t)prng_below(&prng, 1000));
        }
        if (step % 50 != 0) {
            continue;
        }
        for (size_t i = 0; i < many; i++) {
            least = all[i].at != 0 && all[i].due_ms < least ? all[i].due_ms : least;
        }
        assert_int_equal(heap.count == 0 ? INT64_MAX : deadlines_first(&heap)->due_ms, least);
    }
    while (deadlines_first(&heap) != NULL) {
        deadlines_remove(&heap, deadlines_first(&heap));
    }
    deadlines_fini(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_always_the_least_of_a_plain_scan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
