#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/gateway/server.h"

static struct server it;

static int begin(void **state)
{
    (void)state;
    server_start(&it);
    return 0;
}

static int end(void **state)
{
    (void)state;
    server_stop(&it);
    return 0;
}

/* As recorded, but for the place of the time stamps. */
#define INSTANCE(app, host, at)                                                                    \
    "{\"region\":\"sh\",\"zone\":\"sh001\",\"env\":\"dev\",\"appid\":\"" app                       \
    "\",\"hostname\":\"" host "\",\"addrs\":[\"http://10.0.0.1:80\"],\"version\":\"\","            \
    "\"metadata\":{},\"status\":1,\"reg_timestamp\":" at ",\"up_timestamp\":" at                   \
    ",\"renew_timestamp\":" at ",\"dirty_timestamp\":" at ",\"latest_timestamp\":" at "}"

static void assert_get(const char *target, const char *body)
{
    struct buf answer = server_get(&it, target);

    assert_int_equal(answer_status(&answer), 200);
    assert_true(answer_has(&answer, "Content-Type: application/json; charset=utf-8\r\n"));
    assert_true(answer_has(&answer, "Kratos-Status-Code: "));
    assert_string_equal(answer_body(&answer), body);
    buf_fini(&answer);
}

static void assert_get_has(const char *target, const char *part)
{
    struct buf answer = server_get(&it, target);

    if (!answer_has(&answer, part)) {
        fail_msg("%s\nhas no %s\n%s", target, part, answer.data);
    }
    buf_fini(&answer);
}

static void fetch_answers_as_recorded(void **state)
{
    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_put_zone(&it.feed, "app.a", "sh002", "h2", 200);
    assert_get(
        "/discovery/fetch?env=dev&appid=app.a&status=1&zone=sh001",
        "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{\"instances\":{\"sh001\":[" INSTANCE(
            "app.a", "h1", "100") "]},\"latest_timestamp\":200}}");
    assert_get("/discovery/fetch?env=dev&appid=app.a&status=4",
               "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{\"instances\":{\"sh001\":[],"
               "\"sh002\":[]},\"latest_timestamp\":200}}");
    assert_get("/discovery/fetch?env=dev&appid=app.a&status=3&zone=nozone",
               "{\"code\":-404,\"message\":\"-404\",\"ttl\":1,\"data\":{\"instances\":{},"
               "\"latest_timestamp\":200}}");
    assert_get("/discovery/fetch?env=dev&appid=nope&status=1",
               "{\"code\":-404,\"message\":\"-404\",\"ttl\":1,\"data\":null}");
    assert_get("/discovery/fetch?env=prod&appid=app.a&status=1",
               "{\"code\":-404,\"message\":\"-404\",\"ttl\":1,\"data\":null}");
}

static void fetch_names_every_wrong_parameter(void **state)
{
    (void)state;
    assert_get("/discovery/fetch",
               "{\"code\":-400,\"message\":\"env is required; appid is required; "
               "status is required: 1 (up), 2 (waiting) or 3 (both)\",\"ttl\":1}");
    assert_get("/discovery/fetch?env=dev&appid=a&status=abc",
               "{\"code\":-400,\"message\":\"status must be 1 (up), 2 (waiting) or 3 (both), "
               "got abc\",\"ttl\":1}");
    assert_get_has("/discovery/fetch?env=dev&appid=a&status=0", "got 0\"");
    assert_get_has("/discovery/fetch?env=dev&appid=a&status=-1", "\"code\":-400");
    assert_get_has("/discovery/fetch?env=dev&appid=a&status=4294967295", "\"code\":-404");
    assert_get_has("/discovery/fetch?env=dev&appid=a&status=4294967296", "\"code\":-400");
}

static void instances_stand_by_hostname_in_zones_by_name(void **state)
{
    struct buf answer;
    const char *body;

    (void)state;
    feed_put_zone(&it.feed, "app.a", "sh002", "h0", 100);
    feed_put(&it.feed, "app.a", "h3", 100);
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_put(&it.feed, "app.a", "h2", 100);
    answer = server_get(&it, "/discovery/fetch?env=dev&appid=app.a&status=1");
    body = answer_body(&answer);
    assert_true(strstr(body, "\"h1\"") < strstr(body, "\"h2\""));
    assert_true(strstr(body, "\"h2\"") < strstr(body, "\"h3\""));
    assert_true(strstr(body, "\"h3\"") < strstr(body, "\"sh002\":["));
    buf_fini(&answer);
}

