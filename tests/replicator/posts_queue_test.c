/* How many posts wait and are under way, and what a failing node costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/replicator/post_rig.h"

static void eight_posts_are_under_way_and_never_two_of_one_instance(void **state)
{
    struct post_rig *self = *state;
    uint64_t first;

    post_rig_change(self, 0, "h0");
    post_rig_renew(self, 0, "h0");
    for (unsigned i = 1; i < 20; i++) {
        char name[8];

        (void)snprintf(name, sizeof(name), "h%u", i);
        post_rig_change(self, 0, name);
    }
    assert_true(post_rig_next(self));
    assert_true(post_rig_body_has(self, "&hostname=h0&"));
    first = self->post.id;
    for (unsigned i = 1; i < posts_at_once; i++) {
        assert_true(post_rig_next(self));
        assert_false(post_rig_body_has(self, "&hostname=h0&"));
    }
    assert_false(post_rig_next(self));
    self->post.id = first;
    post_rig_answer(self, 200, GOOD);
    assert_true(post_rig_next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/register");
    assert_int_equal(posts_counts(self->posts).under_way, 8);
    assert_int_equal(posts_waiting(self->posts, 0), 12);
}

/* At a node that takes fewer posts than there are heartbeats they would come too late. */
static void what_has_changed_goes_before_heartbeats(void **state)
{
    struct post_rig *self = *state;
    struct msg cancel = post_rig_gone("h1", CHANGE_CANCEL);
    const struct msg_put put = post_rig_plain("h1").as_put;
    char name[8];

    cancel.as_gone.env = put.env;
    cancel.as_gone.appid = put.appid;
    cancel.as_gone.zone = put.zone;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 4; i++) {
            (void)snprintf(name, sizeof(name), "h%u", i);
            post_rig_renew(self, 0, name);
        }
    }
    posts_change(self->posts, 0, &cancel);
    assert_int_equal(posts_waiting(self->posts, 0), 13);
    assert_true(post_rig_next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/cancel");
    assert_int_equal(posts_waiting(self->posts, 0), 9); /* heartbeats before it are none any more */
    for (unsigned i = 0; i < 3; i++) {
        assert_true(post_rig_next(self));
        assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/renew");
    }
    assert_false(post_rig_next(self)); /* of three of an instance one is sent */
    assert_int_equal(posts_waiting(self->posts, 0), 0);
    assert_int_equal(posts_counts(self->posts).dropped, 0);
}

static void sixty_four_are_under_way_in_all_and_each_peer_gets_its_share(void **state)
{
    struct post_rig *self = *state;
    unsigned per_peer[20] = {0};
    unsigned count = 0;
    char name[8];

    for (uint32_t peer = 0; peer < 20; peer++) {
        posts_open(self->posts, peer, STR("10.0.0.9:7171"), true, true);
        for (unsigned i = 0; i < 20; i++) {
            (void)snprintf(name, sizeof(name), "h%u", i);
            post_rig_change(self, peer, name);
        }
    }
    while (post_rig_next(self)) {
        per_peer[self->post.peer]++;
        count++;
    }
    assert_int_equal(count, posts_under_way_max);
    for (unsigned i = 0; i < 20; i++) {
        assert_in_range(per_peer[i], 3, 4);
    }
}

static void a_full_queue_drops_the_oldest_heartbeats_and_then_all(void **state)
{
    struct post_rig *self = *state;
    char name[16];

    post_rig_renew(self, 0, "oldest");
    post_rig_renew(self, 0, "old");
    for (unsigned i = 0; i < posts_waiting_max - 2; i++) {
        (void)snprintf(name, sizeof(name), "h%u", i);
        post_rig_change(self, 0, name);
    }
    assert_int_equal(posts_waiting(self->posts, 0), posts_waiting_max);
    post_rig_change(self, 0, "one-more");
    assert_int_equal(posts_waiting(self->posts, 0), posts_waiting_max);
    assert_int_equal(posts_counts(self->posts).dropped, 1);
    assert_true(post_rig_next(self));
    assert_true(post_rig_body_has(self, "&hostname=h0&"));
    post_rig_change(self, 0, "last-beside-a-heartbeat");
    post_rig_change(self, 0, "last-that-fits");
    assert_int_equal(posts_counts(self->posts).dropped, 2);
    post_rig_assert_told(self, "");
    post_rig_change(self, 0, "over");
    post_rig_assert_told(self, "0 bad; ");
    assert_int_equal(posts_waiting(self->posts, 0), 1);
    assert_int_equal(posts_counts(self->posts).dropped, 2 + posts_waiting_max);
    assert_true(post_rig_next(self));
    assert_true(post_rig_body_has(self, "&hostname=over&"));
}

static void a_queue_is_bounded_in_bytes_too(void **state)
{
    struct post_rig *self = *state;
    struct msg msg = post_rig_plain("h1");
    char *version = malloc(1000000);

    assert_non_null(version);
    memset(version, 'v', 1000000);
    msg.as_put.version = (struct str){version, 1000000};
    for (unsigned i = 0; i < 40; i++) {
        posts_renew(self->posts, 0, &msg);
    }
    assert_int_equal(posts_waiting(self->posts, 0), posts_bytes_max / 1000000);
    free(version);
}

