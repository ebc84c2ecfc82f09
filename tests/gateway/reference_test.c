#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/gateway/server.h"

/* Each switch brings back what the reference does, so that the test of the difference
 * (fetch_test, poll_test, tests/scenario/differences) is known to bite. */
static struct server it;

static int begin(void **state)
{
    server_start(&it, *(const enum fault *)*state);
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_put(&it.feed, "app.b", "h1", 200);
    return 0;
}

static int end(void **state)
{
    (void)state;
    server_stop(&it);
    return 0;
}

static void assert_get_has(const char *target, const char *part)
{
    struct buf answer = server_get(&it, target);

    if (!answer_has(&answer, part)) {
        fail_msg("%s\nhas no %s\n%s", target, part, answer.data);
    }
    buf_fini(&answer);
}

static void row_7_poll_answers_another_apps_change_with_null(void **state)
{
    (void)state;
    assert_get_has("/discovery/poll?env=dev&hostname=h&appid=app.a&appid=app.b"
                   "&latest_timestamp=100&latest_timestamp=0",
                   "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":null}");
}

static void row_8_the_last_cancel_wakes_nobody(void **state)
{
    int fd = server_connect(&it);

    (void)state;
    server_send(fd, "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=100", "");
    assert_true(server_is_silent(&it, fd));
    feed_cancel(&it.feed, "app.a", "h1", 300);
    assert_true(server_is_silent(&it, fd));
    (void)close(fd);
}

static void row_10_apps_are_keyed_by_appid_and_env_joined(void **state)
{
    (void)state;
    feed_put(&it.feed, "app-a", "h7", 100);
    assert_get_has("/discovery/fetch?env=a-dev&appid=app&status=1", "\"hostname\":\"h7\"");
}

static void row_20_brpc_gets_a_map(void **state)
{
    (void)state;
    assert_get_has("/discovery/fetchs?env=dev&appid=app.a&status=1&format=legacy",
                   "{\"instances\":{\"sh001\":[");
}

static void row_21_commas_are_not_split(void **state)
{
    (void)state;
    assert_get_has("/discovery/polls?env=dev&hostname=h&appid=app.a,app.b&latest_timestamp=0,0",
                   "\"code\":-400");
}

static void row_26_a_poll_that_is_ahead_waits(void **state)
{
    int fd = server_connect(&it);

    (void)state;
    server_send(fd, "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=900", "");
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 2000);
    assert_true(server_is_silent(&it, fd));
    (void)close(fd);
}

static void row_27_a_repeated_poll_is_answered_for_ever(void **state)
{
    int fd = server_connect(&it);

    (void)state;
    feed_put_status(&it.feed, "app.c", "h1", 100, STATUS_WAITING);
    for (int i = 0; i < 3; i++) {
        struct buf answer;

        server_send(fd, "/discovery/polls?env=dev&hostname=h&appid=app.c&latest_timestamp=0", "");
        answer = server_answer(&it, fd);
        assert_true(answer_has(&answer, "\"app.c\":{\"instances\":{\"sh001\":[]}"));
        buf_fini(&answer);
    }
    (void)close(fd);
}

static void row_28_infra_discovery_of_a_foreign_env_is_unknown(void **state)
{
    (void)state;
    assert_get_has("/discovery/fetch?env=prod&appid=infra.discovery&status=1", "\"data\":null");
}

#define ROW(test, row) cmocka_unit_test_prestate_setup_teardown(test, begin, end, &row)

int main(void)
{
    static enum fault row_7 = FAULT_REFERENCE_ROW_7;
    static enum fault row_8 = FAULT_REFERENCE_ROW_8;
    static enum fault row_10 = FAULT_REFERENCE_ROW_10;
    static enum fault row_20 = FAULT_REFERENCE_ROW_20;
    static enum fault row_21 = FAULT_REFERENCE_ROW_21;
    static enum fault row_26 = FAULT_REFERENCE_ROW_26;
    static enum fault row_27 = FAULT_REFERENCE_ROW_27;
    static enum fault row_28 = FAULT_REFERENCE_ROW_28;
    const struct CMUnitTest tests[] = {
        ROW(row_7_poll_answers_another_apps_change_with_null, row_7),
        ROW(row_8_the_last_cancel_wakes_nobody, row_8),
        ROW(row_10_apps_are_keyed_by_appid_and_env_joined, row_10),
        ROW(row_20_brpc_gets_a_map, row_20),
        ROW(row_21_commas_are_not_split, row_21),
        ROW(row_26_a_poll_that_is_ahead_waits, row_26),
        ROW(row_27_a_repeated_poll_is_answered_for_ever, row_27),
        ROW(row_28_infra_discovery_of_a_foreign_env_is_unknown, row_28),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
