/* Preloaded into a test program (tests/mutants/run): of its cases only the one of that name runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void choose_case(void)
{
    cmocka_set_test_filter(getenv("MUSTER_ONE_CASE"));
}
