/* status, actors and the lists, asked of a gateway whose registry is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/gateway/gateway_fixture.h"

static struct gateway_fixture it;

static int begin(void **state)
{
    (void)state;
    fixture_begin(&it, false);
    it.server.config.evictor_idle = 90000;
    return 0;
}

static int end(void **state)
{
    (void)state;
    fixture_end(&it);
    return 0;
}

static json_t *body_of(struct buf *answer, int status)
{
    json_t *body;

    assert_int_equal(status, answer_status(answer));
    assert_true(strlen(answer_body(answer)) <= 200000);
    body = json_loads(answer_body(answer), 0, NULL);
    assert_non_null(body);
    buf_fini(answer);
    return body;
}

static json_t *ask(const char *path, int status)
{
    struct buf answer = fixture_ask(&it, "GET", path, NULL);

    return body_of(&answer, status);
}

static int64_t number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    assert_non_null(text);
    return text;
}

static const json_t *item(const json_t *object, const char *key, size_t at)
{
    const json_t *found = json_array_get(json_object_get(object, key), at);

    assert_non_null(found);
    return found;
}

/* ── status, actors ─────────────────────────────────────────────────────────*/

/* An actor answers the STATS that the gateway has sent last. */
static void answer_stats(enum actor_name from, const char *counter, const char *size, int64_t value)
{
    struct msg stats = fixture_command(&it);
    struct msg counters = {.type = MSG_TYPE_COUNTERS};
    struct buf store[2] = {{0}, {0}};

    counters.as_counters.id = msg_id(&stats);
    counters.as_counters.name = STR("x");
    counters.as_counters.pid = 77;
    counters.as_counters.version = STR("1.2.3");
    counters.as_counters.uptime_ms = 5000;
    counters.as_counters.turn_cpu_us_max = 1250;
    counts_add(&counters.as_counters.counters, &store[0], counter, value);
    counts_add(&counters.as_counters.sizes, &store[1], size, value);
    gateway_spec.answer(it.server.gateway, from, 0, &counters, &it.server.feed.now, it.server.out);
    buf_fini(&store[0]);
    buf_fini(&store[1]);
}

static json_t *ask_round(const char *path)
{
    struct buf answer;

    fixture_send(&it, "GET", path, NULL);
    answer_stats(ACTOR_REGISTRY, "registry_changes_total", "registry_journal_bytes", 12);
    answer_stats(ACTOR_GATEWAY, "http_received_requests_total", "http_connections", 7);
    fixture_wait(&it, 500);
    answer = fixture_answer(&it);
    return body_of(&answer, 200);
}

static void status_tells_the_verdict_and_what_is_behind_it(void **state)
{
    json_t *body = ask_round("/muster/v1/status");
    const json_t *storage = json_object_get(body, "storage");
    const json_t *clients = json_object_get(body, "clients");

    (void)state;
    assert_string_equal("sh001", text_of(body, "zone"));
    assert_string_equal("0000000000005f3a", text_of(body, "epoch"));
    assert_true(json_is_true(json_object_get(body, "ready")));
    assert_string_equal("notice", text_of(json_object_get(body, "verdict"), "level"));
    assert_string_equal("the evictor is silent: nobody is evicted until it is back (and 1 more)",
                        text_of(json_object_get(body, "verdict"), "text"));
    assert_int_equal(17, json_array_size(json_object_get(body, "checks")));
    assert_string_equal("replica", text_of(item(body, "checks", 0), "name"));
    assert_int_equal(12, number_of(storage, "journal_bytes"));
    assert_true(json_is_null(json_object_get(storage, "snapshot_bytes")));
    assert_int_equal(7, number_of(clients, "connections"));
    assert_int_equal(7, number_of(clients, "requests_total"));
    assert_int_equal(1, number_of(clients, "gateways_answered"));
    assert_int_equal(0, number_of(body, "stale_ms"));
    json_decref(body);
}

