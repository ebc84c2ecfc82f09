/* docs/metrics.md is what the table of metrics says. After a change of the table,
 * MUSTER_WRITE_DOCS=1 makes this test write it afresh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/metrics/metrics.h"

static const char path[] = "docs/metrics.md";

static const char head[] =
    "# Metrics\n"
    "\n"
    "What `GET /metrics` of any gateway tells of all processes of its node, in Prometheus' text "
    "form. This\n"
    "page is the table of `common/metrics` printed; a test compares them. `musterctl stats ACTOR` "
    "shows the\n"
    "same numbers of one process. [deploy/prometheus](../deploy/prometheus) has alerts, a "
    "dashboard and a\n"
    "configuration to begin with. muster-etcd's own `/metrics` has etcd's names (docs/store.md).\n"
    "\n"
    "Times are seconds, sizes bytes. `actor` is `registry`, `replicator`, `evictor`, `gateway`, "
    "`store` or\n"
    "`etcd`; `index` tells several of a kind apart, and is 0 else. Metrics of gateways have "
    "`index` beside the\n"
    "labels below. `route` is a path of the API, or `other`; `code` what the API's answer says\n"
    "(0, -304, -404 …) under `/discovery`, else HTTP's status. `peer` is the address of a node.\n";

struct part {
    const char *title;
    int end; /* rows before it */
};

#define ONE(ID, name, kind, unit, labels, help) +1
static const struct part parts[] = {
    {"Every actor: labels actor and index", metric_actor_end},
    {"The gateways of the discovery API", metric_actor_end METRIC_GATEWAY_ROWS(ONE)},
    {"The registry", metric_actor_end METRIC_GATEWAY_ROWS(ONE) METRIC_REGISTRY_ROWS(ONE)},
    {"Self-protection and the other nodes",
     metric_actor_end METRIC_GATEWAY_ROWS(ONE) METRIC_REGISTRY_ROWS(ONE) METRIC_CLUSTER_ROWS(ONE)},
    {"The store of etcd's API", METRIC_END},
};
#undef ONE

static void print(struct buf *to)
{
    int at = 0;

    buf_add_str(to, str_from(head));
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        buf_printf(to, "\n## %s\n\n| name | kind | labels | |\n| --- | --- | --- | --- |\n",
                   parts[i].title);
        for (; at < parts[i].end; at++) {
            const struct metric_row *row = metric_row((enum metric)at);

            buf_printf(to, "| `muster_%s` | %s | %s | %s |\n", row->name,
                       metric_kind_text(row->kind), row->labels, row->help);
        }
    }
}

static void the_page_is_the_table(void **state)
{
    struct buf want = {0};
    struct buf got = {0};
    FILE *file;

    (void)state;
    print(&want);
    if (getenv("MUSTER_WRITE_DOCS") != NULL) {
        file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(want.len, fwrite(want.data, 1, want.len, file));
        assert_int_equal(0, fclose(file));
    }
    file = fopen(path, "rb");
    assert_non_null(file);
    got.len = fread(buf_reserve(&got, want.len + 1), 1, want.len + 1, file);
    (void)fclose(file);
    if (!str_eq(buf_str(&want), buf_str(&got))) {
        fail_msg("%s is outdated: run this test with MUSTER_WRITE_DOCS=1", path);
    }
    buf_fini(&want);
    buf_fini(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