static void a_peer_that_fails_is_tried_once_a_second(void **state)
{
    struct post_rig *self = *state;

    for (unsigned i = 0; i < 3; i++) {
        post_rig_change(self, 0, i == 0 ? "h0" : i == 1 ? "h1" : "h2");
        post_rig_renew(self, 0, i == 0 ? "r0" : i == 1 ? "r1" : "r2");
    }
    assert_true(post_rig_next(self));
    post_rig_answer(self, 0, "");
    post_rig_assert_told(self, "0 bad; ");
    assert_int_equal(posts_waiting(self->posts, 0), 2); /* the heartbeats are worth nothing */
    assert_false(post_rig_next(self));
    self->now.mono_ms += posts_pause_ms - 1;
    assert_false(post_rig_next(self));
    self->now.mono_ms += 1;
    assert_true(post_rig_next(self));
    assert_false(post_rig_next(self));
    post_rig_answer(self, 500, GOOD);
    post_rig_assert_told(self, "0 bad; ");
    self->now.mono_ms += posts_pause_ms;
    assert_true(post_rig_next(self));
    assert_false(post_rig_next(self));
    post_rig_change(self, 0, "h3");
    post_rig_change(self, 0, "h4");
    post_rig_answer(self, 200, GOOD);
    post_rig_assert_told(self, "0 good; ");
    assert_true(post_rig_next(self));
    assert_true(post_rig_next(self));
}

static void a_quiet_peer_is_asked_whether_it_is_there(void **state)
{
    static const struct {
        int status;
        const char *text;
        const char *told;
    } cases[] = {
        {200, "{\"code\":0,\"data\":{\"instances\":{\"sh001\":[" INSTANCE("n1") "]}}}", "0 good; "},
        {200, "{\"code\":-404,\"data\":null}", "0 good; "},
        {200, "{\"code\":-500,\"message\":\"-500\",\"ttl\":1}", "0 good; "},
        {503, "{\"code\":-500,\"message\":\"starting\",\"ttl\":1}", "0 good; "},
        {503, "busy", "0 bad; "},
        {200, "<html>", "0 bad; "},
        {0, "", "0 bad; "},
    };
    struct post_rig *self = *state;

    assert_false(post_rig_next(self));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        self->now.mono_ms += posts_quiet_ms - 1;
        assert_false(post_rig_next(self));
        self->now.mono_ms++;
        assert_true(post_rig_next(self));
        assert_non_null(strstr(self->post.url, "/discovery/fetch?appid=infra.discovery&env=dev"));
        assert_false(post_rig_next(self));
        post_rig_answer(self, cases[i].status, cases[i].text);
        assert_false(posts_step(self->posts, &self->now));
        post_rig_assert_told(self, cases[i].told);
    }
    posts_close(self->posts, 0);
    self->now.mono_ms += posts_quiet_ms;
    assert_false(post_rig_next(self));
}

static void nothing_is_heard_of_a_peer_that_was_closed(void **state)
{
    struct post_rig *self = *state;
    struct post old;

    post_rig_renew(self, 0, "h1");
    post_rig_renew(self, 0, "h2");
    posts_ask_all(self->posts, 0);
    assert_true(post_rig_next(self));
    assert_non_null(strstr(self->post.url, "fetch/all"));
    assert_true(post_rig_next(self));
    old = self->post;
    posts_close(self->posts, 0);
    assert_int_equal(posts_waiting(self->posts, 0), 0);
    post_rig_renew(self, 0, "h3");
    assert_false(post_rig_next(self));
    posts_open(self->posts, 0, STR("10.0.0.3:7171"), true, true);
    post_rig_renew(self, 0, "h1");
    assert_true(post_rig_next(self)); /* the old one's request is not this one's */
    assert_non_null(strstr(self->post.url, "10.0.0.3"));
    post_rig_answer_post(self, old.id, 0, 0, "");
    post_rig_assert_told(self, "");
    post_rig_answer(self, 200, GOOD);
    post_rig_assert_told(self, "0 good; ");
    assert_int_equal(posts_counts(self->posts).under_way, 1);
}

static void the_owner_may_close_a_peer_when_it_is_called(void **state)
{
    struct post_rig *self = *state;
    static const char *const texts[] = {
        GOOD,
        "{\"code\":-404}",
        "{\"code\":-409,\"data\":" INSTANCE("h1") "}",
        "garbage",
    };

    self->closes = true;
    for (size_t i = 0; i < 4; i++) {
        posts_open(self->posts, 0, STR("10.0.0.1:7171"), true, true);
        post_rig_renew(self, 0, "h1");
        assert_true(post_rig_next(self));
        post_rig_answer(self, 200, texts[i]);
        assert_false(post_rig_next(self));
    }
    posts_open(self->posts, 0, STR("10.0.0.1:7171"), true, true);
    posts_ask_all(self->posts, 0);
    assert_true(post_rig_next(self));
    self->closes = false;
    post_rig_answer(self, 200, "{\"code\":0,\"data\":{\"a\":[" INSTANCE("h1") "]}}");
    self->closes = true;
    self->told.len = 0;
    assert_true(posts_step(self->posts, &self->now));
    post_rig_assert_told(self, "all of 0: 1; ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, post_rig_set_up, post_rig_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(eight_posts_are_under_way_and_never_two_of_one_instance),
        TEST(what_has_changed_goes_before_heartbeats),
        TEST(sixty_four_are_under_way_in_all_and_each_peer_gets_its_share),
        TEST(a_full_queue_drops_the_oldest_heartbeats_and_then_all),
        TEST(a_queue_is_bounded_in_bytes_too),
        TEST(a_peer_that_fails_is_tried_once_a_second),
        TEST(a_quiet_peer_is_asked_whether_it_is_there),
        TEST(nothing_is_heard_of_a_peer_that_was_closed),
        TEST(the_owner_may_close_a_peer_when_it_is_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
