/* Events over HTTP, of a gateway whose registry and replicator are played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/operate/operate.h"
#include "tests/gateway/server.h"

static struct server it;
static int open_fd = -1;

static int begin(void **state)
{
    (void)state;
    server_start(&it);
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (open_fd >= 0) {
        (void)close(open_fd);
        open_fd = -1;
    }
    server_stop(&it);
    return 0;
}

static void listen_to(const char *target, const char *head)
{
    struct buf read;

    if (open_fd >= 0) {
        (void)close(open_fd);
    }
    open_fd = server_connect(&it);
    server_send(open_fd, target, head);
    read = server_read_until(&it, open_fd, ": ping\n\n");
    assert_non_null(strstr(read.data, "Content-Type: text/event-stream\r\n"));
    buf_fini(&read);
}

/* Reads until last has come; then all parts must stand in it, in this order. */
static void assert_comes(const char *const *parts)
{
    const char *last = parts[0];
    struct buf read;
    const char *at;

    for (size_t i = 0; parts[i] != NULL; i++) {
        last = parts[i];
    }
    read = server_read_until(&it, open_fd, last);
    at = read.data;
    for (size_t i = 0; parts[i] != NULL; i++) {
        at = at == NULL ? NULL : strstr(at, parts[i]);
        if (at == NULL) {
            fail_msg("no %s in %s", parts[i], read.data);
        }
    }
    buf_fini(&read);
}

#define COMES(...) assert_comes((const char *const[]){__VA_ARGS__, NULL})

static void each_change_says_what_was_and_what_is(void **state)
{
    (void)state;
    listen_to("/muster/v1/events", "");
    feed_put(&it.feed, "app.a", "h1", 100);
    COMES(
        "event: register\nid: 0000000000005f3a-1\ndata: {\"time\":",
        "\"kind\":\"register\",\"actor\":\"registry\",\"env\":\"dev\",\"appid\":\"app.a\",\"zone\":"
        "\"sh001\",\"hostname\":\"h1\",\"before\":null,\"after\":{\"status\":\"up\",\"version\":"
        "\"\","
        "\"addrs\":[\"http://10.0.0.1:80\"]},\"reason\":\"told by another node\"}\n\n");
    feed_put_status(&it.feed, "app.a", "h1", 200, STATUS_WAITING);
    COMES("event: re-register\nid: 0000000000005f3a-2\n", "\"before\":{\"status\":\"up\"}",
          "\"after\":{\"status\":\"waiting\"}", "\n\n");
    feed_cancel(&it.feed, "app.a", "h1", 300);
    COMES("event: cancel\n", "\"before\":{\"status\":\"waiting\"", "\"after\":null", "\n\n");
    feed_put(&it.feed, "app.a", "h2", 400);
    feed_evict(&it.feed, "app.a", "h2", 500);
    COMES("event: register\n", "event: evict\n", "\"after\":null,\"reason\":\"silent\"}\n\n");
}

static void a_reader_goes_on_behind_the_last_it_had(void **state)
{
    (void)state;
    for (int64_t i = 1; i <= 5; i++) {
        feed_put(&it.feed, "app.a", "h1", i * 100);
    }
    listen_to("/muster/v1/events", "Last-Event-ID: 0000000000005f3a-5\r\n");
    feed_put(&it.feed, "app.a", "h1", 600);
    COMES("id: 0000000000005f3a-6\n", "\n\n");
}

static void what_came_between_is_sent_again(void **state)
{
    struct buf read;

    (void)state;
    for (int64_t i = 1; i <= 5; i++) {
        feed_put(&it.feed, "app.a", "h1", i * 100);
    }
    open_fd = server_connect(&it);
    server_send(open_fd, "/muster/v1/events", "Last-Event-ID: 0000000000005f3a-2\r\n");
    read = server_read_until(&it, open_fd, "id: 0000000000005f3a-5\n");
    assert_null(strstr(read.data, "id: 0000000000005f3a-2\n"));
    assert_non_null(strstr(read.data, "id: 0000000000005f3a-3\n"));
    assert_null(strstr(read.data, "event: lost"));
    buf_fini(&read);
}