static void actors_that_answer_are_up_and_the_others_are_not(void **state)
{
    json_t *body = ask_round("/muster/v1/actors");
    const json_t *registry = item(body, "actors", 0);
    const json_t *evictor = item(body, "actors", 2);

    (void)state;
    assert_string_equal("registry", text_of(registry, "actor"));
    assert_string_equal("up", text_of(registry, "state"));
    assert_string_equal("1.2.3", text_of(registry, "version"));
    assert_int_equal(77, number_of(registry, "pid"));
    assert_int_equal(5, number_of(registry, "uptime_s"));
    assert_int_equal(500, number_of(registry, "answered_ms_ago"));
    assert_int_equal(12,
                     number_of(json_object_get(registry, "counters"), "registry_changes_total"));
    assert_string_equal("evictor", text_of(evictor, "actor"));
    assert_string_equal("stopped", text_of(evictor, "state"));
    assert_true(json_is_null(json_object_get(evictor, "counters")));
    assert_true(json_is_null(json_object_get(evictor, "answered_ms_ago")));
    assert_true(json_is_null(json_object_get(body, "next")));
    json_decref(body);
    body = ask_round("/muster/v1/actors?limit=2");
    assert_int_equal(2, json_array_size(json_object_get(body, "actors")));
    assert_string_equal("0008"
                        "0000000000000002",
                        text_of(body, "next"));
    json_decref(body);
    body = ask_round("/muster/v1/actors?after=00080000000000000002");
    assert_string_equal("evictor", text_of(item(body, "actors", 0), "actor"));
    json_decref(body);
}

static void a_client_that_goes_before_the_answer_is_forgotten(void **state)
{
    (void)state;
    fixture_send(&it, "GET", "/muster/v1/status", NULL);
    (void)close(it.client);
    it.client = -1;
    fixture_wait(&it, 1000);
    fixture_wait(&it, 1000);
}

/* ── cluster ────────────────────────────────────────────────────────────────*/

static void add_node(struct msg *list, struct buf *store, const char *addr, bool self,
                     const char *digest)
{
    struct msg node = {.type = MSG_TYPE_NODE};

    node.as_node = (struct msg_node){.addr = str_from(addr),
                                     .zone = STR("sh001"),
                                     .self = self,
                                     .name = STR("n"),
                                     .link = self ? STR("self") : STR("muster"),
                                     .digest = str_from(digest),
                                     .queue_bytes = 7};
    msg_list_add(&list->as_node_list.nodes, store, &node);
}

static json_t *ask_cluster(const char *peer_digest)
{
    struct msg list = {.type = MSG_TYPE_NODE_LIST};
    struct buf store = {0};
    struct buf answer;
    struct msg asked;

    fixture_send(&it, "GET", "/muster/v1/cluster", NULL);
    asked = fixture_command(&it);
    assert_int_equal(MSG_TYPE_PEERS, asked.type);
    list.as_node_list.id = msg_id(&asked);
    add_node(&list, &store, "a:7171", true, "0123456789abcdef");
    add_node(&list, &store, "b:7171", false, peer_digest);
    gateway_spec.answer(it.server.gateway, ACTOR_REPLICATOR, 0, &list, &it.server.feed.now,
                        it.server.out);
    buf_fini(&store);
    answer = fixture_answer(&it);
    return body_of(&answer, 200);
}

static void nodes_that_hold_something_else_are_told_since_when(void **state)
{
    json_t *body = ask_cluster("0123456789abcdef");

    (void)state;
    assert_int_equal(2, number_of(body, "total"));
    assert_true(json_is_true(json_object_get(item(body, "nodes", 0), "self")));
    assert_string_equal("none", text_of(item(body, "nodes", 0), "link"));
    assert_string_equal("muster", text_of(item(body, "nodes", 1), "link"));
    assert_true(json_is_true(json_object_get(item(body, "nodes", 1), "same")));
    assert_int_equal(7, number_of(item(body, "nodes", 1), "queue_bytes"));
    json_decref(body);
    json_decref(ask_cluster("another digest16"));
    it.server.feed.now.mono_ms += 7000;
    body = ask_cluster("another digest16");
    assert_true(json_is_false(json_object_get(item(body, "nodes", 1), "same")));
    assert_int_equal(7, number_of(item(body, "nodes", 1), "differs_for_s"));
    json_decref(body);
}

static void without_the_replicator_the_nodes_are_those_it_told_last(void **state)
{
    struct buf answer;
    json_t *body;

    (void)state;
    fixture_send(&it, "GET", "/muster/v1/cluster", NULL);
    fixture_wait(&it, 500);
    answer = fixture_answer(&it);
    body = body_of(&answer, 200);
    assert_int_equal(1, number_of(body, "total"));
    assert_true(json_is_null(json_object_get(item(body, "nodes", 0), "link")));
    assert_true(json_is_null(json_object_get(item(body, "nodes", 0), "same")));
    json_decref(body);
}

