/* What is posted to a node that speaks HTTP only: the forms of the reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/replicator/post_rig.h"

static void assert_body(const struct post_rig *self, const char *expected)
{
    char *body = strndup(self->post.body.data, self->post.body.len);

    assert_string_equal(body, expected);
    free(body);
}

/* The instance of the recorded exchanges. strings keeps its lists. */
static struct msg recorded(struct buf *strings)
{
    struct msg msg = {.type = MSG_TYPE_PUT};
    struct msg_put *put = &msg.as_put;
    size_t addrs;

    strs_pack(strings, STR("http://1.1.1.1:80"));
    strs_pack(strings, STR("grpc://1.1.1.1:90"));
    addrs = strings->len;
    strs_pack(strings, STR("html"));
    strs_pack(strings, STR("<&>"));
    strs_pack(strings, STR("weight"));
    strs_pack(strings, STR("10"));
    *put = (struct msg_put){.kind = CHANGE_REGISTER,
                            .env = STR("dev"),
                            .appid = STR("r.app"),
                            .zone = STR("sh001"),
                            .hostname = STR("h1"),
                            .region = STR("sh"),
                            .version = STR("1.0"),
                            .addrs = {2, {strings->data, addrs}},
                            .metadata = {2, {strings->data + addrs, strings->len - addrs}},
                            .status = 1,
                            .reg_timestamp = 1795305536671431403,
                            .up_timestamp = 1795305536671431403,
                            .renew_timestamp = 1795305536671431403,
                            .dirty_timestamp = 1795305536671431403,
                            .latest_timestamp = 1795305536671431403};
    return msg;
}

