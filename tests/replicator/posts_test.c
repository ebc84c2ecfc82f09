#include "actors/replicator/posts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/naming/change.h"

static const int64_t date_ns = 1795305600000000000;

/* What the owner was told, and the requests that wait for an answer. */
struct rig {
    struct posts *posts;
    struct config config;
    struct now now;
    struct post post; /* taken last */
    struct buf told;  /* "good 3; bad 3; records 3 conflict 1; …" */
    struct buf store; /* of the records told */
    struct msg_list records;
    struct buf fates;   /* "taken by 0; held by 0; …" */
    struct hash128 key; /* of what was posted, told last */
    bool closes;        /* when it is called */
};

static void on_records(void *state, uint32_t peer, enum posts_source source,
                       const struct msg_list *records, const struct now *now)
{
    static const char *const sources[] = {"conflict", "nodes", "all"};
    struct rig *self = state;
    struct str rest = records->bytes;
    struct msg msg;

    assert_int_equal(now->mono_ms, self->now.mono_ms);
    assert_true(records->count <= posts_slice_max);
    buf_printf(&self->told, "%s of %u: %u; ", sources[source], peer, records->count);
    while (msg_next(&rest, &msg)) {
        msg_list_add(&self->records, &self->store, &msg);
    }
    if (self->closes) {
        posts_close(self->posts, peer);
    }
}

static void on_answered(void *state, uint32_t peer, enum posts_source source, enum err err,
                        const struct now *now)
{
    struct rig *self = state;

    (void)now;
    buf_printf(&self->told, "%s of %u %s; ", source == POSTS_NODES ? "nodes" : "all", peer,
               err_name(err));
    if (self->closes) {
        posts_close(self->posts, peer);
    }
}

static void on_exchanged(void *state, uint32_t peer, bool good, const struct now *now)
{
    struct rig *self = state;

    (void)now;
    buf_printf(&self->told, "%u %s; ", peer, good ? "good" : "bad");
    if (self->closes) {
        posts_close(self->posts, peer);
    }
}

static void on_posted(void *state, uint32_t peer, struct hash128 key, enum posts_fate fate,
                      const struct now *now)
{
    static const char *const fates[] = {"taken", "held", "lacked"};
    struct rig *self = state;

    assert_int_equal(now->mono_ms, self->now.mono_ms);
    buf_printf(&self->fates, "%s by %u; ", fates[fate], peer);
    self->key = key;
    if (self->closes) {
        posts_close(self->posts, peer);
    }
}

static const struct posts_owner owner = {
    .records = on_records, .answered = on_answered, .posted = on_posted, .exchanged = on_exchanged};

static int set_up(void **state)
{
    struct rig *self = calloc(1, sizeof(*self));
    static char env[] = "dev";

    assert_non_null(self);
    self->config.node_env = env;
    self->now = (struct now){1000, date_ns};
    self->posts = posts_new(&self->config, &owner, self);
    posts_open(self->posts, 0, STR("10.0.0.1:7171"), true, true);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *self = *state;

    posts_destroy(&self->posts);
    buf_fini(&self->told);
    buf_fini(&self->fates);
    buf_fini(&self->store);
    free(self);
    return 0;
}

static bool next(struct rig *self)
{
    return posts_next(self->posts, &self->now, &self->post);
}

static void answer_post(struct rig *self, uint64_t id, int status, int64_t at_ns, const char *text)
{
    struct buf body = {0};

    buf_add_str(&body, str_from(text));
    posts_answer(self->posts, id, status, at_ns, &body, &self->now);
    buf_fini(&body);
}

static void answer(struct rig *self, int status, const char *text)
{
    answer_post(self, self->post.id, status, date_ns, text);
}

static void assert_told(struct rig *self, const char *expected)
{
    buf_add_char(&self->told, '\0');
    assert_string_equal(self->told.data, expected);
    self->told.len = 0;
}

static void assert_body(const struct rig *self, const char *expected)
{
    char *body = strndup(self->post.body.data, self->post.body.len);

    assert_string_equal(body, expected);
    free(body);
}

