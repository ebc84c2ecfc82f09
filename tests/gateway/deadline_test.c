#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/prng.h"
#include "gateway/discovery/deadline.h"
#include "gateway/discovery/watch.h"

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

static void a_name_woken_twice_gives_each_watcher_once(void **state)
{
    struct watches *watches = watches_new();
    struct watcher watcher[2] = {{0}};
    struct watch_node node[3];

    (void)state;
    watches_add(watches, 1, &watcher[0], &node[0]);
    watches_add(watches, 1 + 65536, &watcher[0], &node[1]);
    watches_add(watches, 1, &watcher[1], &node[2]);
    assert_int_equal(watches_count(watches), 2);
    watches_wake(watches, 99);
    assert_false(watches_due(watches));
    watches_wake(watches, 1);
    watches_wake(watches, 1);
    assert_true(watches_due(watches));
    assert_non_null(watches_take(watches));
    assert_non_null(watches_take(watches));
    assert_null(watches_take(watches));
    watches_wake(watches, 1);
    watches_push(watches, &watcher[0]);
    watches_remove(watches, &node[0]);
    watches_remove(watches, &node[1]);
    watches_forget(watches, &watcher[0]);
    assert_ptr_equal(watches_take(watches), &watcher[1]);
    assert_null(watches_take(watches));
    watches_wake(watches, 1);
    watches_remove(watches, &node[2]); /* woken, and nobody is left */
    assert_false(watches_due(watches));
    assert_int_equal(watches_count(watches), 0);
    watches_destroy(&watches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_always_the_least_of_a_plain_scan),
        cmocka_unit_test(a_name_woken_twice_gives_each_watcher_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
