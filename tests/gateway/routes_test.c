#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/discovery/replica.h"
#include "tests/gateway/gateway_fixture.h"

static void check_with(struct gateway_fixture *self, const char *method, const char *path,
                       const char *form, int status, const char *body)
{
    struct buf answer = fixture_ask(self, method, path, form);

    assert_int_equal(status, answer_status(&answer));
    assert_string_equal(body, answer_body(&answer));
    buf_fini(&answer);
}

static void what_is_not_there_is_404_and_a_wrong_method_405(void **state)
{
    static const char *const unknown[] = {"/discovery", "/discovery/nodes/", "/Discovery/Nodes",
                                          "/metadata", "/debug/pprof/cmdline"};
    struct gateway_fixture self;

    (void)state;
    fixture_begin(&self, false);
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        check_with(&self, "GET", unknown[i], NULL, 404, "404 page not found");
    }
    check_with(&self, "GET", "/discovery/register", NULL, 405, "Method Not Allowed");
    check_with(&self, "POST", "/discovery/fetch", "", 405, "Method Not Allowed");
    check_with(&self, "POST", "/discovery/poll", "", 405, "Method Not Allowed");
    check_with(&self, "PUT", "/discovery/set", "", 405, "Method Not Allowed");
    check_with(&self, "DELETE", "/discovery/cancel", NULL, 405, "Method Not Allowed");
    fixture_end(&self);
}

/* Sends a body of that type ("": none is said) to path. */
static struct buf ask_typed(struct gateway_fixture *self, const char *path, const char *type,
                            const char *body)
{
    struct buf text = {0};
    struct buf answer;
    int fd = server_connect(&self->server);
    ssize_t sent;

    buf_printf(&text,
               "POST %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s%s%sContent-Length: %zu"
               "\r\n\r\n%s",
               path, type[0] != 0 ? "Content-Type: " : "", type, type[0] != 0 ? "\r\n" : "",
               strlen(body), body);
    sent = send(fd, text.data, text.len, MSG_NOSIGNAL);
    assert_int_equal(sent, text.len);
    answer = server_answer(&self->server, fd);
    (void)close(fd);
    buf_fini(&text);
    return answer;
}

/* A body that can't be read changes nothing of what has no use for it. */
static void what_is_not_there_is_told_before_its_body_is_read(void **state)
{
    static const struct {
        const char *path;
        int status;
    } cases[] = {
        {"/nope", 404}, {"/livez", 405}, {"/muster/v1/status", 405}, {"/discovery/nodes", 405}};
    struct gateway_fixture self;

    (void)state;
    fixture_begin(&self, false);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf answer = ask_typed(&self, cases[i].path, "application/json", "{broken");

        assert_int_equal(cases[i].status, answer_status(&answer));
        buf_fini(&answer);
    }
    fixture_end(&self);
}

static void a_body_that_was_passed_over_is_named_where_something_is_missing(void **state)
{
    static const struct {
        const char *type;
        const char *says;
    } cases[] = {
        {"text/plain;charset=UTF-8", "appid is required; a body of Content-Type text/plain is not "
                                     "read: send application/x-www-form-urlencoded or "
                                     "application/json\""},
        {"", "appid is required; a body without Content-Type is not read: send "
             "application/x-www-form-urlencoded or application/json\""},
        {"application/json", "appid is required\""},
    };
    struct gateway_fixture self;

    (void)state;
    fixture_begin(&self, false);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf answer =
            ask_typed(&self, "/discovery/fetchs?env=dev&status=1", cases[i].type, "{}");

        assert_int_equal(200, answer_status(&answer));
        assert_true(answer_has(&answer, cases[i].says));
        buf_fini(&answer);
    }
    fixture_end(&self);
}

static void json_that_is_no_text_is_no_parameter(void **state)
{
    static const struct {
        const char *body;
        const char *says;
    } cases[] = {
        {"{\"zone\":{\"n\":\"z\"},\"env\":\"dev\",\"appid\":\"a\",\"hostname\":\"h\",\"status\":1,"
         "\"addrs\":[\"http://a:1\"]}",
         "\"zone must be a text, got an object\""},
        {"{\"zone\":\"z\",\"env\":\"dev\",\"appid\":\"a\",\"hostname\":\"h\",\"status\":1,"
         "\"addrs\":[{\"url\":\"http://a:1\"}]}",
         "\"addrs must be a text, got an object\""},
        {"{\"zone\":\"z\",\"env\":\"dev\",\"appid\":\"a\",\"hostname\":\"h\",\"status\":1,"
         "\"addrs\":[[\"http://a:1\"]]}",
         "\"addrs must be a text, got a list within a list\""},
    };
    struct gateway_fixture self;

    (void)state;
    fixture_begin(&self, false);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf answer =
            ask_typed(&self, "/discovery/register", "application/json", cases[i].body);

        assert_true(answer_has(&answer, cases[i].says));
        buf_fini(&answer);
    }
    fixture_end(&self);
}

