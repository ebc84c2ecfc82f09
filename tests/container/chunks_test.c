#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/container/column.h"

static void a_chunk_is_made_once_of_zeros_and_stays_where_it_is(void **state)
{
    struct chunks chunks = {.bytes = 64};
    unsigned char *first;
    bool fresh;

    (void)state;
    assert_null(chunks_find(&chunks, 5));
    first = chunks_make(&chunks, 5, &fresh);
    assert_true(fresh);
    for (int i = 0; i < 64; i++) {
        assert_int_equal(0, first[i]);
    }
    first[0] = 7;
    for (uint32_t number = 6; number < 5000; number += 7) {
        (void)chunks_make(&chunks, number, NULL);
    }
    assert_ptr_equal(first, chunks_make(&chunks, 5, &fresh));
    assert_false(fresh);
    assert_int_equal(7, first[0]);
    assert_null(chunks_find(&chunks, 4));
    assert_null(chunks_find(&chunks, 7));
    assert_null(chunks_find(&chunks, UINT32_MAX));
    chunks_fini(&chunks);
}

static void one_that_was_dropped_is_made_of_zeros_again(void **state)
{
    struct chunks chunks = {.bytes = 8};

    (void)state;
    *(uint64_t *)chunks_make(&chunks, 0, NULL) = 9;
    chunks_drop(&chunks, 0);
    assert_null(chunks_find(&chunks, 0));
    assert_int_equal(0, *(uint64_t *)chunks_make(&chunks, 0, NULL));
    chunks_fini(&chunks);
    assert_int_equal(0, chunks.count);
}

static void a_column_has_a_cell_for_each_number(void **state)
{
    enum { step = 1000, end = 50 * step };
    struct column column = column_of(sizeof(uint32_t));

    (void)state;
    for (uint32_t number = 0; number < end; number += step) {
        *(uint32_t *)column_make(&column, number) = number + 1;
    }
    for (uint32_t number = 0; number < end; number += step) {
        assert_int_equal(number + 1, *(uint32_t *)column_find(&column, number));
        assert_int_equal(0, *(uint32_t *)column_find(&column, number + 1)); /* beside one */
    }
    assert_null(column_find(&column, 40 * column_chunk_cells));
    assert_ptr_equal(column_chunk(&column, 1), column_find(&column, column_chunk_cells));
    column_fini(&column);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_is_made_once_of_zeros_and_stays_where_it_is),
        cmocka_unit_test(one_that_was_dropped_is_made_of_zeros_again),
        cmocka_unit_test(a_column_has_a_cell_for_each_number),
    };

    return cmocka_run_group_tests_name("chunks", tests, NULL, NULL);
}
