/* What a node that speaks HTTP only answers, and what is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/replicator/post_rig.h"

static void a_newer_instance_in_an_answer_is_offered_to_the_owner(void **state)
{
    struct post_rig *self = *state;
    struct msg msg;
    struct str rest;
    struct str item;

    post_rig_renew(self, 0, "h1");
    assert_true(post_rig_next(self));
    post_rig_answer(self, 200,
                    "{\"code\":-409,\"message\":\"-409\",\"ttl\":1,\"data\":" INSTANCE("h1") "}");
    post_rig_assert_told(self, "conflict of 0: 1; 0 good; ");
    rest = self->records.bytes;
    assert_true(msg_next(&rest, &msg));
    assert_int_equal(msg.type, MSG_TYPE_PUT);
    assert_int_equal(msg.as_put.kind, CHANGE_REGISTER);
    assert_int_equal(msg.as_put.spread, SPREAD_NOWHERE);
    assert_int_equal(msg.as_put.age_ms, 11000); /* 10 s, and the second of the Date */
    assert_true(msg.as_put.reg_timestamp == 1795305439836917187);
    assert_true(msg.as_put.up_timestamp == 1795305439836917188);
    assert_true(msg.as_put.dirty_timestamp == 1795305439836917189);
    assert_true(msg.as_put.latest_timestamp == 1795305439836917190);
    assert_int_equal(msg.as_put.addrs.count, 2);
    assert_true(str_eq(msg.as_put.addrs.bytes, STR("\xb0http://7.7.7.7:7"
                                                   "\xb0grpc://7.7.7.7:8")));
    assert_int_equal(msg.as_put.metadata.count, 2);
    assert_true(strs_next(&msg.as_put.metadata.bytes, &item) && str_eq(item, STR("from")));
    assert_false(post_rig_next(self));
}

static void empty_metadata_is_none_where_it_cannot_be_told(void **state)
{
    static const char instance[] =
        "{\"region\":\"\",\"zone\":\"z\",\"env\":\"e\",\"appid\":\"a\",\"hostname\":\"h\","
        "\"addrs\":[\"x\"],\"version\":\"\",\"metadata\":{}," NUMBERS "}";
    struct post_rig *self = *state;
    struct buf text = {0};
    struct str rest;
    struct msg msg;

    buf_printf(&text, "{\"code\":-409,\"data\":%s}", instance);
    buf_add_char(&text, '\0');
    post_rig_renew(self, 0, "h1");
    assert_true(post_rig_next(self));
    post_rig_answer(self, 200, text.data);
    text.len = 0;
    buf_printf(&text, "{\"code\":0,\"data\":{\"a\":[%s]}}", instance);
    buf_add_char(&text, '\0');
    posts_ask_all(self->posts, 0);
    assert_true(post_rig_next(self));
    post_rig_answer(self, 200, text.data);
    assert_true(posts_step(self->posts, &self->now));
    rest = self->records.bytes;
    assert_true(msg_next(&rest, &msg) && msg.as_put.metadata_null);
    assert_true(msg_next(&rest, &msg) && !msg.as_put.metadata_null);
    assert_int_equal(msg.as_put.metadata.count, 0);
    buf_fini(&text);
}

/* Without a date, and with one of a clock that was set back since the heartbeat. */
static void ages_are_never_negative_and_unknown_without_a_clock(void **state)
{
    struct post_rig *self = *state;
    static const struct {
        int64_t date_ns;
        int64_t age_ms;
    } cases[] = {{0, -1},
                 {1795305589000000000, 0},
                 {1795305580000000000, 0},
                 {1795305560000000000, 0},
                 {1795305559000000000, -1},
                 {1795301990000000000, -1},
                 {1, -1},
                 {1795305590000000000, 1000},
                 {1795305650000000000, 61000}};
    struct str rest;
    struct msg msg;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        post_rig_renew(self, 0, "h1");
        assert_true(post_rig_next(self));
        post_rig_answer_post(self, self->post.id, 200, cases[i].date_ns,
                             "{\"code\":-409,\"data\":" INSTANCE("h1") "}");
        rest = self->records.bytes;
        for (size_t n = 0; n <= i; n++) {
            assert_true(msg_next(&rest, &msg));
        }
        assert_int_equal(msg.as_put.age_ms, cases[i].age_ms);
    }
}