static void a_gap_is_told(void **state)
{
    static const char *const unknown[] = {"0000000000005f3a-9", "0000000000000001-1", "nonsense",
                                          "0000000000005f3a-"};

    (void)state;
    feed_put(&it.feed, "app.a", "h1", 100);
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        char head[64];
        struct buf read;

        (void)snprintf(head, sizeof(head), "Last-Event-ID: %s\r\n", unknown[i]);
        open_fd = server_connect(&it);
        server_send(open_fd, "/muster/v1/events", head);
        read = server_read_until(&it, open_fd, "id: 0000000000005f3a-1\n");
        assert_non_null(strstr(read.data, "event: lost\ndata: {\"count\":null}\n\n"));
        buf_fini(&read);
        (void)close(open_fd);
        open_fd = -1;
    }
}

static void a_reader_may_begin_with_the_last_ones_and_ask_for_some_only(void **state)
{
    struct buf read;

    (void)state;
    for (int64_t i = 1; i <= 5; i++) {
        feed_put(&it.feed, i % 2 == 0 ? "app.a" : "app.b", "h1", i * 100);
    }
    open_fd = server_connect(&it);
    server_send(open_fd, "/muster/v1/events?appid=app.b&env=dev&last=2&kinds=register,re-register",
                "");
    read = server_read_until(&it, open_fd, "id: 0000000000005f3a-5\n");
    assert_null(strstr(read.data, "5f3a-1\n"));
    assert_non_null(strstr(read.data, "5f3a-3\n"));
    assert_null(strstr(read.data, "5f3a-4\n"));
    buf_fini(&read);
    feed_put(&it.feed, "app.a", "h1", 900);
    feed_cancel(&it.feed, "app.b", "h1", 950);
    assert_true(server_is_silent(&it, open_fd));
}

static void other_facts_are_told_without_an_id(void **state)
{
    struct msg fact = {.type = MSG_TYPE_STORAGE};

    (void)state;
    listen_to("/muster/v1/events", "");
    fact.as_storage.reason = STR("disk full");
    feed_fact(&it.feed, &fact);
    COMES("event: storage\ndata: ", "\"after\":{\"ok\":false,\"damaged\":false}",
          "\"reason\":\"disk full\"}\n\n");
    fact = (struct msg){.type = MSG_TYPE_PROTECT};
    fact.as_protect.on = true;
    fact.as_protect.left_ms = 1000;
    fact.as_protect.reason = STR("no peer has answered");
    feed_fact(&it.feed, &fact);
    COMES("event: protection\ndata: ", "\"after\":{\"on\":true}", "no peer has answered\"}\n\n");
    feed_fact(&it.feed, &fact); /* the same again is no news */
    assert_true(server_is_silent(&it, open_fd));
}

static void nodes_that_come_and_go_are_told(void **state)
{
    (void)state;
    feed_nodes(&it.feed, 0, true);
    listen_to("/muster/v1/events?kinds=node", "");
    feed_nodes(&it.feed, 1, true);
    COMES("event: node\ndata: ", "\"before\":null,\"after\":{\"status\":\"up\"}", "\n\n");
    feed_nodes(&it.feed, 0, true);
    COMES("event: node\ndata: ", "\"before\":{\"status\":\"up\"},\"after\":null", "\n\n");
}

static void an_actor_that_falls_silent_is_told(void **state)
{
    (void)state;
    feed_nodes(&it.feed, 1, true);
    operate_tick(it.gateway->operate, &it.feed.now);
    listen_to("/muster/v1/events?kinds=actor", "");
    server_wait(&it, 3001);
    operate_tick(it.gateway->operate, &it.feed.now);
    COMES("event: actor\ndata: ", "\"before\":{\"state\":\"up\"},\"after\":{\"state\":\"silent\"}",
          "\n\n");
}

/* ── logs ───────────────────────────────────────────────────────────────────*/

/* The question that the gateway has sent to the registry; 0: none. */
static uint64_t asked_for_lines(uint64_t *after)
{
    struct outbox_item item;
    size_t cursor = 0;
    uint64_t id = 0;

    while (outbox_next(it.out, OUTBOX_SYNCED, &cursor, &item)) {
        struct str rest = item.frame;
        struct msg msg;

        while (item.kind == OUTBOX_COMMAND && item.actor == ACTOR_REGISTRY && rest.len > 0 &&
               msg_decode(&rest, &msg) == ERR_OK) {
            if (msg.type == MSG_TYPE_LINES) {
                id = msg.as_lines.id;
                *after = msg.as_lines.after;
            }
        }
    }
    outbox_clear(it.out, OUTBOX_SYNCED);
    return id;
}

