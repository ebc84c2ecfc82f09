#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/bus/metrics.h"

static void metrics_of_many_gateways_stand_together(void **state)
{
    struct metrics *metrics = metrics_new();
    struct buf text = {0};

    (void)state;
    metrics_add(metrics, ACTOR_GATEWAY, 1, NULL);
    metrics_add(metrics, ACTOR_GATEWAY, 0, NULL);
    metrics_print(metrics, &text);
    buf_add_char(&text, '\0');
    assert_string_equal("# HELP muster_gateway_up A size of a muster process, as its STATS tell.\n"
                        "# TYPE muster_gateway_up gauge\n"
                        "muster_gateway_up{actor=\"gateway.0\"} 0\n"
                        "muster_gateway_up{actor=\"gateway.1\"} 0\n",
                        text.data);
    buf_fini(&text);
    metrics_destroy(&metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_of_many_gateways_stand_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
