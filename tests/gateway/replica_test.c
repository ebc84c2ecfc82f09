#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "gateway/discovery/cache.h"
#include "gateway/discovery/delta.h"
#include "gateway/http/http.h"
#include "tests/gateway/feed.h"

struct fixture {
    struct replica *replica;
    struct feed feed;
    struct cache *cache;
    uint64_t changed; /* the last app told of */
    int changed_count;
};

static void on_changed(void *state, uint64_t app_hash)
{
    struct fixture *self = state;

    self->changed = app_hash;
    self->changed_count++;
}

static int begin(void **state)
{
    static struct fixture it;

    it = (struct fixture){.replica = replica_new(5000, NULL)};
    it.cache = replica_cache(it.replica);
    feed_init(&it.feed, it.replica);
    replica_observe(it.replica, on_changed, &it);
    *state = &it;
    return 0;
}

static int end(void **state)
{
    struct fixture *it = *state;

    feed_fini(&it->feed);
    replica_destroy(&it->replica);
    return 0;
}

static const struct cache_key all = {.status = STATUS_UP | STATUS_WAITING};

static uint32_t app_of(const struct fixture *it, const char *appid)
{
    return registry_app_find(replica_registry(it->replica), STR("dev"), str_from(appid));
}

static struct str document(const struct fixture *it, const char *appid)
{
    return cache_app(it->cache, app_of(it, appid), &all, &it->feed.now).json;
}