static void fetchs_leaves_out_what_is_missing(void **state)
{
    (void)state;
    feed_put(&it.feed, "app.b", "h1", 100);
    feed_put(&it.feed, "app.a", "h1", 100);
    assert_get(
        "/discovery/fetchs?env=dev&appid=app.b&appid=nope&appid=app.a&appid=app.b&status=1",
        "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{"
        "\"app.a\":{\"instances\":{\"sh001\":[" INSTANCE(
            "app.a", "h1", "100") "]},\"latest_timestamp\":100},"
                                  "\"app.b\":{\"instances\":{\"sh001\":[" INSTANCE(
                                      "app.b", "h1", "100") "]},\"latest_timestamp\":100}}}");
    assert_get("/discovery/fetchs?env=dev&appid=nope&status=1",
               "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{}}");
    assert_get("/discovery/fetchs?env=dev&appid=app.a,app.b&status=1",
               "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{}}");
    assert_get("/discovery/fetchs?env=dev&appid=app.a&status=1&zone=zz",
               "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{}}");
}

static const char legacy[] = "\"app.a\":{\"instances\":[" INSTANCE(
    "app.a", "h1",
    "100") "],\"zone_instances\":{\"sh001\":[" INSTANCE("app.a", "h1",
                                                        "100") "]},\"latest_timestamp\":100}";

static void brpc_gets_instances_as_an_array(void **state)
{
    int fd = server_connect(&it);
    struct buf answer;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    server_send(fd, "/discovery/fetchs?env=dev&appid=app.a&status=1",
                "User-Agent: brpc/1.0 curl/7.0\r\n");
    answer = server_answer(&it, fd);
    assert_true(answer_has(&answer, legacy));
    buf_fini(&answer);
    (void)close(fd);
    assert_get_has("/discovery/fetchs?env=dev&appid=app.a&status=1&format=legacy", legacy);
    assert_get_has("/discovery/fetchs?env=dev&appid=app.a&status=1", "\"instances\":{\"sh001\"");
}

static void infra_discovery_of_a_foreign_env_is_this_node(void **state)
{
    (void)state;
    assert_get_has("/discovery/fetch?env=prod&appid=infra.discovery&status=1",
                   "\"env\":\"prod\",\"appid\":\"infra.discovery\",\"hostname\":\"node1\","
                   "\"addrs\":[\"http://127.0.0.1:7171\"]");
    feed_put(&it.feed, "infra.discovery", "node1", 777);
    assert_get_has("/discovery/fetchs?env=prod&appid=infra.discovery&status=1",
                   "\"env\":\"prod\",\"appid\":\"infra.discovery\",\"hostname\":\"node1\","
                   "\"addrs\":[\"http://10.0.0.1:80\"]");
    assert_get_has("/discovery/polls?env=prod&appid=infra.discovery&hostname=h&latest_timestamp=0",
                   "\"latest_timestamp\":777}},\"error\":{\"-404\":null}");
    assert_get_has("/discovery/poll?env=prod&appid=infra.discovery&hostname=h", "\"code\":0");
}

static void fetch_all_prints_every_app_once_with_null_metadata(void **state)
{
    struct buf store = {0};
    struct instance instance = feed_instance("app.a", "h9", 300, &store);
    struct change change = {.kind = CHANGE_REGISTER, .at = 300, .latest_timestamp = 300};
    struct buf answer;
    const char *first;

    (void)state;
    instance.id.env = STR("prod");
    instance.metadata_null = false;
    change.instance = instance;
    feed_put(&it.feed, "app.b", "h1", 100);
    feed_put_status(&it.feed, "app.a", "h1", 200, STATUS_WAITING);
    feed_turn(&it.feed, &change);
    feed_put(&it.feed, "app.c", "h1", 100);
    feed_cancel(&it.feed, "app.c", "h1", 200);
    answer = server_get(&it, "/discovery/fetch/all");
    assert_true(answer_has(&answer, "Kratos-Status-Code: 0"));
    first = strstr(answer.data, "\"data\":{\"app.a\":[{");
    assert_non_null(first);
    assert_null(strstr(first + 10, "\"app.a\":["));
    assert_true(answer_has(&answer, "\"metadata\":null,\"status\":2"));
    assert_true(answer_has(&answer, "\"env\":\"prod\",\"appid\":\"app.a\",\"hostname\":\"h9\","
                                    "\"addrs\":[\"http://10.0.0.1:80\"],\"version\":\"\","
                                    "\"metadata\":{}"));
    assert_true(answer_has(&answer, "],\"app.b\":[{"));
    assert_true(answer_has(&answer, "}]}}"));
    assert_false(answer_has(&answer, "app.c"));
    buf_fini(&answer);
    buf_fini(&store);
}