static void a_register_is_what_the_reference_sends_but_for_its_repeated_addrs(void **state)
{
    struct post_rig *self = *state;
    struct buf strings = {0};
    struct msg msg = recorded(&strings);

    posts_open(self->posts, 1, STR("10.0.0.2:7171"), false, true);
    posts_change(self->posts, 0, &msg);
    posts_change(self->posts, 1, &msg);
    assert_true(post_rig_next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/register");
    assert_body(self, "addrs=http%3A%2F%2F1.1.1.1%3A80&addrs=grpc%3A%2F%2F1.1.1.1%3A90&appid=r.app&"
                      "dirty_timestamp=1795305536671431403&env=dev&from_zone=true&hostname=h1&"
                      "latest_timestamp=1795305536671431403&metadata=%7B%22html%22%3A%22%5Cu003c"
                      "%5Cu0026%5Cu003e%22%2C%22weight%22%3A%2210%22%7D&"
                      "reg_timestamp=1795305536671431403&region=sh&replication=true&status=1&"
                      "version=1.0&zone=sh001");
    assert_true(post_rig_next(self));
    assert_string_equal(self->post.url, "http://10.0.0.2:7171/discovery/register");
    assert_true(post_rig_body_has(self, "&from_zone=true&"));
    assert_true(post_rig_body_has(self, "&replication=false&"));
    assert_false(post_rig_next(self));
    buf_fini(&strings);
}

static void metadata_that_was_never_given_is_null_and_an_empty_one_a_map(void **state)
{
    struct post_rig *self = *state;
    struct msg msg = post_rig_plain("h1");

    posts_change(self->posts, 0, &msg);
    assert_true(post_rig_next(self));
    assert_body(self, "addrs=x&appid=a&dirty_timestamp=7&env=dev&from_zone=true&hostname=h1&"
                      "latest_timestamp=0&metadata=null&reg_timestamp=0&region=&replication=true&"
                      "status=2&version=&zone=sh001");
    msg.as_put.metadata_null = false;
    msg.as_put.hostname = STR("h 2&\xc3\xbc*~");
    posts_change(self->posts, 0, &msg);
    assert_true(post_rig_next(self));
    assert_true(post_rig_body_has(self, "&metadata=%7B%7D&"));
    assert_true(post_rig_body_has(self, "&hostname=h+2%26%C3%BC%2A~&"));
}

static void a_renew_and_a_cancel_are_what_the_reference_sends(void **state)
{
    struct post_rig *self = *state;
    struct buf strings = {0};
    struct msg msg = recorded(&strings);

    posts_renew(self->posts, 0, &msg);
    assert_true(post_rig_next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/renew");
    assert_body(self, "appid=r.app&dirty_timestamp=1795305536671431403&env=dev&from_zone=true&"
                      "hostname=h1&region=sh&replication=true&zone=sh001");
    msg = post_rig_gone("hr", CHANGE_CANCEL);
    posts_change(self->posts, 0, &msg);
    assert_true(post_rig_next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/cancel");
    assert_body(self, "appid=r.app&env=dev&from_zone=true&hostname=hr&"
                      "latest_timestamp=1795305442506013221&region=&replication=true&zone=sh001");
    buf_fini(&strings);
}

static void evictions_forgotten_ones_and_schedules_are_not_posted(void **state)
{
    struct post_rig *self = *state;
    struct msg evicted = post_rig_gone("h1", CHANGE_EVICT);
    struct msg forgotten = post_rig_gone("h1", CHANGE_FORGET);
    struct msg schedule = post_rig_plain("");

    schedule.as_put.zone = (struct str){0};
    posts_change(self->posts, 0, &evicted);
    posts_change(self->posts, 0, &forgotten);
    posts_change(self->posts, 0, &schedule);
    posts_change(self->posts, 77, &(struct msg){.type = MSG_TYPE_PUT});
    assert_false(post_rig_next(self));
    assert_int_equal(posts_waiting(self->posts, 0), 0);
}

static void who_lacks_an_instance_gets_it_whole(void **state)
{
    struct post_rig *self = *state;
    static const char *const answers[] = {
        "{\"code\":-404,\"message\":\"-404\",\"ttl\":1,\"data\":null}",
        "{\"code\":-404,\"message\":\"-404\",\"ttl\":1,\"data\":" INSTANCE("h1") "}",
    };

    for (size_t i = 0; i < 2; i++) {
        post_rig_renew(self, 0, "h1");
        assert_true(post_rig_next(self));
        post_rig_change(self, 0, "h1"); /* must not overtake what the renew brings about */
        post_rig_answer(self, 200, answers[i]);
        post_rig_assert_told(self, "0 good; ");
        for (unsigned n = 0; n < 2; n++) {
            assert_true(post_rig_next(self));
            assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/register");
            assert_false(post_rig_next(self));
            post_rig_answer(self, 200, GOOD);
            post_rig_assert_told(self, "0 good; ");
        }
        assert_false(post_rig_next(self));
    }
    assert_int_equal(posts_counts(self->posts).failed, 0);
}

static void a_cancel_that_has_waited_too_long_is_not_sent(void **state)
{
    struct post_rig *self = *state;
    struct msg cancel = post_rig_gone("h1", CHANGE_CANCEL);

    assert_false(post_rig_next(self)); /* tells the time */
    posts_change(self->posts, 0, &cancel);
    post_rig_change(self, 0, "h2");
    self->now.mono_ms += posts_cancel_ms + 1;
    assert_true(post_rig_next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/register");
    assert_int_equal(posts_counts(self->posts).dropped, 1);
    post_rig_answer(self, 200, GOOD);
    cancel = post_rig_gone("h3", CHANGE_CANCEL);
    posts_change(self->posts, 0, &cancel);
    self->now.mono_ms += posts_cancel_ms;
    assert_true(post_rig_next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/cancel");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, post_rig_set_up, post_rig_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_register_is_what_the_reference_sends_but_for_its_repeated_addrs),
        TEST(metadata_that_was_never_given_is_null_and_an_empty_one_a_map),
        TEST(a_renew_and_a_cancel_are_what_the_reference_sends),
        TEST(evictions_forgotten_ones_and_schedules_are_not_posted),
        TEST(who_lacks_an_instance_gets_it_whole),
        TEST(a_cancel_that_has_waited_too_long_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
