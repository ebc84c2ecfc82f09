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

static int ask(const char *target)
{
    int fd = server_connect(&it);

    server_send(fd, target, "");
    return fd;
}

static void assert_body_has(int fd, const char *part)
{
    struct buf answer = server_answer(&it, fd);

    if (!answer_has(&answer, part)) {
        fail_msg("no %s in %s", part, answer.data);
    }
    buf_fini(&answer);
}

#define DELTA "/discovery/polls?env=dev&hostname=h&delta=1"

static void the_first_answer_is_full_and_has_a_position(void **state)
{
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    fd = ask(DELTA "&appid=app.a&appid=nope");
    assert_body_has(
        fd, "\"app.a\":{\"full\":true,\"removed\":{}, \"instances\":{\"sh001\":[" INSTANCE(
                "app.a", "h1", "100") "]},\"latest_timestamp\":100}},\"error\":{\"-404\":[\"nope\"]"
                                      "},\"message\":\"0\",\"position\":\"5f3a-1\"}");
    server_send(fd, DELTA "&appid=app.a&position=5f39-1", "");
    assert_body_has(fd, "\"full\":true");
    server_send(fd, DELTA "&appid=app.a&position=rubbish", "");
    assert_body_has(fd, "\"full\":true");
    (void)close(fd);
}

static void later_answers_hold_what_changed_and_what_went(void **state)
{
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_put(&it.feed, "app.a", "h2", 100);
    feed_put_zone(&it.feed, "app.a", "sh002", "h3", 100);
    feed_put(&it.feed, "app.b", "h1", 100);
    fd = ask(DELTA "&appid=app.a&appid=app.b&position=5f3a-4");
    assert_true(server_is_silent(&it, fd));
    feed_cancel(&it.feed, "app.a", "h1", 200);
    assert_body_has(
        fd, "\"data\":{\"app.a\":{\"full\":false,\"removed\":{\"sh001\":[\"h1\"]},\"instances\":{},"
            "\"latest_timestamp\":200}},\"error\":{\"-404\":null},\"message\":\"0\",\"position\":"
            "\"5f3a-5\"}");
    feed_put_status(&it.feed, "app.a", "h2", 300, STATUS_WAITING);
    feed_put(&it.feed, "app.a", "h4", 400);
    feed_evict(&it.feed, "app.a", "h4", 500);
    feed_put(&it.feed, "app.a", "h5", 600);
    feed_put(&it.feed, "app.a", "h5", 700);
    server_send(fd, DELTA "&appid=app.a&position=5f3a-5", "");
    assert_body_has(fd,
                    "\"removed\":{\"sh001\":[\"h2\",\"h4\"]},\"instances\":{\"sh001\":[" INSTANCE(
                        "app.a", "h5", "700") "]},\"latest_timestamp\":700}");
    server_send(fd, DELTA "&appid=app.a&position=5f3a-5&zone=sh002", "");
    assert_body_has(fd, "\"full\":false,\"removed\":{},\"instances\":{},\"latest_timestamp\":700}");
    (void)close(fd);
}

static void an_app_that_went_since_the_position_is_told_once(void **state)
{
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_evict(&it.feed, "app.a", "h1", 200);
    fd = ask(DELTA "&appid=app.a&position=5f3a-1");
    assert_body_has(
        fd,
        "\"data\":{},\"error\":{\"-404\":[\"app.a\"]},\"message\":\"0\",\"position\":\"5f3a-2\"}");
    server_send(fd, DELTA "&appid=app.a&position=5f3a-2", "");
    assert_true(server_is_silent(&it, fd));
    (void)close(fd);
}

static void a_position_ahead_waits_for_this_node_but_not_for_ever(void **state)
{
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    fd = ask(DELTA "&appid=app.a&position=5f3a-3");
    assert_true(server_is_silent(&it, fd));
    feed_put(&it.feed, "app.a", "h2", 200);
    feed_put(&it.feed, "app.a", "h3", 300);
    assert_true(server_is_silent(&it, fd));
    feed_put(&it.feed, "app.a", "h4", 400);
    assert_body_has(fd, "\"full\":false,\"removed\":{},\"instances\":{\"sh001\":[" INSTANCE(
                            "app.a", "h4", "400") "]}");
    server_send(fd, DELTA "&appid=app.a&position=5f3a-99999", "");
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 1100);
    assert_body_has(fd, "\"full\":true");
    (void)close(fd);
}

static void a_foreign_history_is_answered_in_full(void **state)
{
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_new_epoch(&it.feed);
    feed_record(&it.feed, "app.a", "h9", 50);
    feed_put(&it.feed, "app.b", "h1", 60);
    feed_catch_up(&it.feed);
    fd = ask(DELTA "&appid=app.a&position=5f3a-1");
    assert_body_has(fd, "\"position\":\"5f3b-2\"");
    server_send(fd, DELTA "&appid=app.a&position=5f3b-1", ""); /* from before it was copied */
    assert_body_has(fd, "\"full\":true");
    (void)close(fd);
}

static void too_many_changes_are_answered_in_full(void **state)
{
    char hostname[16];
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h", 1);
    for (int i = 0; i < 1100; i++) {
        (void)snprintf(hostname, sizeof(hostname), "h%d", i % 3);
        feed_put(&it.feed, "app.a", hostname, 100 + i);
    }
    fd = ask(DELTA "&appid=app.a&position=5f3a-1");
    assert_body_has(fd, "\"full\":true");
    server_send(fd, DELTA "&appid=app.a&position=5f3a-1000", "");
    assert_body_has(fd, "\"full\":false");
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_answer_is_full_and_has_a_position, begin, end),
        cmocka_unit_test_setup_teardown(later_answers_hold_what_changed_and_what_went, begin, end),
        cmocka_unit_test_setup_teardown(an_app_that_went_since_the_position_is_told_once, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_position_ahead_waits_for_this_node_but_not_for_ever,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_foreign_history_is_answered_in_full, begin, end),
        cmocka_unit_test_setup_teardown(too_many_changes_are_answered_in_full, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