static uint32_t times(const struct buf *answer, const char *text)
{
    uint32_t count = 0;

    for (const char *at = strstr(answer->data, text); at != NULL; at = strstr(at + 1, text)) {
        count++;
    }
    return count;
}

/* More than a turn makes, so that the app changes while it is given. */
static void fetch_all_gives_an_app_that_changes_every_instance_once(void **state)
{
    enum { hosts = 2000 };
    struct buf answer;
    char text[64];
    int fd = server_connect(&it);

    (void)state;
    for (int i = 0; i < hosts; i++) {
        (void)snprintf(text, sizeof(text), "h%04d", i);
        feed_put(&it.feed, "app.a", text, 100);
    }
    feed_put(&it.feed, "app.b", "h1", 100);
    client_send(fd, STR("GET /discovery/fetch/all HTTP/1.0\r\n\r\n")); /* not in chunks */
    gateway_turn(it.gateway, &it.feed.now, it.out);
    assert_true(outbox_take_again(it.out));
    for (int i = 3; i < hosts; i += 10) {
        (void)snprintf(text, sizeof(text), "h%04d", i);
        feed_cancel(&it.feed, "app.a", text, 200);
        (void)snprintf(text, sizeof(text), "h%04d.new", i);
        feed_put(&it.feed, "app.a", text, 200);
    }
    answer = server_read_until(&it, fd, "}]}}");
    for (int i = 0; i < hosts; i++) {
        uint32_t seen;

        (void)snprintf(text, sizeof(text), "\"hostname\":\"h%04d\"", i);
        seen = times(&answer, text);
        assert_true(seen == 1 || (seen == 0 && i % 10 == 3));
    }
    assert_int_equal(1, times(&answer, "\"app.a\":["));
    assert_int_equal(1, times(&answer, "}],\"app.b\":[{"));
    assert_in_range(times(&answer, ".new\""), 1, hosts / 10);
    buf_fini(&answer);
    (void)close(fd);
}

static void fetch_all_of_nothing_is_an_empty_map(void **state)
{
    (void)state;
    assert_get_has("/discovery/fetch/all", "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{");
    assert_get_has("/discovery/fetch/all", "}}\r\n");
}

static void reads_go_on_marked_while_the_registry_is_silent(void **state)
{
    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    server_wait(&it, 5000);
    assert_get_has("/discovery/fetch?env=dev&appid=app.a&status=1", "Muster-Stale-Ms: 5000\r\n");
    assert_get_has("/discovery/fetch?env=dev&appid=app.a&status=1", "\"hostname\":\"h1\"");
    assert_get_has("/discovery/fetch/all", "Muster-Stale-Ms: 5000\r\n");
    server_wait(&it, 60000);
    assert_get_has("/discovery/fetch?env=dev&appid=app.a&status=1", "Muster-Stale-Ms: 65000\r\n");
    assert_get_has("/discovery/polls?env=dev&appid=app.a&hostname=h&latest_timestamp=0",
                   "HTTP/1.1 503");
    feed_put(&it.feed, "app.b", "h1", 100);
    assert_get_has("/discovery/polls?env=dev&appid=app.a&hostname=h&latest_timestamp=0",
                   "HTTP/1.1 200");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fetch_answers_as_recorded, begin, end),
        cmocka_unit_test_setup_teardown(fetch_names_every_wrong_parameter, begin, end),
        cmocka_unit_test_setup_teardown(instances_stand_by_hostname_in_zones_by_name, begin, end),
        cmocka_unit_test_setup_teardown(fetchs_leaves_out_what_is_missing, begin, end),
        cmocka_unit_test_setup_teardown(brpc_gets_instances_as_an_array, begin, end),
        cmocka_unit_test_setup_teardown(infra_discovery_of_a_foreign_env_is_this_node, begin, end),
        cmocka_unit_test_setup_teardown(fetch_all_prints_every_app_once_with_null_metadata, begin,
                                        end),
        cmocka_unit_test_setup_teardown(fetch_all_gives_an_app_that_changes_every_instance_once,
                                        begin, end),
        cmocka_unit_test_setup_teardown(fetch_all_of_nothing_is_an_empty_map, begin, end),
        cmocka_unit_test_setup_teardown(reads_go_on_marked_while_the_registry_is_silent, begin,
                                        end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
