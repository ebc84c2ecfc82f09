/* /health, /livez, /readyz, /metrics, over both transports; the store's answers are played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"
#include "tests/gateway/etcd/web_rig.h"

enum { boot = 7 };

static int set_up_as(void **state, const char *version)
{
    struct web_rig *self = calloc(1, sizeof(*self));

    web_rig_init(self, version, NULL, 0);
    relay_up(self->relay, boot, &self->now, self->out);
    self->store.lead = self->store.member = 3;
    self->store.boot = boot;
    *state = self;
    return 0;
}

static int set_up(void **state)
{
    return set_up_as(state, "3.5.21");
}

static int set_up_3_4(void **state)
{
    return set_up_as(state, "3.4.23");
}

static int tear_down(void **state)
{
    web_rig_fini(*state);
    free(*state);
    return 0;
}

static void assert_page(const struct seen *seen, int status, const char *text)
{
    struct str body = buf_str(&seen->body);

    if (seen->status != status || !str_eq(body, str_from(text))) {
        print_message("%d %.*s, not %d %s\n", seen->status, STR_ARG(body), status, text);
        fail();
    }
    assert_true(seen_header(seen, "content-type", "text/plain; charset=utf-8"));
}

static void end_all(struct web_rig *self)
{
    while (self->count > 0) {
        web_rig_end(self, GRPC_OK, "");
    }
}

static void raise_alarm(struct web_rig *self, int alarm)
{
    Etcdserverpb__AlarmResponse response = ETCDSERVERPB__ALARM_RESPONSE__INIT;
    Etcdserverpb__AlarmMember member = ETCDSERVERPB__ALARM_MEMBER__INIT;
    Etcdserverpb__AlarmMember *members[] = {&member};

    member.alarm = (Etcdserverpb__AlarmType)alarm;
    response.n_alarms = 1;
    response.alarms = members;
    for (unsigned i = 0; i < self->count; i++) {
        if (self->calls[i]->method == ETCD_METHOD_ALARM) {
            struct rpc *rpc = self->calls[i];
            struct rpc *last = self->calls[self->count - 1];

            self->calls[self->count - 1] = rpc;
            self->calls[i] = last;
        }
    }
    web_rig_send(self, &response.base);
}

static void health_is_true_when_the_store_has_answered(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        struct seen *seen = web_rig_ask(self, t, "GET", "/health", NULL, NULL);

        assert_int_equal(seen->status, 0);
        assert_int_equal(self->count, 2);
        end_all(self);
        seen = web_rig_run(self, t);
        assert_page(seen, 200, "{\"health\":\"true\",\"reason\":\"\"}");
        assert_false(seen_header(seen, "x-content-type-options", NULL));
    }
}

static void health_of_3_4_has_no_reason(void **state)
{
    struct web_rig *self = *state;
    struct seen *seen;

    (void)web_rig_ask(self, TRANSPORT_HTTP1, "GET", "/health?serializable=true", NULL, NULL);
    assert_int_equal(self->timeout_ms, 1000);
    raise_alarm(self, ETCDSERVERPB__ALARM_TYPE__NOSPACE);
    end_all(self);
    seen = web_rig_run(self, TRANSPORT_HTTP1);
    assert_page(seen, 503, "{\"health\":\"false\"}\n");
    assert_true(seen_header(seen, "x-content-type-options", "nosniff"));
}

static void an_alarm_makes_it_false_unless_excluded(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        (void)web_rig_ask(self, t, "GET", "/health", NULL, NULL);
        raise_alarm(self, ETCDSERVERPB__ALARM_TYPE__NOSPACE);
        end_all(self);
        assert_page(web_rig_run(self, t), 503,
                    "{\"health\":\"false\",\"reason\":\"ALARM NOSPACE\"}\n");
        (void)web_rig_ask(self, t, "GET", "/health?exclude=NOSPACE&x", NULL, NULL);
        raise_alarm(self, ETCDSERVERPB__ALARM_TYPE__NOSPACE);
        end_all(self);
        assert_page(web_rig_run(self, t), 200, "{\"health\":\"true\",\"reason\":\"\"}");
        (void)web_rig_ask(self, t, "GET", "/health?exclude=NOSPACE", NULL, NULL);
        raise_alarm(self, ETCDSERVERPB__ALARM_TYPE__CORRUPT);
        end_all(self);
        assert_page(web_rig_run(self, t), 503,
                    "{\"health\":\"false\",\"reason\":\"ALARM CORRUPT\"}\n");
    }
}

static void a_read_that_fails_makes_it_false(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        (void)web_rig_ask(self, t, "GET", "/health", NULL, NULL);
        assert_int_equal(self->calls[1]->method, ETCD_METHOD_RANGE);
        web_rig_end(self, GRPC_UNAVAILABLE, "etcdserver: request timed out");
        end_all(self);
        assert_page(web_rig_run(self, t), 503,
                    "{\"health\":\"false\",\"reason\":\"RANGE ERROR:etcdserver: request timed "
                    "out\"}\n");
        (void)web_rig_ask(self, t, "GET", "/health", NULL, NULL);
        web_rig_end(self, GRPC_INVALID_ARGUMENT, "etcdserver: user name is empty");
        end_all(self);
        assert_page(web_rig_run(self, t), 200, "{\"health\":\"true\",\"reason\":\"\"}");
    }
}

static void a_store_that_is_not_there_is_told_at_once(void **state)
{
    struct web_rig *self = *state;

    relay_down(self->relay);
    for (enum transport t = 0; t < TRANSPORTS; t++) {
        assert_page(web_rig_ask(self, t, "GET", "/health", NULL, NULL), 503,
                    "{\"health\":\"false\",\"reason\":\"RANGE ERROR:etcdserver: server "
                    "stopped\"}\n");
        assert_page(web_rig_ask(self, t, "GET", "/livez", NULL, NULL), 503,
                    "[-]serializable_read failed: etcdserver: server stopped\n\n");
        assert_int_equal(self->begun, 0);
    }
}

static void without_a_leader_only_what_needs_none_is_well(void **state)
{
    struct web_rig *self = *state;

    self->store.lead = 0;
    for (enum transport t = 0; t < TRANSPORTS; t++) {
        assert_page(web_rig_ask(self, t, "GET", "/health", NULL, NULL), 503,
                    "{\"health\":\"false\",\"reason\":\"RAFT NO LEADER\"}\n");
        (void)web_rig_ask(self, t, "GET", "/health?serializable=true", NULL, NULL);
        end_all(self);
        assert_page(web_rig_run(self, t), 200, "{\"health\":\"true\",\"reason\":\"\"}");
        (void)web_rig_ask(self, t, "GET", "/readyz", NULL, NULL);
        end_all(self);
        assert_page(web_rig_run(self, t), 503,
                    "[+]data_corruption ok\n[+]serializable_read ok\n[-]linearizable_read failed: "
                    "etcdserver: no leader\n\n");
    }
}

static void readyz_names_its_parts_when_asked(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        (void)web_rig_ask(self, t, "GET", "/readyz", NULL, NULL);
        assert_int_equal(self->count, 3);
        end_all(self);
        assert_page(web_rig_run(self, t), 200, "ok\n");
        (void)web_rig_ask(self, t, "GET", "/readyz?verbose&exclude=linearizable_read", NULL, NULL);
        assert_int_equal(self->count, 2);
        end_all(self);
        assert_page(web_rig_run(self, t), 200,
                    "[+]data_corruption ok\n[+]serializable_read ok\nok\n");
        (void)web_rig_ask(self, t, "GET", "/readyz/data_corruption?verbose", NULL, NULL);
        raise_alarm(self, ETCDSERVERPB__ALARM_TYPE__CORRUPT);
        end_all(self);
        assert_page(web_rig_run(self, t), 503,
                    "[-]data_corruption failed: alarm activated: CORRUPT\n\n");
        assert_int_equal(web_rig_ask(self, t, "GET", "/livez/data_corruption", NULL, NULL)->status,
                         404);
    }
}

static void whoever_goes_is_not_looked_after(void **state)
{
    struct web_rig *self = *state;

    (void)web_rig_ask(self, TRANSPORT_HTTP2, "GET", "/readyz", NULL, NULL);
    web_rig_hang_up(self, TRANSPORT_HTTP2);
    assert_int_equal(self->count, 0);
    assert_int_equal(self->gone, 3);
}

/* ── /metrics ── */

