#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/discovery/delta.h"
#include "gateway/discovery/stream.h"
#include "tests/gateway/server.h"

static struct server it;
static int left_open = -1;

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
    if (left_open >= 0) {
        (void)close(left_open);
        left_open = -1;
    }
    return 0;
}

/* As recorded, but for the place of the time stamps. */
#define INSTANCE(app, host, at)                                                                    \
    "{\"region\":\"sh\",\"zone\":\"sh001\",\"env\":\"dev\",\"appid\":\"" app                       \
    "\",\"hostname\":\"" host "\",\"addrs\":[\"http://10.0.0.1:80\"],\"version\":\"\","            \
    "\"metadata\":{},\"status\":1,\"reg_timestamp\":" at ",\"up_timestamp\":" at                   \
    ",\"renew_timestamp\":" at ",\"dirty_timestamp\":" at ",\"latest_timestamp\":" at "}"

static int listen_to(const char *target, const char *head)
{
    int fd = server_connect(&it);

    server_send(fd, target, head);
    return fd;
}

/* Reads until last has come; then all parts must stand in it, in this order. */
static void assert_comes(int fd, const char *const *parts)
{
    const char *last = parts[0];
    struct buf read;
    const char *at;

    for (size_t i = 0; parts[i] != NULL; i++) {
        last = parts[i];
    }
    read = server_read_until(&it, fd, last);
    at = read.data;
    for (size_t i = 0; parts[i] != NULL; i++) {
        at = at == NULL ? NULL : strstr(at, parts[i]);
        if (at == NULL) {
            fail_msg("no %s in %s", parts[i], read.data);
        }
    }
    buf_fini(&read);
}

#define COMES(fd, ...) assert_comes(fd, (const char *const[]){__VA_ARGS__, NULL})

static void begins_with_the_full_state_and_goes_on_with_changes(void **state)
{
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    fd = listen_to("/discovery/stream?env=dev&appid=app.a&appid=nope&appid=app.a", "");
    COMES(fd, "Content-Type: text/event-stream\r\n",
          "event: full\ndata: {\"appid\":\"app.a\",\"instances\":{\"sh001\":[" INSTANCE(
              "app.a", "h1", "100") "]},\"latest_timestamp\":100}",
          "event: gone\nid: 5f3a-1\ndata: {\"appid\":\"nope\"}\n\n");
    feed_put(&it.feed, "other", "h1", 100);
    assert_true(server_is_silent(&it, fd));
    feed_put(&it.feed, "app.a", "h2", 200);
    COMES(fd, "event: change\nid: 5f3a-3\ndata: "
              "{\"kind\":\"register\",\"appid\":\"app.a\",\"zone\":\"sh001\","
              "\"hostname\":\"h2\",\"instance\":" INSTANCE("app.a", "h2",
                                                           "200") ",\"latest_timestamp\":200}\n\n");
    feed_cancel(&it.feed, "app.a", "h1", 300);
    COMES(fd, "\"kind\":\"cancel\",",
          "\"hostname\":\"h1\",\"instance\":null,\"latest_timestamp\":300}\n\n");
    feed_put(&it.feed, "nope", "h1", 400);
    COMES(fd, "\"appid\":\"nope\"", "\"latest_timestamp\":400}\n\n");
    (void)close(fd);
}

static void says_gone_after_an_apps_last_instance(void **state)
{
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    fd = listen_to("/discovery/stream?env=dev&appid=app.a", "");
    COMES(fd, "event: full\nid: 5f3a-1\n");
    feed_evict(&it.feed, "app.a", "h1", 200);
    COMES(fd, "\"kind\":\"evict\"", "event: gone\nid: 5f3a-2\ndata: {\"appid\":\"app.a\"}\n\n");
    (void)close(fd);
}

static void resumes_after_the_last_event_id(void **state)
{
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_put(&it.feed, "app.a", "h2", 200);
    feed_put(&it.feed, "app.a", "h3", 300);
    feed_put(&it.feed, "app.a", "h2", 400); /* of two changes of one instance the last is told */
    fd = listen_to("/discovery/stream?env=dev&appid=app.a", "Last-Event-ID: 5f3a-1\r\n");
    COMES(fd, "id: 5f3a-3\n", "\"hostname\":\"h3\"", "id: 5f3a-4\n", "\"hostname\":\"h2\"");
    (void)close(fd);
    fd = listen_to("/discovery/stream?env=dev&appid=app.a", "Last-Event-ID: 5f3b-1\r\n");
    COMES(fd, "event: full\nid: 5f3a-4\n");
    (void)close(fd);
    fd = listen_to("/discovery/stream?env=dev&appid=app.a", "Last-Event-ID: nonsense\r\n");
    COMES(fd, "event: full\nid: 5f3a-4\n");
    (void)close(fd);
}

