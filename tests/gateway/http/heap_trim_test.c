#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/http/heap_trim.h"

static void it_is_due_when_many_have_gone_and_no_more_go(void **state)
{
    struct heap_trim trim = {0};

    (void)state;
    assert_false(heap_trim_is_due(&trim, 1500, 10000));
    assert_false(heap_trim_is_due(&trim, 900, 10100));
    assert_false(heap_trim_is_due(&trim, 400, 10200));
    assert_false(heap_trim_is_due(&trim, 400, 10399));
    assert_true(heap_trim_is_due(&trim, 400, 10400));
}

static void few_that_go_leave_what_the_next_will_ask_for(void **state)
{
    struct heap_trim trim = {0};

    (void)state;
    assert_false(heap_trim_is_due(&trim, 1500, 10000));
    assert_false(heap_trim_is_due(&trim, 501, 11000));
    assert_false(heap_trim_is_due(&trim, 501, 60000));
    assert_false(heap_trim_is_due(&trim, 500, 70000));
    assert_true(heap_trim_is_due(&trim, 500, 70200));
}

static void it_is_not_done_often(void **state)
{
    struct heap_trim trim = {0};

    (void)state;
    (void)heap_trim_is_due(&trim, 2000, 10000);
    (void)heap_trim_is_due(&trim, 0, 10100);
    assert_true(heap_trim_is_due(&trim, 0, 10300));
    heap_trim_give_back(&trim, 10300);
    assert_false(heap_trim_is_due(&trim, 0, 20000)); /* nothing has gone since */
    heap_trim_give_back(&trim, 20000);
    (void)heap_trim_is_due(&trim, 2000, 20100);
    (void)heap_trim_is_due(&trim, 0, 20200);
    assert_false(heap_trim_is_due(&trim, 0, 21999));
    assert_true(heap_trim_is_due(&trim, 0, 22000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_due_when_many_have_gone_and_no_more_go),
        cmocka_unit_test(few_that_go_leave_what_the_next_will_ask_for),
        cmocka_unit_test(it_is_not_done_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
