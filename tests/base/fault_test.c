#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/fault.h"

#ifdef MUSTER_FAULTS
static void a_list_switches_on_what_it_names(void **state)
{
    struct faults faults = {0};

    (void)state;
    assert_int_equal(ERR_OK, faults_parse("reference.row1,registry.sync_fails", &faults));
    assert_true(fault_on(faults, FAULT_REFERENCE_ROW_1));
    assert_true(fault_on(faults, FAULT_SYNC_FAILS));
    assert_false(fault_on(faults, FAULT_REFERENCE_ROW_2));
    assert_int_equal(ERR_OK, faults_parse("reference.row32", &faults));
    assert_true(fault_on(faults, FAULT_REFERENCE_ROW_32));
    assert_false(fault_on(faults, FAULT_SYNC_FAILS));
}

static void a_name_not_in_the_table_is_refused_and_nothing_changed(void **state)
{
    static const char *const wrong[] = {"x",
                                        "reference.row",
                                        "reference.row11x",
                                        ",",
                                        "reference.row1,,",
                                        " reference.row1",
                                        "reference.row1,x",
                                        "REFERENCE.ROW1"};
    struct faults faults = {5};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(ERR_INVALID, faults_parse(wrong[i], &faults));
        assert_int_equal(5, faults.bits);
    }
}
#else
static void a_build_without_faults_has_none(void **state)
{
    struct faults faults = {5};

    (void)state;
    assert_int_equal(ERR_UNSUPPORTED, faults_parse("reference.row1", &faults));
    assert_int_equal(ERR_UNSUPPORTED, faults_parse("x", &faults));
    assert_int_equal(5, faults.bits);
    faults.bits = UINT64_MAX;
    assert_false(fault_on(faults, FAULT_REFERENCE_ROW_1));
}
#endif

static void no_list_is_no_fault(void **state)
{
    struct faults faults = {UINT64_MAX};

    (void)state;
    assert_int_equal(ERR_OK, faults_parse(NULL, &faults));
    assert_int_equal(0, faults.bits);
    faults.bits = UINT64_MAX;
    assert_int_equal(ERR_OK, faults_parse("", &faults));
    assert_int_equal(0, faults.bits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef MUSTER_FAULTS
        cmocka_unit_test(a_list_switches_on_what_it_names),
        cmocka_unit_test(a_name_not_in_the_table_is_refused_and_nothing_changed),
#else
        cmocka_unit_test(a_build_without_faults_has_none),
#endif
        cmocka_unit_test(no_list_is_no_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