/* ── apps ───────────────────────────────────────────────────────────────────*/

static void put_apps(void)
{
    feed_put(&it.server.feed, "shop.cart", "h1", 100);
    feed_put(&it.server.feed, "shop.cart", "h2", 100);
    feed_put_zone(&it.server.feed, "shop.cart", "sh002", "h3", 100);
    feed_put_status(&it.server.feed, "shop.pay", "h1", 100, STATUS_WAITING);
    feed_put(&it.server.feed, "video", "h1", it.server.feed.now.wall_ns);
}

static void apps_are_counted_by_status_age_and_zone(void **state)
{
    json_t *body;
    const json_t *app;

    (void)state;
    put_apps();
    body = ask("/muster/v1/apps", 200);
    assert_int_equal(3, number_of(body, "total"));
    app = item(body, "apps", 0);
    assert_string_equal("shop.cart", text_of(app, "appid"));
    assert_int_equal(3, number_of(app, "up"));
    assert_int_equal(3, number_of(app, "idle"));
    assert_int_equal(2, number_of(json_object_get(app, "zones"), "sh001"));
    assert_int_equal(1, number_of(json_object_get(app, "zones"), "sh002"));
    assert_int_equal(0, number_of(app, "lost_10m"));
    assert_int_equal(1, number_of(item(body, "apps", 1), "waiting"));
    assert_int_equal(0, number_of(item(body, "apps", 2), "idle"));
    assert_int_equal(3, number_of(item(body, "envs", 0), "apps"));
    json_decref(body);
}

static void apps_are_searched_sorted_and_paged(void **state)
{
    char path[200];
    json_t *body = ask("/muster/v1/apps?q=SHOP", 200);

    (void)state;
    assert_int_equal(2, number_of(body, "total"));
    json_decref(body);
    body = ask("/muster/v1/apps?env=other", 200);
    assert_int_equal(0, number_of(body, "total"));
    json_decref(body);
    body = ask("/muster/v1/apps?sort=count&limit=1", 200);
    assert_string_equal("shop.cart", text_of(item(body, "apps", 0), "appid"));
    (void)snprintf(path, sizeof(path), "/muster/v1/apps?sort=count&limit=1&after=%s",
                   text_of(body, "next"));
    json_decref(body);
    body = ask(path, 200);
    assert_string_equal("shop.pay", text_of(item(body, "apps", 0), "appid"));
    assert_int_equal(3, number_of(body, "total"));
    json_decref(body);
    body = ask("/muster/v1/apps?after=zz", 400);
    assert_string_equal("after", text_of(body, "parameter"));
    json_decref(body);
    body = ask("/muster/v1/apps?after=00", 400);
    json_decref(body);
}

static void pages_of_many_apps_have_each_once_and_in_order(void **state)
{
    char name[32];
    char path[300] = "/muster/v1/apps?q=many.&limit=97";
    char last[32] = "";
    int seen = 0;
    bool more = true;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(name, sizeof(name), "many.%05d", (i * 7919) % 2000);
        feed_put(&it.server.feed, name, "h", 100);
    }
    while (more) {
        json_t *body = ask(path, 200);
        const json_t *next = json_object_get(body, "next");

        for (size_t i = 0; i < json_array_size(json_object_get(body, "apps")); i++, seen++) {
            const char *appid = text_of(item(body, "apps", i), "appid");

            assert_true(strcmp(last, appid) < 0);
            (void)snprintf(last, sizeof(last), "%s", appid);
        }
        more = json_is_string(next);
        if (more) {
            (void)snprintf(path, sizeof(path), "/muster/v1/apps?q=many.&limit=97&after=%s",
                           json_string_value(next));
        }
        json_decref(body);
    }
    assert_int_equal(2000, seen);
}

/* ── one app ────────────────────────────────────────────────────────────────*/

