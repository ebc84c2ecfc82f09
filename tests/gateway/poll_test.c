#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/discovery/poll.h"
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
#define NOT_MODIFIED "{\"code\":-304,\"message\":\"-304\",\"ttl\":1}"

static int ask(const char *target)
{
    int fd = server_connect(&it);

    server_send(fd, target, "");
    return fd;
}

static void assert_body(int fd, const char *body)
{
    struct buf answer = server_answer(&it, fd);

    assert_int_equal(answer_status(&answer), 200);
    assert_string_equal(answer_body(&answer), body);
    buf_fini(&answer);
}

static void assert_body_has(int fd, const char *part)
{
    struct buf answer = server_answer(&it, fd);

    if (!answer_has(&answer, part)) {
        fail_msg("no %s in %s", part, answer.data);
    }
    buf_fini(&answer);
}

#define ANSWER_A(at)                                                                               \
    "{\"code\":0,\"data\":{\"app.a\":{\"instances\":{\"sh001\":[" INSTANCE(                        \
        "app.a", "h1", at) "]},\"latest_timestamp\":" at                                           \
                           "}},\"error\":{\"-404\":null},\"message\":\"0\"}"

static void polls_answers_at_once_only_what_changed(void **state)
{
    int fd = server_connect(&it);

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_put(&it.feed, "app.b", "h1", 200);
    server_send(fd, "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=0", "");
    assert_body(fd, ANSWER_A("100"));
    server_send(fd,
                "/discovery/polls?env=dev&hostname=h&appid=app.a&appid=app.b"
                "&latest_timestamp=99&latest_timestamp=200",
                "");
    assert_body(fd, ANSWER_A("100"));
    server_send(fd,
                "/discovery/polls?env=dev&hostname=h&appid=no.2&appid=app.a&appid=app.a"
                "&appid=no.1&latest_timestamp=0&latest_timestamp=0&latest_timestamp=-1"
                "&latest_timestamp=0",
                "");
    assert_body_has(fd, "\"latest_timestamp\":100}},\"error\":{\"-404\":[\"no.2\",\"no.1\"]},"
                        "\"message\":\"0\"}");
    (void)close(fd);
}

static void polls_counts_its_timestamps(void **state)
{
    int fd = server_connect(&it);

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_put(&it.feed, "app.b", "h1", 100);
    server_send(fd, "/discovery/polls?env=dev&hostname=h&appid=app.a", "");
    assert_body_has(fd, "{\"code\":-400,\"message\":\"latest_timestamp must be given once for each "
                        "of the 1 appid, got 0\",\"ttl\":1}");
    server_send(fd, "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=abc", "");
    assert_body_has(fd, "\"latest_timestamp must be a number of nanoseconds, got abc\"");
    server_send(fd,
                "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=0"
                "&latest_timestamp=0",
                "");
    assert_body_has(fd, "latest_timestamp must be given once for each of the 1 appid, got 2");
    server_send(fd, "/discovery/polls", "");
    assert_body_has(fd, "\"env is required; appid is required; hostname is required\"");
    /* old SDKs join both lists */
    server_send(fd,
                "/discovery/polls?env=dev&hostname=h&appid=app.a%2Capp.b"
                "&latest_timestamp=100%2C0",
                "");
    assert_body_has(fd, "\"data\":{\"app.b\":");
    server_send(fd,
                "/discovery/polls?env=dev&hostname=h&appid=app.a&appid=app.b"
                "&latest_timestamp=0%2C100",
                "");
    assert_body_has(fd, "\"data\":{\"app.a\":");
    (void)close(fd);
}

/* What is answered is what the client has least of. */
static void a_name_that_is_repeated_counts_once_with_its_least_timestamp(void **state)
{
    static const char *const orders[] = {"&latest_timestamp=100&latest_timestamp=0",
                                         "&latest_timestamp=0&latest_timestamp=100"};
    int fd = server_connect(&it);

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    for (size_t i = 0; i < 2; i++) {
        char target[128];

        (void)snprintf(target, sizeof(target),
                       "/discovery/polls?env=dev&hostname=h&appid=app.a&appid=app.a%s", orders[i]);
        server_send(fd, target, "");
        assert_body_has(fd, "{\"code\":0,\"data\":{\"app.a\":{");
    }
    (void)close(fd);
}