static bool contains(struct str text, const char *part)
{
    return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

static void is_ready_after_its_first_catch_up_and_stays_so(void **state)
{
    struct fixture *it = *state;

    assert_false(replica_ready(it->replica));
    feed_record(&it->feed, "app.a", "h1", 100);
    feed_catch_up(&it->feed);
    assert_true(replica_ready(it->replica));
    assert_true(contains(document(it, "app.a"), "\"hostname\":\"h1\""));
    it->feed.now.mono_ms += 60000;
    assert_true(replica_ready(it->replica));
}

static void has_reached_what_a_reply_promised(void **state)
{
    struct fixture *it = *state;
    uint64_t first;

    feed_catch_up(&it->feed);
    first = it->feed.epoch;
    assert_false(replica_reached(it->replica, first, 1));
    feed_put(&it->feed, "app.a", "h1", 100);
    assert_true(replica_reached(it->replica, first, 1));
    assert_false(replica_reached(it->replica, first, 2));
    assert_false(replica_reached(it->replica, first + 1, 1));
    feed_new_epoch(&it->feed);
    feed_put(&it->feed, "app.a", "h1", 100);
    feed_catch_up(&it->feed);
    assert_true(replica_reached(it->replica, first, 99)); /* a newer epoch is caught up with */
    assert_true(replica_reached(it->replica, first + 1, 1));
    assert_false(replica_reached(it->replica, 0, 0));
}

static void tells_observers_of_swept_apps(void **state)
{
    struct fixture *it = *state;

    feed_catch_up(&it->feed);
    feed_put(&it->feed, "app.a", "h1", 100);
    feed_new_epoch(&it->feed);
    feed_record(&it->feed, "app.b", "h1", 100);
    it->changed_count = 0;
    feed_put(&it->feed, "app.b", "h2", 100);
    feed_catch_up(&it->feed);
    assert_true(it->changed_count >= 2);
    assert_true(it->changed ==
                replica_app_hash(it->replica, STR("dev"), STR("app.a"))); /* swept last */
    assert_int_equal(app_of(it, "app.a"), REGISTRY_NONE);
}

static void says_how_long_the_registry_has_been_silent(void **state)
{
    struct fixture *it = *state;

    assert_int_equal(replica_stale_ms(it->replica, &it->feed.now), 0);
    feed_catch_up(&it->feed);
    it->feed.now.mono_ms += 3000;
    assert_int_equal(replica_stale_ms(it->replica, &it->feed.now), 0);
    it->feed.now.mono_ms += 1;
    assert_int_equal(replica_stale_ms(it->replica, &it->feed.now), 3001);
    feed_put(&it->feed, "app.a", "h1", 100);
    assert_int_equal(replica_stale_ms(it->replica, &it->feed.now), 0);
}

static void counts_down_protection(void **state)
{
    struct fixture *it = *state;
    struct msg fact = {.type = MSG_TYPE_PROTECT};

    feed_catch_up(&it->feed);
    assert_false(replica_protect(it->replica, &it->feed.now).on);
    fact.as_protect.on = true;
    fact.as_protect.left_ms = 5000;
    fact.as_protect.reason = STR("no peer yet");
    feed_fact(&it->feed, &fact);
    it->feed.now.mono_ms += 2000;
    assert_true(replica_protect(it->replica, &it->feed.now).on);
    assert_int_equal(replica_protect(it->replica, &it->feed.now).left_ms, 3000);
    assert_true(str_eq(replica_protect(it->replica, &it->feed.now).reason, STR("no peer yet")));
}

static void shares_a_document_until_a_change(void **state)
{
    struct fixture *it = *state;
    struct response *first;
    struct cache_counts counts;

    feed_catch_up(&it->feed);
    feed_put(&it->feed, "app.a", "h1", 100);
    feed_put(&it->feed, "app.b", "h1", 100);
    cache_counts(it->cache, &counts);
    assert_int_equal(counts.documents + counts.fragments, 0); /* nobody asked */
    first = response_ref(cache_fetch(it->cache, app_of(it, "app.a"), &all, &it->feed.now));
    feed_put(&it->feed, "app.b", "h2", 200);
    assert_ptr_equal(first, cache_fetch(it->cache, app_of(it, "app.a"), &all, &it->feed.now));
    feed_put(&it->feed, "app.a", "h2", 200);
    assert_ptr_not_equal(first, cache_fetch(it->cache, app_of(it, "app.a"), &all, &it->feed.now));
    assert_false(contains(response_body(first), "h2")); /* handed out: never written again */
    cache_counts(it->cache, &counts);
    assert_int_equal(counts.documents, 1);
    assert_int_equal(counts.fragments, 2);
    response_unref(&first);
}

static void shows_newer_heartbeats_after_the_refresh_time(void **state)
{
    struct fixture *it = *state;
    struct str before;

    feed_catch_up(&it->feed);
    feed_put(&it->feed, "app.a", "h1", 1000000);
    before = document(it, "app.a");
    assert_true(contains(before, "\"renew_timestamp\":1000000,"));
    it->feed.now.mono_ms += 1000;
    feed_renew(&it->feed, "app.a", "h1", 2000000);
    it->feed.now.mono_ms += 3999;
    assert_ptr_equal(before.data, document(it, "app.a").data);
    it->feed.now.mono_ms += 1;
    assert_true(contains(document(it, "app.a"), "\"renew_timestamp\":2000000,"));
    before = document(it, "app.a");
    it->feed.now.mono_ms += 60000; /* no heartbeat since: nothing to show */
    assert_ptr_equal(before.data, document(it, "app.a").data);
}

static void keeps_a_bounded_number_of_documents_of_an_app(void **state)
{
    struct fixture *it = *state;
    struct cache_counts counts;
    char zone[16];

    feed_catch_up(&it->feed);
    feed_put(&it->feed, "app.a", "h1", 100);
    for (int i = 0; i < 100; i++) {
        struct cache_key key = {.status = STATUS_UP};

        (void)snprintf(zone, sizeof(zone), "z%d", i);
        key.zone = str_from(zone);
        assert_true(str_eq(cache_app(it->cache, app_of(it, "app.a"), &key, &it->feed.now).json,
                           STR("{\"instances\":{},\"latest_timestamp\":100}")));
    }
    cache_counts(it->cache, &counts);
    assert_int_equal(counts.documents, cache_documents_max);
    feed_put(&it->feed, "app.a", "h2", 200);
    cache_counts(it->cache, &counts);
    assert_int_equal(counts.documents, 0);
    assert_int_equal(counts.document_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_ready_after_its_first_catch_up_and_stays_so, begin, end),
        cmocka_unit_test_setup_teardown(has_reached_what_a_reply_promised, begin, end),
        cmocka_unit_test_setup_teardown(tells_observers_of_swept_apps, begin, end),
        cmocka_unit_test_setup_teardown(says_how_long_the_registry_has_been_silent, begin, end),
        cmocka_unit_test_setup_teardown(counts_down_protection, begin, end),
        cmocka_unit_test_setup_teardown(shares_a_document_until_a_change, begin, end),
        cmocka_unit_test_setup_teardown(shows_newer_heartbeats_after_the_refresh_time, begin, end),
        cmocka_unit_test_setup_teardown(keeps_a_bounded_number_of_documents_of_an_app, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