static uint64_t asked_round(struct web_rig *self)
{
    struct outbox_item item;
    uint64_t id = 0;

    for (unsigned lane = 0; lane < OUTBOX_LANE_COUNT; lane++) {
        size_t cursor = 0;

        while (outbox_next(self->out, (enum outbox_lane)lane, &cursor, &item)) {
            struct str rest = item.frame;
            struct msg msg;

            while (rest.len > 0 && msg_decode(&rest, &msg) == ERR_OK) {
                id = msg.type == MSG_TYPE_STATS ? msg.as_stats.id : id;
            }
        }
        outbox_clear(self->out, (enum outbox_lane)lane);
    }
    return id;
}

static void assert_has(const struct seen *seen, const char *text)
{
    if (memmem(seen->body.data, seen->body.len, text, strlen(text)) == NULL) {
        print_message("no %s\n", text);
        fail();
    }
}

static void metrics_have_etcds_names(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        struct msg_counters counters = {0};
        struct buf stores[2] = {{0}, {0}};
        struct seen *seen;

        (void)web_rig_ask(self, t, "POST", "/v3/kv/range", NULL, "{}");
        web_rig_end(self, GRPC_UNAVAILABLE, "");
        (void)web_rig_run(self, t);
        seen = web_rig_ask(self, t, "GET", "/metrics", NULL, NULL);
        assert_int_equal(seen->status, 0);
        counts_add(&counters.counters, &stores[0], "store_puts_total", 12);
        counts_add(&counters.counters, &stores[0], "store_log_sync_us", 2500000);
        counts_add(&counters.counters, &stores[0], "store_log_sync_le_2", 4);
        counts_add(&counters.counters, &stores[0], "store_log_sync_le_4", 3);
        counts_add(&counters.counters, &stores[0], "store_log_sync_le_17", 1);
        counts_add(&counters.sizes, &stores[1], "store_keys", 5);
        counters.id = asked_round(self);
        assert_true(counters.id > 0);
        front_counters(self->front, &counters);
        seen = web_rig_run(self, t);
        assert_int_equal(seen->status, 200);
        assert_true(seen_header(seen, "content-type", "text/plain; version=0.0.4; charset=utf-8"));
        assert_has(seen, "# TYPE etcd_server_has_leader gauge\netcd_server_has_leader 1\n");
        assert_has(seen, "etcd_server_is_leader 1\n");
        assert_has(seen, "etcd_server_version{server_version=\"3.5.21\"} 1\n");
        assert_has(seen, "# TYPE etcd_mvcc_put_total counter\netcd_mvcc_put_total 12\n");
        assert_has(seen, "# TYPE etcd_debugging_mvcc_keys_total gauge\n"
                         "etcd_debugging_mvcc_keys_total 5\n");
        assert_has(seen, "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"0.001\"} 4\n");
        assert_has(seen, "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"0.002\"} 7\n");
        assert_has(seen, "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"8.192\"} 7\n");
        assert_has(seen, "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"+Inf\"} 8\n");
        assert_has(seen, "etcd_disk_wal_fsync_duration_seconds_sum 2.500000\n");
        assert_has(seen, "etcd_disk_wal_fsync_duration_seconds_count 8\n");
        assert_has(seen, "grpc_server_handled_total{grpc_method=\"Range\",grpc_service="
                         "\"etcdserverpb.KV\",grpc_type=\"unary\",grpc_code=\"Unavailable\"} ");
        assert_has(seen, "process_open_fds ");
        buf_fini(&stores[0]);
        buf_fini(&stores[1]);
    }
}