static void a_poll_waits_its_time_and_is_not_modified(void **state)
{
    int fd = server_connect(&it);
    int other = ask("/discovery/polls?env=dev&hostname=h&appid=no.1&latest_timestamp=0");

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    server_send(fd, "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=100",
                "x1-bmspy-timeout: 1000\r\n");
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 979);
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 1);
    assert_body(fd, NOT_MODIFIED);
    assert_true(server_is_silent(&it, other));
    feed_put(&it.feed, "app.a", "h1", 101); /* the registry is heard */
    server_wait(&it, 29019);
    assert_true(server_is_silent(&it, other));
    server_wait(&it, 1);
    assert_body(other, NOT_MODIFIED);
    (void)close(fd);
    (void)close(other);
}

static void every_waiter_of_an_app_is_woken_by_its_change(void **state)
{
    int same[4];
    int other;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_put(&it.feed, "app.b", "h1", 100);
    for (int i = 0; i < 4; i++) { /* one hostname: each request is its own poll */
        same[i] = ask(i < 2 ? "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=100"
                            : "/discovery/polls?env=dev&hostname=h&appid=app.b&appid=app.a"
                              "&latest_timestamp=100&latest_timestamp=100");
    }
    other = ask("/discovery/polls?env=dev&hostname=h&appid=app.b&latest_timestamp=100");
    for (int i = 0; i < 4; i++) {
        assert_true(server_is_silent(&it, same[i]));
    }
    feed_renew(&it.feed, "app.a", "h1", 150);
    assert_true(server_is_silent(&it, same[0]));
    feed_put(&it.feed, "app.a", "h1", 200);
    for (int i = 0; i < 4; i++) {
        assert_body(same[i], ANSWER_A("200"));
        (void)close(same[i]);
    }
    assert_true(server_is_silent(&it, other));
    (void)close(other);
}

static void a_change_elsewhere_wakes_a_zone_filter_with_its_own_zone(void **state)
{
    int fd = server_connect(&it);

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    server_send(fd,
                "/discovery/polls?env=dev&hostname=h&appid=app.a&zone=sh001"
                "&latest_timestamp=100",
                "");
    assert_true(server_is_silent(&it, fd));
    feed_put_zone(&it.feed, "app.a", "sh002", "h9", 200);
    assert_body(fd, "{\"code\":0,\"data\":{\"app.a\":{\"instances\":{\"sh001\":[" INSTANCE(
                        "app.a", "h1", "100") "]},\"latest_timestamp\":200}},"
                                              "\"error\":{\"-404\":null},\"message\":\"0\"}");
    (void)close(fd);
}

static void the_last_instance_going_answers_its_waiters(void **state)
{
    int polls = ask("/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=100");
    int poll;

    (void)state;
    assert_true(server_is_silent(&it, polls)); /* not there yet: waits */
    feed_put(&it.feed, "app.a", "h1", 100);
    assert_true(server_is_silent(&it, polls));
    (void)close(polls);
    polls = ask("/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=100");
    poll = ask("/discovery/poll?env=dev&hostname=h&appid=app.a&latest_timestamp=100");
    assert_true(server_is_silent(&it, polls) && server_is_silent(&it, poll));
    feed_cancel(&it.feed, "app.a", "h1", 101);
    assert_body(polls,
                "{\"code\":0,\"data\":{},\"error\":{\"-404\":[\"app.a\"]},\"message\":\"0\"}");
    assert_body(poll, "{\"code\":-404,\"message\":\"app.a not found\"}");
    server_send(polls, "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=100", "");
    assert_true(server_is_silent(&it, polls)); /* once */
    (void)close(polls);
    (void)close(poll);
}

/* Whoever has been told of the app before; who asks for the first time waits for somebody to come.
 */
static void the_last_instance_of_a_zone_going_answers_its_waiters(void **state)
{
    static const char here[] =
        "/discovery/polls?env=dev&hostname=h&appid=app.a&zone=sh001&latest_timestamp=200";
    static const char told[] = "{\"code\":0,\"data\":{\"app.a\":{\"instances\":{},"
                               "\"latest_timestamp\":300}},\"error\":{\"-404\":null},"
                               "\"message\":\"0\"}";
    int polls;
    int first;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_put_zone(&it.feed, "app.a", "sh002", "h9", 200);
    polls = ask(here);
    assert_true(server_is_silent(&it, polls));
    feed_cancel(&it.feed, "app.a", "h1", 300);
    assert_body(polls, told);
    server_send(polls,
                "/discovery/polls?env=dev&hostname=h.2&appid=app.a&zone=sh001"
                "&latest_timestamp=200",
                "");
    assert_body(polls, told); /* it came too late to be woken */
    server_send(polls,
                "/discovery/polls?env=dev&hostname=h&appid=app.a&zone=sh001"
                "&latest_timestamp=300",
                "");
    assert_true(server_is_silent(&it, polls));
    first = ask("/discovery/polls?env=dev&hostname=h.3&appid=app.a&zone=sh001&latest_timestamp=0");
    assert_true(server_is_silent(&it, first));
    (void)close(polls);
    (void)close(first);
}