static void an_app_shows_its_instances_in_order(void **state)
{
    char path[200];
    json_t *body = ask("/muster/v1/apps/dev/shop.cart?limit=2", 200);
    const json_t *instance = item(body, "instances", 1);

    (void)state;
    assert_int_equal(3, number_of(body, "total"));
    assert_string_equal("h2", text_of(instance, "hostname"));
    assert_string_equal("up", text_of(instance, "status"));
    assert_string_equal("100", text_of(instance, "dirty_timestamp"));
    assert_int_equal(90000, number_of(instance, "idle_ms"));
    assert_true(number_of(instance, "age_ms") > 90000);
    assert_int_equal(0, number_of(body, "pollers_total"));
    assert_int_equal(2, number_of(json_object_get(body, "zones"), "sh001"));
    assert_int_equal(2, number_of(body, "zones_total"));
    assert_true(json_is_null(json_object_get(json_object_get(body, "schedule"), "clients")));
    (void)snprintf(path, sizeof(path), "/muster/v1/apps/dev/shop.cart?limit=2&after=%s",
                   text_of(body, "next"));
    json_decref(body);
    body = ask(path, 200);
    assert_string_equal("h3", text_of(item(body, "instances", 0), "hostname"));
    assert_true(json_is_null(json_object_get(body, "next")));
    json_decref(body);
    body = ask("/muster/v1/apps/dev/shop.cart?zone=sh002", 200);
    assert_int_equal(1, number_of(body, "total"));
    assert_int_equal(3, number_of(body, "up"));
    json_decref(body);
}

static void an_app_that_is_not_there_is_404_with_what_is_near(void **state)
{
    json_t *body = ask("/muster/v1/apps/dev/cart", 404);

    (void)state;
    assert_string_equal("no app cart in env dev", text_of(body, "error"));
    assert_string_equal("shop.cart", text_of(item(body, "near", 0), "appid"));
    json_decref(body);
    body = ask("/muster/v1/apps/prod/video", 404);
    assert_string_equal("dev", text_of(item(body, "near", 0), "env"));
    json_decref(body);
}

static void names_may_hold_a_slash(void **state)
{
    json_t *body;

    (void)state;
    feed_put(&it.server.feed, "a/b c", "h1", 100);
    body = ask("/muster/v1/apps/dev/a%2Fb%20c", 200);
    assert_string_equal("a/b c", text_of(body, "appid"));
    json_decref(body);
    body = ask("/muster/v1/apps/dev/a/b%20c", 404);
    json_decref(body);
}

static void who_waits_is_listed_with_the_app_and_by_itself(void **state)
{
    int fd = server_connect(&it.server);
    json_t *body;
    const json_t *poller;

    (void)state;
    server_send(fd, "/discovery/polls?env=dev&hostname=me&appid=not.there&latest_timestamp=0", "");
    for (int i = 0; i < 10; i++) {
        fixture_wait(&it, 1000);
    }
    body = ask("/muster/v1/pollers", 200);
    assert_int_equal(1, number_of(body, "total"));
    poller = item(body, "pollers", 0);
    assert_string_equal("me", text_of(poller, "hostname"));
    assert_string_equal("127.0.0.1", text_of(poller, "from"));
    assert_string_equal("not.there", text_of(poller, "appid"));
    assert_int_equal(1, number_of(poller, "apps"));
    assert_true(number_of(poller, "left_ms") <= 30000);
    json_decref(body);
    body = ask("/muster/v1/apps/dev/not.there", 200);
    assert_int_equal(1, number_of(body, "pollers_total"));
    json_decref(body);
    body = ask("/muster/v1/pollers?env=dev&appid=shop.cart", 200);
    assert_int_equal(0, number_of(body, "total"));
    json_decref(body);
    body = ask("/muster/v1/pollers?env=dev", 400);
    assert_string_equal("appid", text_of(body, "parameter"));
    json_decref(body);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_tells_the_verdict_and_what_is_behind_it),
        cmocka_unit_test(actors_that_answer_are_up_and_the_others_are_not),
        cmocka_unit_test(a_client_that_goes_before_the_answer_is_forgotten),
        cmocka_unit_test(nodes_that_hold_something_else_are_told_since_when),
        cmocka_unit_test(without_the_replicator_the_nodes_are_those_it_told_last),
        cmocka_unit_test(apps_are_counted_by_status_age_and_zone),
        cmocka_unit_test(apps_are_searched_sorted_and_paged),
        cmocka_unit_test(pages_of_many_apps_have_each_once_and_in_order),
        cmocka_unit_test(an_app_shows_its_instances_in_order),
        cmocka_unit_test(an_app_that_is_not_there_is_404_with_what_is_near),
        cmocka_unit_test(names_may_hold_a_slash),
        cmocka_unit_test(who_waits_is_listed_with_the_app_and_by_itself),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