static bool body_has(const struct rig *self, const char *part)
{
    return memmem(self->post.body.data, self->post.body.len, part, strlen(part)) != NULL;
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

static struct msg plain(const char *hostname)
{
    return (struct msg){.type = MSG_TYPE_PUT,
                        .as_put = {.kind = CHANGE_SET,
                                   .env = STR("dev"),
                                   .appid = STR("a"),
                                   .zone = STR("sh001"),
                                   .hostname = str_from(hostname),
                                   .addrs = {1, STR("\xa1x")},
                                   .metadata_null = true,
                                   .status = 2,
                                   .dirty_timestamp = 7}};
}

static struct msg gone(const char *hostname, enum change_kind kind)
{
    return (struct msg){.type = MSG_TYPE_GONE,
                        .as_gone = {.kind = kind,
                                    .latest_of_app = 1795305442506013221,
                                    .env = STR("dev"),
                                    .appid = STR("r.app"),
                                    .zone = STR("sh001"),
                                    .hostname = str_from(hostname)}};
}

static void renew(struct rig *self, uint32_t peer, const char *hostname)
{
    struct msg msg = plain(hostname);

    posts_renew(self->posts, peer, &msg);
}

static void change(struct rig *self, uint32_t peer, const char *hostname)
{
    struct msg msg = plain(hostname);

    posts_change(self->posts, peer, &msg);
}

#define GOOD "{\"code\":0,\"message\":\"0\",\"ttl\":1}"
#define NUMBERS                                                                                    \
    "\"status\":1,\"reg_timestamp\":1795305439836917187,\"up_timestamp\":1795305439836917188,"     \
    "\"renew_timestamp\":1795305590000000000,\"dirty_timestamp\":1795305439836917189,"             \
    "\"latest_timestamp\":1795305439836917190"
#define INSTANCE(host)                                                                             \
    "{\"region\":\"sh\",\"zone\":\"sh001\",\"env\":\"dev\",\"appid\":\"a\",\"hostname\":\"" host   \
    "\",\"addrs\":[\"http://7.7.7.7:7,grpc://7.7.7.7:8\"],\"version\":\"\",\"metadata\":"          \
    "{\"z\":\"1\",\"from\":\"peer\"}," NUMBERS "}"

static void a_register_is_what_the_reference_sends_but_for_its_repeated_addrs(void **state)
{
    struct rig *self = *state;
    struct buf strings = {0};
    struct msg msg = recorded(&strings);

    posts_open(self->posts, 1, STR("10.0.0.2:7171"), false, true);
    posts_change(self->posts, 0, &msg);
    posts_change(self->posts, 1, &msg);
    assert_true(next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/register");
    assert_body(self, "addrs=http%3A%2F%2F1.1.1.1%3A80&addrs=grpc%3A%2F%2F1.1.1.1%3A90&appid=r.app&"
                      "dirty_timestamp=1795305536671431403&env=dev&from_zone=true&hostname=h1&"
                      "latest_timestamp=1795305536671431403&metadata=%7B%22html%22%3A%22%5Cu003c"
                      "%5Cu0026%5Cu003e%22%2C%22weight%22%3A%2210%22%7D&"
                      "reg_timestamp=1795305536671431403&region=sh&replication=true&status=1&"
                      "version=1.0&zone=sh001");
    assert_true(next(self));
    assert_string_equal(self->post.url, "http://10.0.0.2:7171/discovery/register");
    assert_true(body_has(self, "&from_zone=true&"));
    assert_true(body_has(self, "&replication=false&"));
    assert_false(next(self));
    buf_fini(&strings);
}

static void metadata_that_was_never_given_is_null_and_an_empty_one_a_map(void **state)
{
    struct rig *self = *state;
    struct msg msg = plain("h1");

    posts_change(self->posts, 0, &msg);
    assert_true(next(self));
    assert_body(self, "addrs=x&appid=a&dirty_timestamp=7&env=dev&from_zone=true&hostname=h1&"
                      "latest_timestamp=0&metadata=null&reg_timestamp=0&region=&replication=true&"
                      "status=2&version=&zone=sh001");
    msg.as_put.metadata_null = false;
    msg.as_put.hostname = STR("h 2&\xc3\xbc*~");
    posts_change(self->posts, 0, &msg);
    assert_true(next(self));
    assert_true(body_has(self, "&metadata=%7B%7D&"));
    assert_true(body_has(self, "&hostname=h+2%26%C3%BC%2A~&"));
}

static void a_renew_and_a_cancel_are_what_the_reference_sends(void **state)
{
    struct rig *self = *state;
    struct buf strings = {0};
    struct msg msg = recorded(&strings);

    posts_renew(self->posts, 0, &msg);
    assert_true(next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/renew");
    assert_body(self, "appid=r.app&dirty_timestamp=1795305536671431403&env=dev&from_zone=true&"
                      "hostname=h1&region=sh&replication=true&zone=sh001");
    msg = gone("hr", CHANGE_CANCEL);
    posts_change(self->posts, 0, &msg);
    assert_true(next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/cancel");
    assert_body(self, "appid=r.app&env=dev&from_zone=true&hostname=hr&"
                      "latest_timestamp=1795305442506013221&region=&replication=true&zone=sh001");
    buf_fini(&strings);
}

static void evictions_forgotten_ones_and_schedules_are_not_posted(void **state)
{
    struct rig *self = *state;
    struct msg evicted = gone("h1", CHANGE_EVICT);
    struct msg forgotten = gone("h1", CHANGE_FORGET);
    struct msg schedule = plain("");

    schedule.as_put.zone = (struct str){0};
    posts_change(self->posts, 0, &evicted);
    posts_change(self->posts, 0, &forgotten);
    posts_change(self->posts, 0, &schedule);
    posts_change(self->posts, 77, &(struct msg){.type = MSG_TYPE_PUT});
    assert_false(next(self));
    assert_int_equal(posts_waiting(self->posts, 0), 0);
}

static void who_lacks_an_instance_gets_it_whole(void **state)
{
    struct rig *self = *state;
    static const char *const answers[] = {
        "{\"code\":-404,\"message\":\"-404\",\"ttl\":1,\"data\":null}",
        "{\"code\":-404,\"message\":\"-404\",\"ttl\":1,\"data\":" INSTANCE("h1") "}",
    };

    for (size_t i = 0; i < 2; i++) {
        renew(self, 0, "h1");
        assert_true(next(self));
        change(self, 0, "h1"); /* must not overtake what the renew brings about */
        answer(self, 200, answers[i]);
        assert_told(self, "0 good; ");
        for (unsigned n = 0; n < 2; n++) {
            assert_true(next(self));
            assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/register");
            assert_false(next(self));
            answer(self, 200, GOOD);
            assert_told(self, "0 good; ");
        }
        assert_false(next(self));
    }
    assert_int_equal(posts_counts(self->posts).failed, 0);
}

static void a_newer_instance_in_an_answer_is_offered_to_the_owner(void **state)
{
    struct rig *self = *state;
    struct msg msg;
    struct str rest;
    struct str item;

    renew(self, 0, "h1");
    assert_true(next(self));
    answer(self, 200, "{\"code\":-409,\"message\":\"-409\",\"ttl\":1,\"data\":" INSTANCE("h1") "}");
    assert_told(self, "conflict of 0: 1; 0 good; ");
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
    assert_false(next(self));
}

static void empty_metadata_is_none_where_it_cannot_be_told(void **state)
{
    static const char instance[] =
        "{\"region\":\"\",\"zone\":\"z\",\"env\":\"e\",\"appid\":\"a\",\"hostname\":\"h\","
        "\"addrs\":[\"x\"],\"version\":\"\",\"metadata\":{}," NUMBERS "}";
    struct rig *self = *state;
    struct buf text = {0};
    struct str rest;
    struct msg msg;

    buf_printf(&text, "{\"code\":-409,\"data\":%s}", instance);
    buf_add_char(&text, '\0');
    renew(self, 0, "h1");
    assert_true(next(self));
    answer(self, 200, text.data);
    text.len = 0;
    buf_printf(&text, "{\"code\":0,\"data\":{\"a\":[%s]}}", instance);
    buf_add_char(&text, '\0');
    posts_ask_all(self->posts, 0);
    assert_true(next(self));
    answer(self, 200, text.data);
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
    struct rig *self = *state;
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
        renew(self, 0, "h1");
        assert_true(next(self));
        answer_post(self, self->post.id, 200, cases[i].date_ns,
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
    struct rig *self = *state;
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
    assert_true(next(self));
    answer(self, 200, text.data);
    assert_true(posts_step(self->posts, &self->now));
    assert_told(self, "0 good; all of 0: 2; all of 0 OK; ");
    assert_int_equal(posts_counts(self->posts).passed, sizeof(bad) / sizeof(bad[0]) + 1);
    buf_fini(&text);
}

static void a_node_is_asked_for_nodes_and_for_all_at_once(void **state)
{
    struct rig *self = *state;

    posts_ask_nodes(self->posts, 0);
    posts_ask_nodes(self->posts, 0);
    assert_true(next(self));
    assert_string_equal(
        self->post.url,
        "http://10.0.0.1:7171/discovery/fetch?appid=infra.discovery&env=dev&status=3");
    assert_null(self->post.body.data);
    posts_ask_nodes(self->posts, 0);
    assert_false(next(self));
    answer(self, 200,
           "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{\"instances\":{\"sh001\":[" INSTANCE(
               "n1") "," INSTANCE("n2") "],\"sh002\":[],\"sh003\":null},\"scheduler\":{\"clients\":"
                                        "{}},\"latest_timestamp\":1795305439836917187}}");
    assert_told(self, "0 good; ");
    assert_true(posts_step(self->posts, &self->now));
    assert_told(self, "nodes of 0: 2; nodes of 0 OK; ");
    posts_ask_all(self->posts, 0);
    assert_true(next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/fetch/all?");
    answer(self, 200, "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{}}");
    assert_true(posts_step(self->posts, &self->now));
    assert_told(self, "0 good; all of 0 OK; ");
}

static void a_question_ends_well_protected_or_not_at_all(void **state)
{
    struct rig *self = *state;
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
        assert_true(next(self)); /* also of a peer that fails */
        answer(self, cases[i].status, cases[i].text);
        assert_int_equal(posts_step(self->posts, &self->now),
                         strstr(cases[i].told, "0 good; nodes") != NULL);
        assert_told(self, cases[i].told);
    }
}

static void a_long_answer_is_read_in_slices_while_posts_go_on(void **state)
{
    struct rig *self = *state;
    struct buf text = {0};
    unsigned slices = 0;

    buf_add_str(&text, STR("{\"code\":0,\"data\":{"));
    for (unsigned i = 0; i < 1000; i++) {
        buf_printf(&text, "%s\"app%u\":[" INSTANCE("h1") "]", i > 0 ? "," : "", i);
    }
    buf_add_str(&text, STR("}}"));
    buf_add_char(&text, '\0');
    posts_ask_all(self->posts, 0);
    assert_true(next(self));
    answer(self, 200, text.data);
    memset(text.data, 'x', text.len); /* it was copied */
    while (posts_step(self->posts, &self->now)) {
        slices++;
        renew(self, 0, "h1");
        assert_true(next(self));
        answer(self, 200, GOOD);
    }
    assert_int_equal(slices, 4);
    assert_int_equal(self->records.count, 1000);
    buf_fini(&text);
}

static void eight_posts_are_under_way_and_never_two_of_one_instance(void **state)
{
    struct rig *self = *state;
    uint64_t first;

    change(self, 0, "h0");
    renew(self, 0, "h0");
    for (unsigned i = 1; i < 20; i++) {
        char name[8];

        (void)snprintf(name, sizeof(name), "h%u", i);
        change(self, 0, name);
    }
    assert_true(next(self));
    assert_true(body_has(self, "&hostname=h0&"));
    first = self->post.id;
    for (unsigned i = 1; i < posts_at_once; i++) {
        assert_true(next(self));
        assert_false(body_has(self, "&hostname=h0&"));
    }
    assert_false(next(self));
    self->post.id = first;
    answer(self, 200, GOOD);
    assert_true(next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/renew");
    assert_true(body_has(self, "&hostname=h0&"));
    assert_int_equal(posts_counts(self->posts).under_way, 8);
    assert_int_equal(posts_waiting(self->posts, 0), 12);
}

static void sixty_four_are_under_way_in_all_and_each_peer_gets_its_share(void **state)
{
    struct rig *self = *state;
    unsigned per_peer[20] = {0};
    unsigned count = 0;
    char name[8];

    for (uint32_t peer = 0; peer < 20; peer++) {
        posts_open(self->posts, peer, STR("10.0.0.9:7171"), true, true);
        for (unsigned i = 0; i < 20; i++) {
            (void)snprintf(name, sizeof(name), "h%u", i);
            change(self, peer, name);
        }
    }
    while (next(self)) {
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
    struct rig *self = *state;
    char name[16];

    renew(self, 0, "oldest");
    renew(self, 0, "old");
    for (unsigned i = 0; i < posts_waiting_max - 2; i++) {
        (void)snprintf(name, sizeof(name), "h%u", i);
        change(self, 0, name);
    }
    assert_int_equal(posts_waiting(self->posts, 0), posts_waiting_max);
    change(self, 0, "one-more");
    assert_int_equal(posts_waiting(self->posts, 0), posts_waiting_max);
    assert_int_equal(posts_counts(self->posts).dropped, 1);
    assert_true(next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/renew");
    assert_true(body_has(self, "&hostname=old&"));
    change(self, 0, "last-that-fits");
    assert_told(self, "");
    change(self, 0, "over");
    assert_told(self, "0 bad; ");
    assert_int_equal(posts_waiting(self->posts, 0), 1);
    assert_int_equal(posts_counts(self->posts).dropped, 1 + posts_waiting_max);
    assert_true(next(self));
    assert_true(body_has(self, "&hostname=over&"));
}

static void a_queue_is_bounded_in_bytes_too(void **state)
{
    struct rig *self = *state;
    struct msg msg = plain("h1");
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
    struct rig *self = *state;

    for (unsigned i = 0; i < 3; i++) {
        change(self, 0, i == 0 ? "h0" : i == 1 ? "h1" : "h2");
        renew(self, 0, i == 0 ? "r0" : i == 1 ? "r1" : "r2");
    }
    assert_true(next(self));
    answer(self, 0, "");
    assert_told(self, "0 bad; ");
    assert_int_equal(posts_waiting(self->posts, 0), 2); /* the heartbeats are worth nothing */
    assert_false(next(self));
    self->now.mono_ms += posts_pause_ms - 1;
    assert_false(next(self));
    self->now.mono_ms += 1;
    assert_true(next(self));
    assert_false(next(self));
    answer(self, 500, GOOD);
    assert_told(self, "0 bad; ");
    self->now.mono_ms += posts_pause_ms;
    assert_true(next(self));
    assert_false(next(self));
    change(self, 0, "h3");
    change(self, 0, "h4");
    answer(self, 200, GOOD);
    assert_told(self, "0 good; ");
    assert_true(next(self));
    assert_true(next(self));
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
    struct rig *self = *state;

    assert_false(next(self));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        self->now.mono_ms += posts_quiet_ms - 1;
        assert_false(next(self));
        self->now.mono_ms++;
        assert_true(next(self));
        assert_non_null(strstr(self->post.url, "/discovery/fetch?appid=infra.discovery&env=dev"));
        assert_false(next(self));
        answer(self, cases[i].status, cases[i].text);
        assert_false(posts_step(self->posts, &self->now));
        assert_told(self, cases[i].told);
    }
    posts_close(self->posts, 0);
    self->now.mono_ms += posts_quiet_ms;
    assert_false(next(self));
}

static void what_a_good_answer_to_a_post_is(void **state)
{
    struct rig *self = *state;
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
        renew(self, 0, "h1");
        self->now.mono_ms += posts_pause_ms;
        assert_true(next(self));
        answer(self, cases[i].status, cases[i].text);
        assert_told(self, cases[i].told);
    }
}

static void what_became_of_an_instance_is_said(void **state)
{
    struct rig *self = *state;
    const struct msg_put put = plain("h1").as_put;
    struct identity id = {put.env, put.appid, put.zone, put.hostname};
    struct msg cancel = gone("h1", CHANGE_CANCEL);
    static const char *const answers[] = {
        "{\"code\":-404}",
        GOOD, /* the register that follows */
        "{\"code\":-404}",
        "{\"code\":-400}",
    };

    renew(self, 0, "h1");
    assert_true(next(self));
    answer(self, 200, GOOD);
    renew(self, 0, "h1");
    renew(self, 0, "h1");
    for (size_t i = 0; i < 4; i++) {
        assert_true(next(self));
        answer(self, 200, answers[i]);
    }
    posts_change(self->posts, 0, &cancel);
    assert_true(next(self));
    answer(self, 200, GOOD);
    assert_true(hash128_eq(self->key, identity_key(&id)));
    buf_add_char(&self->fates, '\0');
    assert_string_equal(self->fates.data, "held by 0; lacked by 0; taken by 0; lacked by 0; ");
}

static void a_cancel_that_has_waited_too_long_is_not_sent(void **state)
{
    struct rig *self = *state;
    struct msg cancel = gone("h1", CHANGE_CANCEL);

    assert_false(next(self)); /* tells the time */
    posts_change(self->posts, 0, &cancel);
    change(self, 0, "h2");
    self->now.mono_ms += posts_cancel_ms + 1;
    assert_true(next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/register");
    assert_int_equal(posts_counts(self->posts).dropped, 1);
    answer(self, 200, GOOD);
    cancel = gone("h3", CHANGE_CANCEL);
    posts_change(self->posts, 0, &cancel);
    self->now.mono_ms += posts_cancel_ms;
    assert_true(next(self));
    assert_string_equal(self->post.url, "http://10.0.0.1:7171/discovery/cancel");
}

static void nothing_is_heard_of_a_peer_that_was_closed(void **state)
{
    struct rig *self = *state;
    struct post old;

    renew(self, 0, "h1");
    renew(self, 0, "h2");
    posts_ask_all(self->posts, 0);
    assert_true(next(self));
    assert_non_null(strstr(self->post.url, "fetch/all"));
    assert_true(next(self));
    old = self->post;
    posts_close(self->posts, 0);
    assert_int_equal(posts_waiting(self->posts, 0), 0);
    renew(self, 0, "h3");
    assert_false(next(self));
    posts_open(self->posts, 0, STR("10.0.0.3:7171"), true, true);
    renew(self, 0, "h1");
    assert_true(next(self)); /* the old one's request is not this one's */
    assert_non_null(strstr(self->post.url, "10.0.0.3"));
    answer_post(self, old.id, 0, 0, "");
    assert_told(self, "");
    answer(self, 200, GOOD);
    assert_told(self, "0 good; ");
    assert_int_equal(posts_counts(self->posts).under_way, 1);
}

static void the_owner_may_close_a_peer_when_it_is_called(void **state)
{
    struct rig *self = *state;
    static const char *const texts[] = {
        GOOD,
        "{\"code\":-404}",
        "{\"code\":-409,\"data\":" INSTANCE("h1") "}",
        "garbage",
    };

    self->closes = true;
    for (size_t i = 0; i < 4; i++) {
        posts_open(self->posts, 0, STR("10.0.0.1:7171"), true, true);
        renew(self, 0, "h1");
        assert_true(next(self));
        answer(self, 200, texts[i]);
        assert_false(next(self));
    }
    posts_open(self->posts, 0, STR("10.0.0.1:7171"), true, true);
    posts_ask_all(self->posts, 0);
    assert_true(next(self));
    self->closes = false;
    answer(self, 200, "{\"code\":0,\"data\":{\"a\":[" INSTANCE("h1") "]}}");
    self->closes = true;
    self->told.len = 0;
    assert_true(posts_step(self->posts, &self->now));
    assert_told(self, "all of 0: 1; ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_register_is_what_the_reference_sends_but_for_its_repeated_addrs),
        TEST(metadata_that_was_never_given_is_null_and_an_empty_one_a_map),
        TEST(a_renew_and_a_cancel_are_what_the_reference_sends),
        TEST(evictions_forgotten_ones_and_schedules_are_not_posted),
        TEST(who_lacks_an_instance_gets_it_whole),
        TEST(a_newer_instance_in_an_answer_is_offered_to_the_owner),
        TEST(empty_metadata_is_none_where_it_cannot_be_told),
        TEST(ages_are_never_negative_and_unknown_without_a_clock),
        TEST(instances_that_break_a_limit_are_passed_over_and_counted),
        TEST(a_node_is_asked_for_nodes_and_for_all_at_once),
        TEST(a_question_ends_well_protected_or_not_at_all),
        TEST(a_long_answer_is_read_in_slices_while_posts_go_on),
        TEST(eight_posts_are_under_way_and_never_two_of_one_instance),
        TEST(sixty_four_are_under_way_in_all_and_each_peer_gets_its_share),
        TEST(a_full_queue_drops_the_oldest_heartbeats_and_then_all),
        TEST(a_queue_is_bounded_in_bytes_too),
        TEST(a_peer_that_fails_is_tried_once_a_second),
        TEST(a_quiet_peer_is_asked_whether_it_is_there),
        TEST(what_a_good_answer_to_a_post_is),
        TEST(what_became_of_an_instance_is_said),
        TEST(a_cancel_that_has_waited_too_long_is_not_sent),
        TEST(nothing_is_heard_of_a_peer_that_was_closed),
        TEST(the_owner_may_close_a_peer_when_it_is_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
