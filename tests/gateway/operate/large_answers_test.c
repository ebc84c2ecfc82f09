/* Answers of /muster/v1 where all there is to tell is as long as it may be, and made six times
 * longer by JSON: they stay within 200,000 bytes, say how much there is, and the gateway lives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/naming/limits.h"
#include "tests/gateway/gateway_fixture.h"

enum { crowd = 20, zones = 40, weights = 1000 };

static struct gateway_fixture it;

static int begin(void **state)
{
    (void)state;
    fixture_begin(&it, false);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fixture_end(&it);
    return 0;
}

static json_t *ask(const char *path, int status)
{
    struct buf answer = fixture_ask(&it, "GET", path, NULL);
    json_t *body;

    assert_int_equal(status, answer_status(&answer));
    assert_true(strlen(answer_body(&answer)) <= 200000);
    body = json_loads(answer_body(&answer), 0, NULL);
    assert_non_null(body);
    buf_fini(&answer);
    return body;
}

static size_t size_of(const json_t *object, const char *key)
{
    const json_t *list = json_object_get(object, key);

    return json_is_object(list) ? json_object_size(list) : json_array_size(list);
}

static int64_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* The longest name there may be, of what JSON writes as six characters. */
static struct str long_name(char text[limit_name_bytes + 1], int number)
{
    memset(text, '<', limit_name_bytes);
    (void)snprintf(text, limit_name_bytes, "%04d", number);
    text[4] = '<';
    text[limit_name_bytes] = '\0';
    return (struct str){text, limit_name_bytes};
}

static void put(const char *env, const char *appid, struct str zone, struct str hostname)
{
    struct buf store = {0};
    struct instance instance = feed_instance(appid, "h", 100, &store);

    instance.id.env = str_from(env);
    instance.id.zone = zone;
    instance.id.hostname = hostname;
    fixture_put(&it, &instance);
    buf_fini(&store);
}

static void put_schedule(const char *appid)
{
    char remark[limit_version_bytes + 1];
    struct buf store = {0};
    struct buf triplets = {0};
    struct instance schedule = feed_instance(appid, "", 100, &store);

    memset(remark, '<', limit_version_bytes);
    remark[limit_version_bytes] = '\0';
    for (int i = 0; i < weights; i++) {
        char zone[16];

        (void)snprintf(zone, sizeof(zone), "zone%04d", i);
        strs_pack(&triplets, STR("from"));
        strs_pack(&triplets, str_from(zone));
        strs_pack(&triplets, STR("100"));
    }
    schedule.id.zone = schedule.id.hostname = STR("");
    schedule.version = str_from(remark);
    schedule.addrs = (struct strs){3 * weights, buf_str(&triplets)};
    fixture_put(&it, &schedule);
    buf_fini(&triplets);
    buf_fini(&store);
}

static void poll(int fd, int number)
{
    char path[2000] = "/discovery/polls?env=dev&appid=wide&latest_timestamp=0";
    char name[limit_name_bytes + 1];
    size_t at = strlen(path);

    for (unsigned i = 0; i < 2; i++) {
        at += (size_t)snprintf(path + at, sizeof(path) - at, "&%s=", i == 0 ? "hostname" : "zone");
        (void)long_name(name, number);
        for (size_t c = 0; c < 200; c++) {
            at += (size_t)snprintf(path + at, sizeof(path) - at, name[c] == '<' ? "%%3C" : "%c",
                                   name[c]);
        }
    }
    server_send(fd, path, "");
}

static void an_app_shows_as_much_of_all_as_an_answer_bears(void **state)
{
    char zone[limit_name_bytes + 1];
    char hostname[limit_name_bytes + 1];
    int fds[crowd];
    json_t *body;

    (void)state;
    for (int i = 0; i < 2 * zones; i++) {
        put("dev", "wide", long_name(zone, i % zones), long_name(hostname, i));
    }
    put_schedule("wide");
    for (int i = 0; i < crowd; i++) {
        fds[i] = server_connect(&it.server);
        poll(fds[i], i);
        fixture_wait(&it, 1000);
    }
    body = ask("/muster/v1/apps/dev/wide?limit=200", 200);
    assert_int_equal(zones, number_of(body, "zones_total"));
    assert_in_range(size_of(body, "zones"), 1, zones - 1);
    assert_int_equal(crowd, number_of(body, "pollers_total"));
    assert_in_range(size_of(body, "pollers"), 1, crowd - 1);
    assert_int_equal(weights, number_of(json_object_get(body, "schedule"), "weights"));
    assert_true(size_of(body, "instances") > 0);
    assert_true(json_is_string(json_object_get(body, "next")));
    json_decref(body);
    for (int i = 0; i < crowd; i++) {
        (void)close(fds[i]);
    }
}

static void apps_of_many_envs_are_listed_with_as_many_envs_as_an_answer_bears(void **state)
{
    char env[limit_name_bytes + 1];
    char appid[limit_name_bytes + 1];
    json_t *body;

    (void)state;
    for (int i = 0; i < 64; i++) {
        (void)long_name(env, i);
        (void)long_name(appid, i);
        put(env, appid, STR("z"), STR("h"));
    }
    body = ask("/muster/v1/apps?limit=200", 200);
    assert_in_range(size_of(body, "envs"), 1, 63);
    assert_true(size_of(body, "apps") > 0);
    json_decref(body);
}

static void nothing_is_near_a_name_longer_than_names(void **state)
{
    char path[2000] = "/muster/v1/apps/dev/wide";
    json_t *body;

    (void)state;
    put("dev", "wide", STR("z"), STR("h"));
    memset(path + strlen(path), 'x', limit_name_bytes);
    body = ask(path, 404);
    assert_null(json_object_get(body, "near"));
    json_decref(body);
    body = ask("/muster/v1/apps/dev/wider", 404);
    assert_int_equal(1, size_of(body, "near"));
    json_decref(body);
}

/* More than one turn looks at. */
static void what_is_near_is_found_among_many(void **state)
{
    char name[32];
    json_t *body;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(name, sizeof(name), "many%05d", i);
        put("prod", name, STR("z"), STR("h"));
    }
    put("prod", "the.last", STR("z"), STR("h"));
    body = ask("/muster/v1/apps/prod/last", 404);
    assert_int_equal(1, size_of(body, "near"));
    json_decref(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_app_shows_as_much_of_all_as_an_answer_bears),
        cmocka_unit_test(apps_of_many_envs_are_listed_with_as_many_envs_as_an_answer_bears),
        cmocka_unit_test(nothing_is_near_a_name_longer_than_names),
        cmocka_unit_test(what_is_near_is_found_among_many),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