static void metrics_do_not_wait_for_a_store_that_is_silent(void **state)
{
    struct web_rig *self = *state;
    struct seen *seen = web_rig_ask(self, TRANSPORT_HTTP2, "GET", "/metrics", NULL, NULL);

    assert_int_equal(seen->status, 0);
    self->now.mono_ms += 500;
    seen = web_rig_run(self, TRANSPORT_HTTP2);
    assert_int_equal(seen->status, 200);
    assert_has(seen, "etcd_server_has_leader 1\n");
    relay_down(self->relay);
    seen = web_rig_ask(self, TRANSPORT_HTTP1, "GET", "/metrics", NULL, NULL);
    assert_int_equal(seen->status, 200);
    assert_has(seen, "etcd_server_has_leader 0\n");
}

static void vars_are_json(void **state)
{
    struct web_rig *self = *state;
    struct seen *seen = web_rig_ask(self, TRANSPORT_HTTP1, "GET", "/debug/vars", NULL, NULL);

    assert_int_equal(seen->status, 200);
    assert_true(seen_header(seen, "content-type", "application/json; charset=utf-8"));
    assert_has(seen, "{\n\"cmdline\": [\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(health_is_true_when_the_store_has_answered, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(health_of_3_4_has_no_reason, set_up_3_4, tear_down),
        cmocka_unit_test_setup_teardown(an_alarm_makes_it_false_unless_excluded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_read_that_fails_makes_it_false, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_store_that_is_not_there_is_told_at_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_a_leader_only_what_needs_none_is_well, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(readyz_names_its_parts_when_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whoever_goes_is_not_looked_after, set_up, tear_down),
        cmocka_unit_test_setup_teardown(metrics_have_etcds_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(metrics_do_not_wait_for_a_store_that_is_silent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(vars_are_json, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