static void an_app_that_appears_wakes_those_who_waited_for_it(void **state)
{
    int fd = ask("/discovery/polls?env=dev&hostname=h&appid=app.a&appid=no.1"
                 "&latest_timestamp=0&latest_timestamp=0");

    (void)state;
    assert_true(server_is_silent(&it, fd));
    feed_put(&it.feed, "app.a", "h1", 100);
    assert_body_has(fd, "\"latest_timestamp\":100}},\"error\":{\"-404\":[\"no.1\"]}");
    (void)close(fd);
}

static void poll_answers_with_the_first_asked_app_that_changed(void **state)
{
    int fd = server_connect(&it);

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_put(&it.feed, "app.b", "h1", 200);
    server_send(fd,
                "/discovery/poll?env=dev&hostname=h&appid=app.a&appid=app.b"
                "&latest_timestamp=100&latest_timestamp=0",
                "");
    assert_body(
        fd, "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{\"instances\":{\"sh001\":[" INSTANCE(
                "app.b", "h1", "200") "]},\"latest_timestamp\":200}}");
    server_send(fd, "/discovery/poll?env=dev&hostname=h&appid=app.a", "");
    assert_body_has(fd, "\"latest_timestamp\":100}}");
    server_send(fd, "/discovery/poll?env=dev&hostname=h&appid=nope&appid=app.a", "");
    assert_body(fd, "{\"code\":-404,\"message\":\"nope not found\"}");
    server_send(fd, "/discovery/poll?env=dev&hostname=h&appid=app.a&zone=zz", "");
    assert_body(fd, "{\"code\":-404,\"message\":\"app.a not found\"}");
    (void)close(fd);
}

#define POLL_AHEAD                                                                                 \
    "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=9000000000000000000"

static void a_poll_that_is_ahead_is_answered_in_full_after_a_tick(void **state)
{
    int fd = ask(POLL_AHEAD);

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    assert_true(server_is_silent(&it, fd));
    (void)close(fd);
    fd = ask(POLL_AHEAD);
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 1000);
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 100);
    assert_body(fd, ANSWER_A("100"));
    (void)close(fd);
}

static void a_poll_that_is_ahead_is_answered_in_full_once(void **state)
{
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    fd = ask(POLL_AHEAD);
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 1100);
    assert_body(fd, ANSWER_A("100"));
    (void)close(fd);
    fd = ask(POLL_AHEAD); /* whatever connection it comes by */
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 29000);
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 1000);
    assert_body(fd, NOT_MODIFIED);
    (void)close(fd);
    fd = ask("/discovery/polls?env=dev&hostname=h.2&appid=app.a"
             "&latest_timestamp=9000000000000000000");
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 1100);
    assert_body(fd, ANSWER_A("100"));
    (void)close(fd);
}

/* The nodes hold the same, and the app is calm: what differs is the timestamps only. */
static void a_poll_that_is_ahead_waits_while_all_nodes_are_in_step(void **state)
{
    static const char ahead[] =
        "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=1000100";
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_nodes(&it.feed, 2, true);
    server_wait(&it, 3000);
    fd = ask(ahead);
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 20000);
    assert_true(server_is_silent(&it, fd));
    feed_put(&it.feed, "app.a", "h1", 2000000); /* any change is above what a client holds */
    assert_body(fd, ANSWER_A("2000000"));
    (void)close(fd);
    fd = ask("/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=2000001");
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 1100); /* the others may not have known of the change just now */
    assert_body(fd, ANSWER_A("2000000"));
    (void)close(fd);
    server_wait(&it, 3000);
    fd = ask("/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=10002000001");
    assert_true(server_is_silent(&it, fd)); /* over 10 s */
    server_wait(&it, 1100);
    assert_body(fd, ANSWER_A("2000000"));
    (void)close(fd);
}

static void a_poll_that_is_ahead_is_answered_in_full_while_a_node_is_out_of_step(void **state)
{
    static const char ahead[] =
        "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=1000100";
    int fd;

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    feed_nodes(&it.feed, 2, true);
    feed_nodes(&it.feed, 2, false);
    server_wait(&it, 3000);
    fd = ask(ahead);
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 1100);
    assert_body(fd, ANSWER_A("100"));
    (void)close(fd);
}