static void instances_that_break_a_limit_are_passed_over_and_counted(void **state)
{
    struct post_rig *self = *state;
    static const char *const bad[] = {
        "null",
        "{}",
        "{\"region\":\"\",\"zone\":\"\",\"env\":\"\",\"appid\":\"\",\"hostname\":\"\","
        "\"addrs\":null,\"version\":\"\",\"metadata\":null,\"status\":0,\"reg_timestamp\":0,"
        "\"up_timestamp\":0,\"renew_timestamp\":0,\"dirty_timestamp\":0,\"latest_timestamp\":0}",
        "{\"region\":\"\",\"zone\":\"z\",\"env\":\"e\",\"appid\":\"a\",\"hostname\":\"h\","
        "\"addrs\":[],\"version\":\"\",\"metadata\":null," NUMBERS "}",
        "{\"region\":\"\",\"zone\":\"z\",\"env\":\"e\",\"appid\":\"a\",\"hostname\":\"h\","
        "\"addrs\":[7],\"version\":\"\",\"metadata\":null," NUMBERS "}",
        "{\"region\":\"\",\"zone\":\"z\",\"env\":\"e\",\"appid\":\"a\",\"hostname\":\"h\","
        "\"addrs\":[\"x\"],\"version\":\"\",\"metadata\":{\"a\":1}," NUMBERS "}",
        "{\"region\":\"\",\"zone\":\"z\",\"env\":\"e\",\"appid\":\"a\",\"hostname\":\"h\","
        "\"addrs\":[\"x\"],\"version\":\"\",\"metadata\":[]," NUMBERS "}",
        "{\"region\":\"\",\"zone\":\"z\",\"env\":\"e\",\"appid\":\"a\",\"hostname\":\"h\","
        "\"addrs\":[\"x\"],\"version\":\"\",\"metadata\":null,\"status\":4294967297,"
        "\"reg_timestamp\":1,\"up_timestamp\":1,\"renew_timestamp\":1,\"dirty_timestamp\":1,"
        "\"latest_timestamp\":1}",
        "{\"region\":\"\",\"zone\":\"z\",\"env\":\"e\",\"appid\":\"a\",\"hostname\":\"h\","
        "\"addrs\":[\"x\"],\"version\":\"\",\"metadata\":null,\"status\":1,"
        "\"reg_timestamp\":1,\"up_timestamp\":1,\"renew_timestamp\":1,"
        "\"dirty_timestamp\":4000000001000000001,\"latest_timestamp\":1}",
        "{\"region\":\"\",\"zone\":\"z\",\"env\":\"e\",\"appid\":\"a\",\"hostname\":\"h\","
        "\"addrs\":[\"x\"],\"version\":\"\",\"metadata\":null,\"status\":1,"
        "\"reg_timestamp\":-1,\"up_timestamp\":1,\"renew_timestamp\":1,"
        "\"dirty_timestamp\":1,\"latest_timestamp\":1}",
    };
    struct buf text = {0};

    buf_add_str(&text, STR("{\"code\":0,\"data\":{\"a\":[" INSTANCE("h1")));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        buf_printf(&text, ",%s", bad[i]);
    }
    buf_printf(&text,
               ",{\"region\":\"\",\"zone\":\"z\",\"env\":\"e\",\"appid\":\"%0256d\"," NUMBERS
               "}," INSTANCE("h2") "]}}",
               0);
    buf_add_char(&text, '\0');
    posts_ask_all(self->posts, 0);
    assert_true(post_rig_next(self));
    post_rig_answer(self, 200, text.data);
    assert_true(posts_step(self->posts, &self->now));
    post_rig_assert_told(self, "0 good; all of 0: 2; all of 0 OK; ");
    assert_int_equal(posts_counts(self->posts).passed, sizeof(bad) / sizeof(bad[0]) + 1);
    buf_fini(&text);
}

