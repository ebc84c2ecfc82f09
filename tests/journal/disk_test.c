/* What a person is told to do about a disk that refuses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/journal/disk.h"

static void what_a_unit_may_not_write_to_names_the_drop_in(void **state)
{
    (void)state;
    assert_int_equal(disk_trouble_of(-EROFS), DISK_FORBIDDEN);
    assert_non_null(strstr(disk_remedy_of(-EROFS), "ReadWritePaths="));
    assert_null(strstr(disk_remedy_of(-EIO), "ReadWritePaths="));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_unit_may_not_write_to_names_the_drop_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