static void a_node_without_peers_lets_a_poll_wait_that_is_ahead(void **state)
{
    int fd;

    (void)state;
    feed_nodes(&it.feed, 0, true);
    feed_put(&it.feed, "app.a", "h1", 100);
    fd = ask("/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=1000100");
    server_wait(&it, 2000);
    assert_true(server_is_silent(&it, fd));
    (void)close(fd);
}

static int poll_with(int64_t stamp)
{
    char target[120];

    (void)snprintf(target, sizeof(target),
                   "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=%lld",
                   (long long)stamp);
    return ask(target);
}

/* JavaScript, cjson and jq read numbers as doubles, and print them with 17 digits at most. */
static void a_stamp_that_is_ours_as_a_double_is_ours(void **state)
{
    const int64_t stamps[] = {1795305335506284558, 1795305335506284400, 1795305335506284671};

    (void)state;
    for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
        int64_t stamp = stamps[i] + (int64_t)i * 1000000;
        const int64_t sent[] = {(int64_t)(double)stamp, (stamp + 50) / 100 * 100};

        feed_put(&it.feed, "app.a", "h1", stamp);
        for (size_t k = 0; k < 2; k++) {
            int fd;

            if ((double)sent[k] != (double)stamp) {
                continue;
            }
            fd = poll_with(sent[k]);
            assert_true(server_is_silent(&it, fd));
            server_wait(&it, 2000);
            assert_true(server_is_silent(&it, fd));
            if (k == 0) {
                feed_put(&it.feed, "app.a", "h1", stamp + 1024); /* the least that a change adds */
                assert_body_has(fd, "\"code\":0");
                feed_put(&it.feed, "app.a", "h1", stamp += 2048);
            }
            (void)close(fd);
        }
    }
    feed_put(&it.feed, "app.a", "h1", 1795305335606284544);
    {
        int fd = poll_with(1795305335606284543); /* nobody prints a double so */

        assert_body_has(fd, "\"code\":0");
        (void)close(fd);
    }
}

static void repeating_a_poll_answered_without_instance_waits(void **state)
{
    static const char target[] =
        "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=0";
    int fd = server_connect(&it);

    (void)state;
    feed_put_status(&it.feed, "app.a", "h1", 100, STATUS_WAITING);
    server_send(fd, target, "");
    assert_body_has(fd, "\"app.a\":{\"instances\":{\"sh001\":[]}");
    server_send(fd, target, "x1-bmspy-timeout: 520\r\n");
    assert_true(server_is_silent(&it, fd));
    server_wait(&it, 500);
    assert_body(fd, NOT_MODIFIED);
    server_send(fd, target, "");
    assert_true(server_is_silent(&it, fd));
    feed_put(&it.feed, "app.a", "h1", 200);
    assert_body(fd, ANSWER_A("200"));
    server_send(fd, target, ""); /* that one had an instance */
    assert_body(fd, ANSWER_A("200"));
    (void)close(fd);
}

/* Through a balancer each of its requests comes by another connection, and others' by the same. */
static void a_repeated_poll_waits_whatever_connection_it_comes_by(void **state)
{
    static const char target[] =
        "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=0";
    int fd = server_connect(&it);
    int other;

    (void)state;
    feed_put_status(&it.feed, "app.a", "h1", 100, STATUS_WAITING);
    server_send(fd, target, "");
    assert_body_has(fd, "\"code\":0");
    server_send(fd, "/discovery/fetch?env=dev&appid=app.a&status=1", "");
    assert_body_has(fd, "\"code\":0");
    other = ask(target);
    assert_true(server_is_silent(&it, other));
    (void)close(other);
    server_wait(&it, 10000); /* whoever repeats it so late may be a program that has just begun */
    server_send(fd, target, "");
    assert_body_has(fd, "\"code\":0");
    (void)close(fd);
}

/* Go's SDKs take the names out of a map: in another order each time. */
static void a_repeated_poll_waits_in_whatever_order_its_apps_are(void **state)
{
    int fd;

    (void)state;
    feed_put_status(&it.feed, "app.a", "h1", 100, STATUS_WAITING);
    feed_put(&it.feed, "app.b", "h1", 200);
    fd = ask("/discovery/polls?env=dev&hostname=h&appid=app.a&appid=app.b&latest_timestamp=0"
             "&latest_timestamp=200");
    assert_body_has(fd, "\"code\":0");
    (void)close(fd);
    fd = ask("/discovery/polls?env=dev&hostname=h&appid=app.b&appid=app.a&latest_timestamp=200"
             "&latest_timestamp=0");
    assert_true(server_is_silent(&it, fd));
    (void)close(fd);
    fd = ask("/discovery/polls?env=dev&hostname=h&appid=app.b&appid=app.a&latest_timestamp=0"
             "&latest_timestamp=200"); /* not the same pairs */
    assert_body_has(fd, "\"code\":0");
    (void)close(fd);
}