static void filters_by_zone(void **state)
{
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    fd = listen_to("/discovery/stream?env=dev&appid=app.a&zone=sh002", "");
    COMES(fd, "\"instances\":{},\"latest_timestamp\":100}");
    feed_put(&it.feed, "app.a", "h2", 200);
    (void)server_is_silent(&it, fd);
    feed_put_zone(&it.feed, "app.a", "sh002", "h3", 300);
    COMES(fd, "event: change\nid: 5f3a-3\n", "\"zone\":\"sh002\"");
    (void)close(fd);
}

static void begins_anew_after_a_foreign_history(void **state)
{
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    fd = listen_to("/discovery/stream?env=dev&appid=app.a", "");
    COMES(fd, "id: 5f3a-1\n", "\"latest_timestamp\":100}");
    feed_new_epoch(&it.feed);
    feed_record(&it.feed, "app.a", "h9", 50);
    feed_put(&it.feed, "app.b", "h1", 60);
    feed_catch_up(&it.feed);
    COMES(fd, "event: full\nid: 5f3b-2\n", "\"hostname\":\"h9\"");
    (void)close(fd);
}

static void pings_every_15_seconds(void **state)
{
    int fd;

    (void)state;
    fd = listen_to("/discovery/stream?env=dev&appid=app.a", "");
    COMES(fd, "event: gone\n");
    server_wait(&it, 14999);
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 1);
    COMES(fd, ": ping\n\n");
    server_wait(&it, 15000);
    COMES(fd, ": ping\n\n");
    (void)close(fd);
}

static void a_slow_reader_gets_the_full_state_instead_of_too_many_changes(void **state)
{
    struct streams_counts counts;
    char hostname[16];
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h", 1);
    fd = listen_to("/discovery/stream?env=dev&appid=app.a", "");
    COMES(fd, "id: 5f3a-1\n");
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(hostname, sizeof(hostname), "h%d", i % 10);
        feed_put(&it.feed, "app.a", hostname, 1000 + i);
    }
    COMES(fd, "event: full\nid: 5f3a-5001\n", "\"latest_timestamp\":5999}\n\n");
    streams_counts(it.gateway->streams, &counts);
    assert_int_equal(counts.full_total, 1);
    for (int i = 0; i < 600; i++) { /* some behind: in slices, in order */
        (void)snprintf(hostname, sizeof(hostname), "n%d", i);
        feed_put(&it.feed, "app.a", hostname, 6000 + i);
    }
    COMES(fd, "\"n0\"", "\"n255\"", "\"n256\"", "id: 5f3a-5601\n");
    streams_counts(it.gateway->streams, &counts);
    assert_int_equal(counts.full_total, 1);
    (void)close(fd);
}

static void a_reader_that_goes_leaves_nothing_behind(void **state)
{
    struct streams_counts counts;
    int fd = listen_to("/discovery/stream?env=dev&appid=app.a", "");

    (void)state;
    COMES(fd, "event: gone\n");
    streams_counts(it.gateway->streams, &counts);
    assert_int_equal(counts.open, 1);
    (void)close(fd);
    for (int i = 0; i < 50 && counts.open > 0; i++) {
        server_turn(&it);
        streams_counts(it.gateway->streams, &counts);
    }
    assert_int_equal(counts.open, 0);
    feed_put(&it.feed, "app.a", "h1", 100);
    server_turn(&it);
}

static void open_streams_end_with_the_server(void **state)
{
    int fd = listen_to("/discovery/stream?env=dev&appid=app.a", "");

    (void)state;
    COMES(fd, "event: gone\n");
    left_open = fd; /* until the server has stopped */
}

static void needs_an_env_and_an_app(void **state)
{
    struct buf answer = server_get(&it, "/discovery/stream");

    (void)state;
    assert_true(answer_has(&answer, "\"env is required; appid is required\""));
    buf_fini(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(begins_with_the_full_state_and_goes_on_with_changes, begin,
                                        end),
        cmocka_unit_test_setup_teardown(says_gone_after_an_apps_last_instance, begin, end),
        cmocka_unit_test_setup_teardown(resumes_after_the_last_event_id, begin, end),
        cmocka_unit_test_setup_teardown(filters_by_zone, begin, end),
        cmocka_unit_test_setup_teardown(begins_anew_after_a_foreign_history, begin, end),
        cmocka_unit_test_setup_teardown(pings_every_15_seconds, begin, end),
        cmocka_unit_test_setup_teardown(
            a_slow_reader_gets_the_full_state_instead_of_too_many_changes, begin, end),
        cmocka_unit_test_setup_teardown(a_reader_that_goes_leaves_nothing_behind, begin, end),
        cmocka_unit_test_setup_teardown(open_streams_end_with_the_server, begin, end),
        cmocka_unit_test_setup_teardown(needs_an_env_and_an_app, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
