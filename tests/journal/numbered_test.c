#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/journal/numbered.h"

static const struct numbered form = {"journal-", ".log"};

static void a_name_says_its_number(void **state)
{
    static const uint64_t numbers[] = {0, 1, 0x204, UINT64_MAX};

    (void)state;
    assert_string_equal(numbered_name(&form, 0x204).text, "journal-0000000000000204.log");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint64_t number;

        assert_true(numbered_read(&form, numbered_name(&form, numbers[i]).text, &number));
        assert_int_equal(number, numbers[i]);
    }
}

static void only_what_it_would_write_is_one(void **state)
{
    static const char *const others[] = {
        "",
        "journal-",
        "journal-.log",
        "journal-204.log",
        "journal-000000000000020G.log",
        "journal-000000000000020A.log",
        "journal-0000000000000204.log.tmp",
        "journal-0000000000000204",
        "journal-00000000000000204.log",
        "snapshot-0000000000000204.log",
        " journal-0000000000000204.log",
    };
    uint64_t number = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(numbered_read(&form, others[i], &number));
        assert_int_equal(number, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_says_its_number),
        cmocka_unit_test(only_what_it_would_write_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