static void bound(struct config *config, const void *context)
{
    (void)context;
    config->gateway_body_max = 1000;
}

/* gateway.pool of server.h is 8 KiB. */
static void urls_and_bodies_are_bounded_as_configured(void **state)
{
    struct gateway_fixture self = {.client = -1};
    struct buf text = {0};
    struct buf answer;

    (void)state;
    server_start_with(&self.server, bound, NULL);
    buf_printf(&text, "env=%0996d%c", 1, 0);
    answer = fixture_ask(&self, "POST", "/discovery/fetchs", text.data);
    assert_int_equal(200, answer_status(&answer));
    buf_fini(&answer);
    text.len = 0;
    buf_printf(&text, "env=%0997d%c", 1, 0);
    answer = fixture_ask(&self, "POST", "/discovery/fetchs", text.data);
    assert_int_equal(413, answer_status(&answer));
    buf_fini(&answer);
    text.len = 0;
    buf_printf(&text, "/discovery/nodes?x=%020000d%c", 1, 0);
    answer = fixture_ask(&self, "GET", text.data, NULL);
    assert_true(answer_status(&answer) == 414 || answer_status(&answer) == 431);
    buf_fini(&answer);
    buf_fini(&text);
    fixture_end(&self);
}

static void a_wrong_method_is_told_which_are_right(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        const char *allow;
    } rows[] = {
        {"GET", "/discovery/set", "\r\nAllow: POST\r\n"},
        {"PUT", "/discovery/fetch", "\r\nAllow: GET, HEAD\r\n"},
        {"OPTIONS", "/discovery/polls", "\r\nAllow: GET, HEAD, POST\r\n"},
    };
    struct gateway_fixture self;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf answer;

        fixture_begin(&self, false);
        fixture_send(&self, rows[i].method, rows[i].path, NULL);
        answer = fixture_answer(&self);
        assert_int_equal(405, answer_status(&answer));
        assert_true(answer_has(&answer, rows[i].allow));
        buf_fini(&answer);
        fixture_end(&self);
    }
}

