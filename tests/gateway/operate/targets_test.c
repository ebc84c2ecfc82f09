/* What is registered, as targets of Prometheus' http_sd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/gateway/server.h"

static struct server it;

static int begin(void **state)
{
    (void)state;
    server_start(&it);
    feed_put(&it.feed, "shop.cart", "h1", 100);
    feed_put(&it.feed, "shop.cart", "h2", 200);
    feed_put_zone(&it.feed, "shop.cart", "sh002", "h3", 300);
    feed_put_status(&it.feed, "shop.pay", "h1", 400, STATUS_WAITING);
    return 0;
}

static int end(void **state)
{
    (void)state;
    server_stop(&it);
    return 0;
}

static struct buf ask(const char *path)
{
    struct buf answer;
    int fd = server_connect(&it);

    server_send(fd, path, "Connection: close\r\n");
    answer = server_answer(&it, fd);
    close(fd);
    return answer;
}

/* The body's groups; its chunks are put together. */
static json_t *groups(const char *path)
{
    struct buf answer = ask(path);
    struct buf body = {0};
    char *at = strstr(answer.data, "\r\n\r\n");
    json_t *parsed;

    assert_int_equal(200, answer_status(&answer));
    assert_non_null(at);
    at += 4;
    for (;;) {
        unsigned len = 0;
        char *line = strstr(at, "\r\n");

        assert_int_equal(1, sscanf(at, "%x", &len));
        if (len == 0) {
            break;
        }
        buf_add(&body, line + 2, len);
        at = line + 2 + len + 2;
    }
    parsed = json_loadb(body.data, body.len, 0, NULL);
    assert_non_null(parsed);
    buf_fini(&answer);
    buf_fini(&body);
    return parsed;
}

static void counts(const char *path, size_t want)
{
    json_t *found = groups(path);

    assert_int_equal(want, json_array_size(found));
    json_decref(found);
}

static void every_instance_is_a_target_with_what_it_is(void **state)
{
    json_t *found = groups("/sd/prometheus");
    const json_t *first = json_array_get(found, 0);
    const json_t *labels = json_object_get(first, "labels");

    (void)state;
    assert_int_equal(4, json_array_size(found));
    assert_int_equal(1, json_array_size(json_object_get(first, "targets")));
    assert_null(
        strstr(json_string_value(json_array_get(json_object_get(first, "targets"), 0)), "//"));
    assert_string_equal("shop.cart",
                        json_string_value(json_object_get(labels, "__meta_muster_appid")));
    assert_string_equal("h1", json_string_value(json_object_get(labels, "__meta_muster_hostname")));
    assert_string_equal("sh001", json_string_value(json_object_get(labels, "__meta_muster_zone")));
    assert_string_equal("1", json_string_value(json_object_get(labels, "__meta_muster_status")));
    assert_string_equal("http", json_string_value(json_object_get(labels, "__meta_muster_scheme")));
    json_decref(found);
}

static void targets_are_filtered(void **state)
{
    (void)state;
    counts("/sd/prometheus?appid=shop.cart", 3);
    counts("/sd/prometheus?appid=shop.cart&zone=sh002", 1);
    counts("/sd/prometheus?zone=sh001", 3);
    counts("/sd/prometheus?status=2", 1);
    counts("/sd/prometheus?status=1", 3);
    counts("/sd/prometheus?env=prod", 0);
    counts("/sd/prometheus?env=dev&appid=shop.pay", 1);
    counts("/sd/prometheus?appid=nobody", 0);
}

static void what_is_no_filter_is_refused(void **state)
{
    struct buf answer = ask("/sd/prometheus?status=4");

    (void)state;
    assert_int_equal(400, answer_status(&answer));
    assert_true(answer_has(&answer, "status must be 1 (up), 2 (waiting) or 3 (both), got 4"));
    buf_fini(&answer);
    answer = ask("/sd/prometheus?app=shop.cart");
    assert_int_equal(400, answer_status(&answer));
    assert_true(answer_has(&answer, "there is no parameter app"));
    buf_fini(&answer);
}

static void many_are_told_piece_by_piece(void **state)
{
    (void)state;
    for (int i = 0; i < 3000; i++) {
        char hostname[16];

        (void)snprintf(hostname, sizeof(hostname), "host%d", i);
        feed_put(&it.feed, "shop.many", hostname, 1000 + i);
    }
    counts("/sd/prometheus?appid=shop.many", 3000);
    counts("/sd/prometheus?appid=shop.many&status=2", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instance_is_a_target_with_what_it_is),
        cmocka_unit_test(targets_are_filtered),
        cmocka_unit_test(what_is_no_filter_is_refused),
        cmocka_unit_test(many_are_told_piece_by_piece),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
