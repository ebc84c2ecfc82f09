#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/discovery/watch.h"

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
        cmocka_unit_test(a_name_woken_twice_gives_each_watcher_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