static void what_a_strangers_page_asks_is_refused(void **state)
{
    struct gateway_fixture self;
    struct buf answer;

    (void)state;
    fixture_begin(&self, false);
    self.head = "Origin: http://evil.example\r\n";
    answer = fixture_ask(&self, "POST", "/discovery/cancel", "zone=z&env=e&appid=a&hostname=h");
    assert_int_equal(403, answer_status(&answer));
    assert_int_equal(0, self.writes);
    buf_fini(&answer);
    answer = fixture_ask(&self, "GET", "/discovery/nodes", NULL); /* it can't read that */
    assert_int_equal(200, answer_status(&answer));
    assert_true(answer_has(&answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
    buf_fini(&answer);
    fixture_end(&self);
}

static void polls_and_fetchs_are_read_by_post_too(void **state)
{
    struct gateway_fixture self;

    (void)state;
    fixture_begin(&self, false);
    check_with(&self, "POST", "/discovery/fetchs", "env=dev&appid=x&status=1", 200,
               "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{}}");
    fixture_end(&self);
}

static void init_protect_refuses_reads_and_says_why_and_how_long(void **state)
{
    struct gateway_fixture self;
    struct buf answer;

    (void)state;
    fixture_begin(&self, false);
    fixture_protect(&self, 41500);
    answer = fixture_ask(&self, "GET", "/discovery/nodes", NULL);
    assert_int_equal(503, answer_status(&answer));
    assert_true(answer_has(&answer, "Retry-After: 42\r\n"));
    assert_true(answer_has(&answer, "Kratos-Status-Code: -500\r\n"));
    assert_string_equal(
        "{\"code\":-500,\"message\":\"protected at start: no peer has answered; ends "
        "when in sync with a peer, in 42 s at most\",\"ttl\":1}",
        answer_body(&answer));
    buf_fini(&answer);
    check_with(&self, "GET", "/discovery/register", NULL, 405, "Method Not Allowed");
    check_with(&self, "GET", "/discovery/nope", NULL, 404, "404 page not found");
    fixture_send(&self, "POST", "/discovery/cancel", "zone=z&env=e&appid=a&hostname=h");
    assert_int_equal(1, self.writes); /* writes go on */
    fixture_end(&self);
}

static void health_tells_each_part(void **state)
{
    struct gateway_fixture self;

    (void)state;
    fixture_begin(&self, false);
    check_with(&self, "GET", "/livez", NULL, 200, "ok\n");
    check_with(&self, "GET", "/readyz", NULL, 200, "ok\n");
    check_with(&self, "GET", "/readyz?verbose", NULL, 200,
               "[+]replica ok\n[+]registry ok\n[+]protect ok\n[+]storage ok\n"
               "[-]replicator not heard\n[-]evictor not heard\nok\n");
    fixture_protect(&self, 1000);
    check_with(&self, "GET", "/readyz", NULL, 503, "not ready\n");
    check_with(&self, "GET", "/livez", NULL, 200, "ok\n");
    fixture_end(&self);
}

static void a_node_alone_shows_itself(void **state)
{
    struct gateway_fixture self;

    (void)state;
    fixture_begin(&self, false);
    check_with(&self, "GET", "/discovery/nodes?env=x", NULL, 200,
               "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":[{\"addr\":\"127.0.0.1:7171\","
               "\"status\":0,\"zone\":\"sh001\"}]}");
    fixture_end(&self);
}

static void parameters_are_bounded_and_timestamps_not_counted_apart(void **state)
{
    struct gateway_fixture self;
    struct buf form = {0};
    struct buf answer;

    (void)state;
    fixture_begin(&self, false);
    for (int i = 0; i < 1025; i++) {
        buf_add_str(&form, STR("x=1&"));
    }
    buf_add_char(&form, '\0');
    check_with(&self, "POST", "/discovery/cancel", form.data, 200,
               "{\"code\":-400,\"message\":\"at most 1024 parameters are read, got "
               "1025\",\"ttl\":1}");
    form.len = 0;
    buf_add_str(&form, STR("env=dev&hostname=h&zone=z"));
    for (int i = 0; i < 1000; i++) {
        buf_printf(&form, "&appid=a%d&latest_timestamp=0", i);
    }
    buf_add_str(&form, STR("&latest_timestamp=1"));
    buf_add_char(&form, '\0');
    answer = fixture_ask(&self, "POST", "/discovery/polls", form.data);
    assert_true(answer_has(&answer, "1000 appid, got 1001"));
    buf_fini(&answer);
    buf_fini(&form);
    fixture_end(&self);
}

static void metrics_wait_for_all_but_not_for_ever(void **state)
{
    struct gateway_fixture self;
    struct msg stats;
    struct msg counters = {.type = MSG_TYPE_COUNTERS};
    struct buf store = {0};
    struct buf answer;

    (void)state;
    fixture_begin(&self, false);
    fixture_send(&self, "GET", "/metrics", NULL);
    assert_int_equal(4, self.stats); /* registry, replicator, evictor, itself */
    stats = fixture_command(&self);
    counters.as_counters.id = stats.as_stats.id;
    counters.as_counters.uptime_ms = 3000;
    counts_add(&counters.as_counters.counters, &store, "registry_changes_total", 12);
    gateway_spec.answer(self.server.gateway, ACTOR_REGISTRY, 0, &counters, &self.server.feed.now,
                        self.server.out);
    assert_false(fixture_is_answered(&self));
    fixture_wait(&self, 500);
    answer = fixture_answer(&self);
    assert_int_equal(200, answer_status(&answer));
    assert_true(answer_has(&answer, "Content-Type: text/plain; version=0.0.4"));
    assert_true(answer_has(&answer, "\nmuster_up{actor=\"registry\",index=\"0\"} 1\n"));
    assert_true(
        answer_has(&answer, "\nmuster_actor_uptime_seconds{actor=\"registry\",index=\"0\"} 3\n"));
    assert_true(answer_has(&answer, "# TYPE muster_registry_changes_total counter\n"
                                    "muster_registry_changes_total 12\n"));
    assert_true(answer_has(&answer, "\nmuster_up{actor=\"evictor\",index=\"0\"} 0\n"));
    buf_fini(&answer);
    buf_fini(&store);
    fixture_end(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_there_is_told_before_its_body_is_read),
        cmocka_unit_test(a_body_that_was_passed_over_is_named_where_something_is_missing),
        cmocka_unit_test(json_that_is_no_text_is_no_parameter),
        cmocka_unit_test(what_is_not_there_is_404_and_a_wrong_method_405),
        cmocka_unit_test(urls_and_bodies_are_bounded_as_configured),
        cmocka_unit_test(a_wrong_method_is_told_which_are_right),
        cmocka_unit_test(what_a_strangers_page_asks_is_refused),
        cmocka_unit_test(polls_and_fetchs_are_read_by_post_too),
        cmocka_unit_test(init_protect_refuses_reads_and_says_why_and_how_long),
        cmocka_unit_test(health_tells_each_part),
        cmocka_unit_test(a_node_alone_shows_itself),
        cmocka_unit_test(parameters_are_bounded_and_timestamps_not_counted_apart),
        cmocka_unit_test(metrics_wait_for_all_but_not_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