static void answer_lines(uint64_t id, uint64_t first, const char *const *lines)
{
    struct msg tail = {.type = MSG_TYPE_TAIL};
    struct buf store = {0};

    tail.as_tail.id = id;
    tail.as_tail.boot = 9;
    tail.as_tail.first = first;
    for (; *lines != NULL; lines++) {
        strs_pack(&store, str_from(*lines));
        tail.as_tail.lines.count++;
    }
    tail.as_tail.lines.bytes = buf_str(&store);
    gateway_spec.answer(it.gateway, ACTOR_REGISTRY, 0, &tail, &it.feed.now, it.out);
    buf_fini(&store);
}

static int count_of(const char *text, const char *part)
{
    int count = 0;

    for (; (text = strstr(text, part)) != NULL; text++) {
        count++;
    }
    return count;
}

#define LINE(time, level, text)                                                                    \
    "{\"time\":\"" time "\",\"level\":\"" level "\",\"actor\":\"registry\",\"text\":\"" text "\"}"

static void lines_of_logs_come_in_order_and_each_once(void **state)
{
    const char *const lines[] = {LINE("2090-01-01T00:00:02.000Z", "warn", "second"),
                                 LINE("2090-01-01T00:00:01.000Z", "error", "first"),
                                 LINE("2090-01-01T00:00:03.000Z", "info", "third"),
                                 LINE("1999-01-01T00:00:00.000Z", "error", "too old"),
                                 "no line",
                                 NULL};
    const char *const more[] = {LINE("2090-01-01T00:00:03.000Z", "info", "third"),
                                LINE("2090-01-01T00:00:04.000Z", "error", "fourth"), NULL};
    uint64_t after = 99;
    struct buf read;
    uint64_t id;

    (void)state;
    listen_to("/muster/v1/logs?level=warn", "");
    server_wait(&it, 500);
    id = asked_for_lines(&after);
    assert_true(id != 0);
    assert_int_equal(0, after);
    answer_lines(id, 1, lines);
    server_wait(&it, 250);
    COMES("event: log\ndata: {\"time\":\"2090-01-01T00:00:01.000Z\"", "first\"}\n\n",
          "second\"}\n\n");
    server_wait(&it, 500);
    id = asked_for_lines(&after);
    assert_int_equal(5, after);
    answer_lines(id, 5, more);
    server_wait(&it, 250);
    COMES("fourth\"}\n\n");
    (void)close(open_fd);
    open_fd = server_connect(&it);
    server_send(open_fd, "/muster/v1/logs?since=2000-01-01T00:00:00Z", "");
    read = server_read_until(&it, open_fd, "fourth");
    assert_int_equal(1, count_of(read.data, "third"));
    buf_fini(&read);
}

static void nobody_is_asked_for_lines_while_nobody_reads(void **state)
{
    uint64_t after;

    (void)state;
    server_wait(&it, 1000);
    assert_int_equal(0, asked_for_lines(&after));
}

static void too_many_streams_are_refused(void **state)
{
    enum { streams_max = 64 };
    int fds[streams_max];
    struct buf answer;

    (void)state;
    for (int i = 0; i < streams_max; i++) {
        struct buf read;

        fds[i] = server_connect(&it);
        server_send(fds[i], "/muster/v1/events", "");
        read = server_read_until(&it, fds[i], ": ping\n\n");
        buf_fini(&read);
    }
    answer = server_get(&it, "/muster/v1/events");
    assert_int_equal(503, answer_status(&answer));
    buf_fini(&answer);
    assert_true(operate_spare(it.gateway->operate));
    for (int i = 0; i < streams_max; i++) {
        (void)close(fds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_change_says_what_was_and_what_is, begin, end),
        cmocka_unit_test_setup_teardown(a_reader_goes_on_behind_the_last_it_had, begin, end),
        cmocka_unit_test_setup_teardown(what_came_between_is_sent_again, begin, end),
        cmocka_unit_test_setup_teardown(a_gap_is_told, begin, end),
        cmocka_unit_test_setup_teardown(a_reader_may_begin_with_the_last_ones_and_ask_for_some_only,
                                        begin, end),
        cmocka_unit_test_setup_teardown(other_facts_are_told_without_an_id, begin, end),
        cmocka_unit_test_setup_teardown(nodes_that_come_and_go_are_told, begin, end),
        cmocka_unit_test_setup_teardown(an_actor_that_falls_silent_is_told, begin, end),
        cmocka_unit_test_setup_teardown(lines_of_logs_come_in_order_and_each_once, begin, end),
        cmocka_unit_test_setup_teardown(nobody_is_asked_for_lines_while_nobody_reads, begin, end),
        cmocka_unit_test_setup_teardown(too_many_streams_are_refused, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