static void a_first_poll_never_waits_for_what_another_was_told(void **state)
{
    int fd = server_connect(&it);

    (void)state;
    feed_put_status(&it.feed, "app.a", "h1", 100, STATUS_WAITING);
    server_send(fd, "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=0", "");
    assert_body_has(fd, "\"code\":0");
    server_send(fd, "/discovery/polls?env=dev&hostname=h.2&appid=app.a&latest_timestamp=0", "");
    assert_body_has(fd, "\"code\":0");
    server_send(fd,
                "/discovery/polls?env=dev&hostname=h&appid=app.a&appid=app.b&latest_timestamp=0"
                "&latest_timestamp=0",
                "");
    assert_body_has(fd, "\"code\":0");
    server_send(fd, "/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=1", "");
    assert_body_has(fd, "\"code\":0");
    server_send(fd, "/discovery/polls?env=dev&hostname=h&zone=sh002&appid=app.a&latest_timestamp=0",
                "");
    assert_true(server_is_silent(&it, fd)); /* it asks for another zone, in which nobody is */
    (void)close(fd);
}

static void a_client_that_goes_leaves_nothing_behind(void **state)
{
    int fd = ask("/discovery/polls?env=dev&hostname=h&appid=app.a&latest_timestamp=100");
    struct polls_counts counts;

    (void)state;
    assert_true(server_is_silent(&it, fd));
    polls_counts(it.gateway->polls, &counts);
    assert_int_equal(counts.parked, 1);
    assert_int_equal(counts.apps, 1);
    (void)close(fd);
    for (int i = 0; i < 50 && counts.parked > 0; i++) {
        server_turn(&it);
        polls_counts(it.gateway->polls, &counts);
    }
    assert_int_equal(counts.parked, 0);
    assert_int_equal(counts.apps, 0);
    assert_int_equal(counts.gone_total, 1);
    feed_put(&it.feed, "app.a", "h1", 200);
    server_turn(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(polls_answers_at_once_only_what_changed, begin, end),
        cmocka_unit_test_setup_teardown(polls_counts_its_timestamps, begin, end),
        cmocka_unit_test_setup_teardown(
            a_name_that_is_repeated_counts_once_with_its_least_timestamp, begin, end),
        cmocka_unit_test_setup_teardown(a_poll_waits_its_time_and_is_not_modified, begin, end),
        cmocka_unit_test_setup_teardown(every_waiter_of_an_app_is_woken_by_its_change, begin, end),
        cmocka_unit_test_setup_teardown(a_change_elsewhere_wakes_a_zone_filter_with_its_own_zone,
                                        begin, end),
        cmocka_unit_test_setup_teardown(the_last_instance_going_answers_its_waiters, begin, end),
        cmocka_unit_test_setup_teardown(the_last_instance_of_a_zone_going_answers_its_waiters,
                                        begin, end),
        cmocka_unit_test_setup_teardown(an_app_that_appears_wakes_those_who_waited_for_it, begin,
                                        end),
        cmocka_unit_test_setup_teardown(poll_answers_with_the_first_asked_app_that_changed, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_poll_that_is_ahead_is_answered_in_full_after_a_tick,
                                        begin, end),
        cmocka_unit_test_setup_teardown(repeating_a_poll_answered_without_instance_waits, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_repeated_poll_waits_whatever_connection_it_comes_by,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_repeated_poll_waits_in_whatever_order_its_apps_are, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_first_poll_never_waits_for_what_another_was_told, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_poll_that_is_ahead_is_answered_in_full_once, begin, end),
        cmocka_unit_test_setup_teardown(a_poll_that_is_ahead_waits_while_all_nodes_are_in_step,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_poll_that_is_ahead_is_answered_in_full_while_a_node_is_out_of_step, begin, end),
        cmocka_unit_test_setup_teardown(a_node_without_peers_lets_a_poll_wait_that_is_ahead, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_stamp_that_is_ours_as_a_double_is_ours, begin, end),
        cmocka_unit_test_setup_teardown(a_client_that_goes_leaves_nothing_behind, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