static void a_node_is_asked_for_nodes_and_for_all_at_once(void **state)
{
    struct post_rig *self = *state;

    posts_ask_nodes(self->posts, 0);
    posts_ask_nodes(self->posts, 0);
    assert_true(post_rig_next(self));
    assert_string_equal(
        self->post.url,
        "http://10.0.0.1:7171/discovery/fetch?appid=infra.discovery&env=dev&status=3");
    assert_null(self->post.body.data);
    posts_ask_nodes(self->posts, 0);
    assert_false(post_rig_next(self));
    post_rig_answer(
        self, 200,
        "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{\"instances\":{\"sh001\":[" INSTANCE(
            "n1") "," INSTANCE("n2") "],\"sh002\":[],\"sh003\":null},\"scheduler\":{\"clients\":"
                                     "{}},\"latest_timestamp\":1795305439836917187}}");
    post_rig_assert_told(self, "0 good; ");
    assert_true(posts_step(self->posts, &self->now));
    post_rig_assert_told(self, "nodes of 0: 2; nodes of 0 OK; ");
    posts_ask_all(self->posts, 0);
    assert_true(post_rig_next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/fetch/all?");
    post_rig_answer(self, 200, "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{}}");
    assert_true(posts_step(self->posts, &self->now));
    post_rig_assert_told(self, "0 good; all of 0 OK; ");
}

static void a_question_ends_well_protected_or_not_at_all(void **state)
{
    struct post_rig *self = *state;
    static const struct {
        int status;
        const char *text;
        const char *told;
    } cases[] = {
        {200, "{\"code\":-404,\"data\":null}", "nodes of 0 OK; 0 good; "},
        {200, "{\"code\":-404,\"message\":\"-404\",\"data\":{\"instances\":{}}}",
         "nodes of 0 OK; 0 good; "},
        {200, "{\"code\":-500,\"message\":\"-500\",\"ttl\":1}", "nodes of 0 PROTECTED; 0 good; "},
        {503, "{\"code\":-500,\"message\":\"starting\",\"ttl\":1}",
         "nodes of 0 PROTECTED; 0 good; "},
        {503, "busy", "nodes of 0 UNAVAILABLE; 0 bad; "},
        {200, "{\"code\":-400}", "nodes of 0 UNAVAILABLE; 0 bad; "},
        {200, "not json", "nodes of 0 UNAVAILABLE; 0 bad; "},
        {200, "", "nodes of 0 UNAVAILABLE; 0 bad; "},
        {404, GOOD, "nodes of 0 UNAVAILABLE; 0 bad; "},
        {0, "", "nodes of 0 UNAVAILABLE; 0 bad; "},
        {200, "{\"code\":0,\"data\":{\"instances\":{\"z\":[}", "0 good; nodes of 0 UNAVAILABLE; "},
        {200, "{\"data\":{},\"code\":0}", "0 good; nodes of 0 UNAVAILABLE; "},
        {200, "{\"code\":0,\"data\":null}", "0 good; nodes of 0 OK; "},
        {200, "{\"code\":0,\"data\":{\"instances\":{\"z\":[" INSTANCE("h1") "]},", /* cut off */
         "0 good; nodes of 0: 1; nodes of 0 UNAVAILABLE; "},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        posts_ask_nodes(self->posts, 0);
        assert_true(post_rig_next(self)); /* also of a peer that fails */
        post_rig_answer(self, cases[i].status, cases[i].text);
        assert_int_equal(posts_step(self->posts, &self->now),
                         strstr(cases[i].told, "0 good; nodes") != NULL);
        post_rig_assert_told(self, cases[i].told);
    }
}

static void a_long_answer_is_read_in_slices_while_posts_go_on(void **state)
{
    struct post_rig *self = *state;
    struct buf text = {0};
    unsigned slices = 0;

    buf_add_str(&text, STR("{\"code\":0,\"data\":{"));
    for (unsigned i = 0; i < 1000; i++) {
        buf_printf(&text, "%s\"app%u\":[" INSTANCE("h1") "]", i > 0 ? "," : "", i);
    }
    buf_add_str(&text, STR("}}"));
    buf_add_char(&text, '\0');
    posts_ask_all(self->posts, 0);
    assert_true(post_rig_next(self));
    post_rig_answer(self, 200, text.data);
    memset(text.data, 'x', text.len); /* it was copied */
    while (posts_step(self->posts, &self->now)) {
        slices++;
        post_rig_renew(self, 0, "h1");
        assert_true(post_rig_next(self));
        post_rig_answer(self, 200, GOOD);
    }
    assert_int_equal(slices, 4);
    assert_int_equal(self->records.count, 1000);
    buf_fini(&text);
}

static void what_a_good_answer_to_a_post_is(void **state)
{
    struct post_rig *self = *state;
    static const struct {
        int status;
        const char *text;
        const char *told;
    } cases[] = {
        {200, GOOD, "0 good; "},
        {200, "{\"code\":-400,\"message\":\"addrs\"}", "0 good; "},
        {200, "{\"message\":\"-409\",\"code\":-409,\"data\":null}", "0 good; "},
        {200, "{\"code\":-500,\"message\":\"-500\",\"ttl\":1}", "0 bad; "},
        {503, GOOD, "0 bad; "},
        {301, GOOD, "0 bad; "},
        {200, "not json", "0 bad; "},
        {200, "", "0 bad; "},
        {200, "{\"code\":\"0\"}", "0 bad; "},
        {0, "", "0 bad; "},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        post_rig_renew(self, 0, "h1");
        self->now.mono_ms += posts_pause_ms;
        assert_true(post_rig_next(self));
        post_rig_answer(self, cases[i].status, cases[i].text);
        post_rig_assert_told(self, cases[i].told);
    }
}

static void what_became_of_an_instance_is_said(void **state)
{
    struct post_rig *self = *state;
    const struct msg_put put = post_rig_plain("h1").as_put;
    struct identity id = {put.env, put.appid, put.zone, put.hostname};
    struct msg cancel = post_rig_gone("h1", CHANGE_CANCEL);
    static const char *const answers[] = {
        "{\"code\":-404}",
        GOOD, /* the register that follows */
        "{\"code\":-404}",
        "{\"code\":-400}",
    };

    post_rig_renew(self, 0, "h1");
    assert_true(post_rig_next(self));
    post_rig_answer(self, 200, GOOD);
    for (size_t i = 0; i < 4; i++) {
        if (i % 2 == 0) {
            post_rig_renew(self, 0, "h1");
        }
        assert_true(post_rig_next(self));
        post_rig_answer(self, 200, answers[i]);
    }
    posts_change(self->posts, 0, &cancel);
    assert_true(post_rig_next(self));
    post_rig_answer(self, 200, GOOD);
    assert_true(hash128_eq(self->key, identity_key(&id)));
    buf_add_char(&self->fates, '\0');
    assert_string_equal(self->fates.data, "held by 0; lacked by 0; taken by 0; lacked by 0; ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, post_rig_set_up, post_rig_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_newer_instance_in_an_answer_is_offered_to_the_owner),
        TEST(empty_metadata_is_none_where_it_cannot_be_told),
        TEST(ages_are_never_negative_and_unknown_without_a_clock),
        TEST(instances_that_break_a_limit_are_passed_over_and_counted),
        TEST(a_node_is_asked_for_nodes_and_for_all_at_once),
        TEST(a_question_ends_well_protected_or_not_at_all),
        TEST(a_long_answer_is_read_in_slices_while_posts_go_on),
        TEST(what_a_good_answer_to_a_post_is),
        TEST(what_became_of_an_instance_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
