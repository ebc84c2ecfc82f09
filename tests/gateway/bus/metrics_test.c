#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/metrics/counting.h"
#include "gateway/bus/metrics.h"

static void is_printed(struct metrics *metrics, const char *want)
{
    struct buf text = {0};
    size_t cursor = 0;

    assert_false(metrics_print(metrics, &cursor, SIZE_MAX, &text));
    buf_add_char(&text, '\0');
    assert_string_equal(want, text.data);
    buf_fini(&text);
}

static const char build[] =
    "# HELP muster_build_info 1 for the version and commit of the gateway that is asked.\n"
    "# TYPE muster_build_info gauge\n"
    "muster_build_info{version=\"" MUSTER_VERSION "\",commit=\"c0\"} 1\n";

static void what_all_actors_have_stands_together(void **state)
{
    struct metrics *metrics = metrics_new("c0");
    struct buf want = {0};

    (void)state;
    metrics_add(metrics, ACTOR_GATEWAY, 1, NULL);
    metrics_add(metrics, ACTOR_REGISTRY, 0, NULL);
    metrics_add(metrics, ACTOR_GATEWAY, 0, NULL);
    buf_printf(&want,
               "# HELP muster_up Whether the actor answered within half a second: 1, or 0.\n"
               "# TYPE muster_up gauge\n"
               "muster_up{actor=\"registry\",index=\"0\"} 0\n"
               "muster_up{actor=\"gateway\",index=\"0\"} 0\n"
               "muster_up{actor=\"gateway\",index=\"1\"} 0\n%s%c",
               build, 0);
    is_printed(metrics, want.data);
    buf_fini(&want);
    metrics_destroy(&metrics);
}

/* What one has told, without what every actor has. */
static void check_own(enum actor_name from, uint32_t index, const struct msg_counters *counters,
                      const char *want)
{
    struct metrics *metrics = metrics_new("c0");
    struct buf text = {0};
    size_t cursor = 0;

    metrics_add(metrics, from, index, counters);
    assert_false(metrics_print(metrics, &cursor, SIZE_MAX, &text));
    buf_add_char(&text, '\0');
    if (strstr(text.data, want) == NULL) {
        fail_msg("%s has no %s", text.data, want);
    }
    buf_fini(&text);
    metrics_destroy(&metrics);
}

static void an_actors_own_has_an_index_where_there_may_be_many(void **state)
{
    struct msg_counters counters = {0};
    struct buf stores[2] = {{0}, {0}};
    const struct counting to = {&counters.counters, &stores[0], &counters.sizes, &stores[1]};

    (void)state;
    counting_put_of(&to, METRIC_REGISTRY_COMMANDS, &STR("set"), 4);
    counting_put(&to, METRIC_HTTP_CONNECTIONS, 9);
    counting_put_of(&to, METRIC_ACTOR_CATCH_UPS, &STR("registry"), 2);
    check_own(ACTOR_REGISTRY, 0, &counters,
              "\nmuster_registry_commands_total{command=\"set\"} 4\n");
    check_own(ACTOR_GATEWAY, 1, &counters, "\nmuster_http_connections{index=\"1\"} 9\n");
    check_own(ACTOR_GATEWAY, 1, &counters,
              "\nmuster_actor_catch_ups_total{actor=\"gateway\",index=\"1\",of=\"registry\"} 2\n");
    buf_fini(&stores[0]);
    buf_fini(&stores[1]);
}

static void histograms_add_up(void **state)
{
    struct msg_counters counters = {0};
    struct buf stores[2] = {{0}, {0}};
    const struct counting to = {&counters.counters, &stores[0], &counters.sizes, &stores[1]};
    struct durations took = {0};

    (void)state;
    durations_add(&took, 200);
    durations_add(&took, 100);
    durations_add(&took, 3000);
    durations_add(&took, 100000000);
    counting_durations(&to, METRIC_REGISTRY_SYNC, NULL, &took);
    check_own(ACTOR_REGISTRY, 0, &counters,
              "# TYPE muster_registry_sync_seconds histogram\n"
              "muster_registry_sync_seconds_bucket{le=\"0.000125\"} 1\n"
              "muster_registry_sync_seconds_bucket{le=\"0.00025\"} 2\n");
    check_own(ACTOR_REGISTRY, 0, &counters,
              "muster_registry_sync_seconds_bucket{le=\"0.004\"} 3\n");
    check_own(ACTOR_REGISTRY, 0, &counters,
              "muster_registry_sync_seconds_bucket{le=\"65.536\"} 3\n"
              "muster_registry_sync_seconds_bucket{le=\"+Inf\"} 4\n"
              "muster_registry_sync_seconds_sum 100.003300\n"
              "muster_registry_sync_seconds_count 4\n");
    buf_fini(&stores[0]);
    buf_fini(&stores[1]);
}

static void a_large_page_comes_in_pieces(void **state)
{
    struct metrics *metrics[] = {metrics_new("c0"), metrics_new("c0")};
    struct buf whole = {0};
    struct buf pieces = {0};
    size_t cursor = 0;
    unsigned count = 0;

    (void)state;
    for (uint32_t i = 0; i < 200; i++) {
        metrics_add(metrics[0], ACTOR_GATEWAY, i / 2, NULL);
        metrics_add(metrics[1], ACTOR_GATEWAY, i / 2, NULL);
    }
    assert_false(metrics_print(metrics[0], &cursor, SIZE_MAX, &whole));
    cursor = 0;
    while (metrics_print(metrics[1], &cursor, pieces.len + 500, &pieces)) {
        count++;
    }
    assert_true(count > 10);
    assert_true(str_eq(buf_str(&whole), buf_str(&pieces)));
    buf_fini(&whole);
    buf_fini(&pieces);
    metrics_destroy(&metrics[0]);
    metrics_destroy(&metrics[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_all_actors_have_stands_together),
        cmocka_unit_test(an_actors_own_has_an_index_where_there_may_be_many),
        cmocka_unit_test(histograms_add_up),
        cmocka_unit_test(a_large_page_comes_in_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
