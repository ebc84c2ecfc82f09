/* Answers that are too large to be made at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/gateway/server.h"

enum { apps = 4, instances = 20, version_bytes = 100 * 1024 };

static struct server it;
static char version[version_bytes];

static void put(const char *appid, int number, int64_t at)
{
    char hostname[16];
    struct change change = {
        .kind = CHANGE_REGISTER,
        .latest_timestamp = at,
        .instance = {.id = {STR("dev"), str_from(appid), STR("sh001"), {hostname, 0}},
                     .version = {version, sizeof(version)},
                     .status = STATUS_UP,
                     .dirty_timestamp = at,
                     .latest_timestamp = at}};

    (void)snprintf(hostname, sizeof(hostname), "h%d", number);
    change.instance.id.hostname = str_from(hostname);
    feed_turn(&it.feed, &change);
}

/* Four apps of 2 MB each; the last of them changed first. */
static int begin(void **state)
{
    (void)state;
    memset(version, 'v', sizeof(version));
    server_start(&it);
    for (int app = 0; app < apps; app++) {
        char appid[8];

        (void)snprintf(appid, sizeof(appid), "app%d", app);
        for (int i = 0; i < instances; i++) {
            put(appid, i, 1000 * (apps - app) + i);
        }
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    server_stop(&it);
    return 0;
}

static size_t count_of(const struct buf *answer, const char *text)
{
    size_t count = 0;

    for (const char *at = answer->data; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

static void fetchs_is_produced_as_it_is_read(void **state)
{
    struct http_counts counts;
    struct buf answer;
    int fd = server_connect(&it);

    (void)state;
    server_send(fd,
                "/discovery/fetchs?env=dev&status=3&appid=app3&appid=app1&appid=app0&appid=none"
                "&appid=app2",
                "");
    for (int i = 0; i < 50; i++) {
        server_turn(&it);
    }
    http_counts(it.gateway->http, &counts);
    assert_int_equal(1, counts.streams);
    /* three of them at the most were made so far, and those stand in the cache as well */
    assert_in_range(counts.memory_held, 1, (size_t)9 << 20);
    answer = server_answer(&it, fd);
    assert_int_equal(200, answer_status(&answer));
    assert_true(answer_has(&answer, "Kratos-Status-Code: 0"));
    assert_int_equal(apps * instances, count_of(&answer, "\"hostname\":"));
    for (int app = 0; app < apps; app++) {
        char text[32];

        (void)snprintf(text, sizeof(text), "\"app%d\":{\"instances\"", app);
        assert_int_equal(1, count_of(&answer, text));
    }
    assert_int_equal(0, count_of(&answer, "none"));
    buf_fini(&answer);
    (void)close(fd);
    server_turn(&it);
    http_counts(it.gateway->http, &counts);
    assert_int_equal(0, counts.memory_held);
}

/* Each answer has room for some, the longest changed first; what it lacks comes with the next. */
static void polls_tell_the_rest_next_time(void **state)
{
    int64_t known[apps] = {0};
    int told = 0;

    (void)state;
    for (int poll = 0; poll < apps && told < apps; poll++) {
        struct buf target = {0};
        struct buf answer;

        buf_add_str(&target, STR("/discovery/polls?env=dev&hostname=h"));
        for (int app = 0; app < apps; app++) {
            buf_printf(&target, "&appid=app%d&latest_timestamp=%lld", app, (long long)known[app]);
        }
        buf_add_char(&target, '\0');
        answer = server_get(&it, target.data);
        assert_int_equal(200, answer_status(&answer));
        assert_true(strlen(answer_body(&answer)) <= (size_t)4 << 20 || poll == 0);
        for (int app = 0; app < apps; app++) {
            char text[32];

            (void)snprintf(text, sizeof(text), "\"app%d\":{\"instances\"", app);
            if (answer_has(&answer, text)) {
                assert_int_equal(0, known[app]);
                known[app] = 1000 * (apps - app) + instances - 1;
                told++;
            }
        }
        assert_true(told > poll);
        assert_true(poll > 0 || (known[apps - 1] != 0 && known[0] == 0));
        buf_fini(&answer);
        buf_fini(&target);
    }
    assert_int_equal(apps, told);
}

/* After the last brace of the header; chunks are taken apart. */
static struct buf body_of(const struct buf *answer)
{
    const char *at = strstr(answer->data, "\r\n\r\n");
    bool chunked = strstr(answer->data, "Transfer-Encoding: chunked") != NULL;
    struct buf body = {0};

    assert_non_null(at);
    at += 4;
    while (chunked) {
        char *end;
        unsigned long len = strtoul(at, &end, 16);

        if (len == 0) {
            buf_add_char(&body, '\0');
            return body;
        }
        buf_add(&body, end + 2, len);
        at = end + 2 + len + 2;
    }
    buf_add_str(&body, str_from(at));
    buf_add_char(&body, '\0');
    return body;
}

static bool is_chunked(const struct buf *answer)
{
    return strstr(answer->data, "Transfer-Encoding: chunked") != NULL;
}

/* What one who asks alone gets of a large app is what the shared document says. */
static void a_large_app_is_fetched_as_it_is_read(void **state)
{
    static const char *const targets[] = {"/discovery/fetch?env=dev&status=3&appid=big",
                                          "/discovery/fetch?env=dev&status=3&appid=big&zone=sh002",
                                          "/discovery/fetch?env=dev&status=1&appid=big"};
    char hostname[16];

    (void)state;
    for (int i = 0; i < 90; i++) {
        struct change change = {.kind = CHANGE_REGISTER,
                                .latest_timestamp = 9000 + i,
                                .instance = {.id = {STR("dev"), STR("big"), STR("sh001"), {0}},
                                             .version = {version, sizeof(version)},
                                             .status = i % 7 == 0 ? STATUS_WAITING : STATUS_UP,
                                             .dirty_timestamp = 1 + i,
                                             .latest_timestamp = 1 + i}};

        (void)snprintf(hostname, sizeof(hostname), "h%d", i);
        change.instance.id.hostname = str_from(hostname);
        change.instance.id.zone = i % 3 == 0 ? STR("sh002") : i % 3 == 1 ? STR("sh001") : STR("a");
        feed_turn(&it.feed, &change);
    }
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct buf streamed;
        struct buf shared = server_get(&it, targets[0]); /* makes the app known as large */
        struct buf bodies[2];

        buf_fini(&shared);
        put("big", 1000 + (int)i, 10000 + (int64_t)i); /* no document stands any more */
        streamed = server_get(&it, targets[i]);
        assert_true(is_chunked(&streamed));
        put("other", (int)i, 1);
        /* a stream's end is no document: one that may be shared is made by who polls */
        shared =
            server_get(&it, i == 2 ? "/discovery/poll?env=dev&hostname=h&appid=big" : targets[i]);
        assert_true(i != 2 || !is_chunked(&shared));
        bodies[0] = body_of(&streamed);
        bodies[1] = body_of(&shared);
        assert_true(i != 2 || bodies[0].len == bodies[1].len);
        assert_memory_equal(bodies[0].data, bodies[1].data, bodies[0].len);
        buf_fini(&bodies[0]);
        buf_fini(&bodies[1]);
        buf_fini(&streamed);
        buf_fini(&shared);
        /* and now it is there, and shared */
        shared = server_get(&it, "/discovery/poll?env=dev&hostname=h&appid=big");
        buf_fini(&shared);
        shared = server_get(&it, "/discovery/fetch?env=dev&status=1&appid=big");
        assert_false(is_chunked(&shared));
        buf_fini(&shared);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fetchs_is_produced_as_it_is_read, begin, end),
        cmocka_unit_test_setup_teardown(a_large_app_is_fetched_as_it_is_read, begin, end),
        cmocka_unit_test_setup_teardown(polls_tell_the_rest_next_time, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
