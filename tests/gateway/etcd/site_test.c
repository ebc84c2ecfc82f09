/* What is answered besides gRPC, alike over HTTP/1.1 and HTTP/2; calls are played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"
#include "tests/gateway/etcd/web_rig.h"

static const char *const all_origins[] = {"*"};

static int set_up_as(void **state, const char *version)
{
    struct web_rig *self = calloc(1, sizeof(*self));

    web_rig_init(self, version, all_origins, 1);
    *state = self;
    return 0;
}

static int set_up(void **state)
{
    return set_up_as(state, "3.4.23");
}

static int set_up_3_5(void **state)
{
    return set_up_as(state, "3.5.21");
}

static int tear_down(void **state)
{
    web_rig_fini(*state);
    free(*state);
    return 0;
}

static void assert_body(const struct seen *seen, const char *text)
{
    struct str body = buf_str(&seen->body);

    if (!str_eq(body, str_from(text))) {
        print_message("%.*s, not %s\n", STR_ARG(body), text);
        fail();
    }
    assert_true(seen->ended);
}

static void assert_json_head(const struct seen *seen, int status)
{
    assert_int_equal(seen->status, status);
    assert_true(seen_header(seen, "content-type", "application/json"));
    assert_true(seen_header(seen, "access-control-allow-origin", "*"));
    assert_false(seen_header(seen, "x-content-type-options", NULL));
}

static void a_request_in_json_is_a_call(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        Etcdserverpb__RangeResponse response = ETCDSERVERPB__RANGE_RESPONSE__INIT;
        struct seen *seen =
            web_rig_ask(self, t, "POST", "/v3/kv/range", NULL, "{\"key\": \"YQ==\"}");

        assert_int_equal(seen->status, 0);
        assert_int_equal(self->method, ETCD_METHOD_RANGE);
        assert_true(str_eq(buf_str(&self->messages), STR("\x0a\x01"
                                                         "a")));
        response.count = 5;
        web_rig_send(self, &response.base);
        web_rig_end(self, GRPC_OK, "");
        seen = web_rig_run(self, t);
        assert_json_head(seen, 200);
        assert_true(seen_header(seen, "grpc-metadata-content-type", "application/grpc"));
        assert_true(seen_header(seen, "content-length", "13"));
        assert_body(seen, "{\"count\":\"5\"}");
    }
}

static void an_error_is_told_with_its_code_and_trailers(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        struct seen *seen;

        (void)web_rig_ask(self, t, "POST", "/v3/kv/put", NULL, "{}");
        web_rig_end(self, GRPC_INVALID_ARGUMENT, "etcdserver: \"key\" is not provided");
        seen = web_rig_run(self, t);
        assert_json_head(seen, 400);
        assert_true(seen_header(seen, "trailer", "Grpc-Trailer-Content-Type"));
        assert_true(seen_header(seen, "grpc-trailer-content-type", "application/grpc"));
        assert_false(seen_header(seen, "content-length", NULL));
        assert_false(seen_header(seen, "grpc-metadata-content-type", NULL));
        assert_body(seen, "{\"error\":\"etcdserver: \\\"key\\\" is not provided\",\"message\":"
                          "\"etcdserver: \\\"key\\\" is not provided\",\"code\":3}");
    }
}

static void what_is_no_json_is_no_call(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        struct seen *seen = web_rig_ask(self, t, "POST", "/v3/kv/put", NULL, "{\"key\": 1}");

        assert_json_head(seen, 400);
        assert_false(seen_header(seen, "trailer", NULL));
        assert_true(seen_header(seen, "content-length", NULL));
        assert_body(seen, "{\"error\":\"json: cannot unmarshal number into Go value of type "
                          "[]uint8\",\"message\":\"json: cannot unmarshal number into Go value of "
                          "type []uint8\",\"code\":3}");
        assert_int_equal(self->begun, 0);
    }
}

static void what_is_too_large_in_protobuf_is_refused_with_its_size(void **state)
{
    struct web_rig *self = *state;
    struct buf body = {0};

    buf_add_str(&body, STR("{\"key\": \""));
    for (unsigned i = 0; i < rig_message_max / 3; i++) {
        buf_add_str(&body, STR("AAAA"));
    }
    buf_add_str(&body, STR("AAAA\"}"));
    buf_add_char(&body, 0);
    for (enum transport t = 0; t < TRANSPORTS; t++) {
        struct seen *seen = web_rig_ask(self, t, "POST", "/v3/kv/put", NULL, body.data);

        assert_json_head(seen, 429);
        assert_true(seen_header(seen, "trailer", NULL));
        assert_body(seen, "{\"error\":\"grpc: received message larger than max (2004 vs. 2000)\","
                          "\"message\":\"grpc: received message larger than max (2004 vs. 2000)\","
                          "\"code\":8}");
    }
    buf_fini(&body);
}

static void a_body_over_its_bound_is_413(void **state)
{
    struct web_rig *self = *state;
    struct buf body = {0};

    for (unsigned i = 0; i <= 2 * rig_message_max; i++) {
        buf_add_char(&body, ' ');
    }
    buf_add_char(&body, 0);
    for (enum transport t = 0; t < TRANSPORTS; t++) {
        assert_int_equal(web_rig_ask(self, t, "POST", "/v3/kv/put", NULL, body.data)->status, 413);
        assert_int_equal(self->begun, 0);
    }
    assert_int_equal(h2_held(self->h2), 0);
    buf_fini(&body);
}

static void tokens_times_and_leaders_are_handed_on(void **state)
{
    static const struct client_header token[] = {{"Authorization", "abc.1"},
                                                 {"Grpc-Timeout", "7S"},
                                                 {"Grpc-Metadata-Hasleader", "true"},
                                                 {NULL, NULL}};
    static const struct client_header other[] = {
        {"Authorization", "abc.1"}, {"Grpc-Metadata-Token", "def.2"}, {NULL, NULL}};
    static const struct client_header bad[] = {{"Grpc-Timeout", "x"}, {NULL, NULL}};
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        struct seen *seen;

        (void)web_rig_ask(self, t, "POST", "/v3/kv/range", token, "{}");
        assert_string_equal(self->token, "abc.1");
        assert_int_equal(self->timeout_ms, 7000);
        assert_true(self->needs_leader);
        web_rig_end(self, GRPC_DEADLINE_EXCEEDED, "context deadline exceeded");
        seen = web_rig_run(self, t);
        assert_json_head(seen, 504);
        assert_false(seen_header(seen, "trailer", NULL));
        (void)web_rig_ask(self, t, "POST", "/v3/kv/range", other, "{}");
        assert_string_equal(self->token, "def.2");
        assert_int_equal(self->timeout_ms, -1);
        assert_false(self->needs_leader);
        web_rig_end(self, GRPC_OK, "");
        (void)web_rig_run(self, t);
        seen = web_rig_ask(self, t, "POST", "/v3/kv/range", bad, "{}");
        assert_json_head(seen, 400);
        assert_body(seen, "{\"error\":\"invalid grpc-timeout: x\",\"message\":\"invalid "
                          "grpc-timeout: x\",\"code\":3}");
    }
}

static void a_stream_is_a_line_a_message(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        Etcdserverpb__LeaseKeepAliveResponse response =
            ETCDSERVERPB__LEASE_KEEP_ALIVE_RESPONSE__INIT;
        unsigned messages = self->messages_count;
        unsigned closed = self->half_closed;
        struct seen *seen =
            web_rig_ask(self, t, "POST", "/v3/lease/keepalive", NULL, "{\"ID\":5} {\"ID\":\"6\"}");

        assert_int_equal(seen->status, 0);
        assert_int_equal(self->messages_count, messages + 2);
        assert_int_equal(self->half_closed, closed + 1);
        response.id = 5;
        web_rig_send(self, &response.base);
        seen = web_rig_run(self, t);
        assert_json_head(seen, 200);
        assert_true(seen_header(seen, "grpc-metadata-content-type", "application/grpc"));
        assert_true(str_eq(buf_str(&seen->body), STR("{\"result\":{\"ID\":\"5\"}}\n")));
        assert_false(seen->ended);
        response.id = 6;
        web_rig_send(self, &response.base);
        web_rig_end(self, GRPC_OK, "");
        seen = web_rig_run(self, t);
        assert_body(seen, "{\"result\":{\"ID\":\"5\"}}\n{\"result\":{\"ID\":\"6\"}}\n");
    }
}

static void a_stream_of_nothing_is_an_empty_answer(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        struct seen *seen;

        (void)web_rig_ask(self, t, "POST", "/v3/lease/keepalive", NULL, "");
        assert_int_equal(self->messages_count, 0);
        web_rig_end(self, GRPC_OK, "");
        seen = web_rig_run(self, t);
        assert_json_head(seen, 200);
        assert_false(seen_header(seen, "grpc-metadata-content-type", NULL));
        assert_body(seen, "");
    }
}

static void a_streams_error_is_its_own_kind(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        Etcdserverpb__LeaseKeepAliveResponse response =
            ETCDSERVERPB__LEASE_KEEP_ALIVE_RESPONSE__INIT;
        struct seen *seen = web_rig_ask(self, t, "POST", "/v3/watch", NULL, "{bad");

        assert_json_head(seen, 500); /* as grpc-gateway has the first document */
        assert_true(seen_header(seen, "content-length", NULL));
        assert_int_equal(self->begun, t);
        (void)web_rig_ask(self, t, "POST", "/v3/lease/keepalive", NULL, "{\"ID\":5} {bad");
        assert_int_equal(self->count, 1); /* a later one is the end of them */
        web_rig_send(self, &response.base);
        web_rig_end(self, GRPC_UNAVAILABLE, "etcdserver: no leader");
        seen = web_rig_run(self, t);
        assert_json_head(seen, 200);
        assert_body(seen,
                    "{\"result\":{}}\n{\"error\":{\"grpc_code\":14,\"http_code\":503,\"message\":"
                    "\"etcdserver: no leader\",\"http_status\":\"Service Unavailable\"}}");
    }
}

static void an_error_before_a_streams_first_message_has_its_status(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        struct seen *seen;

        (void)web_rig_ask(self, t, "POST", "/v3/maintenance/snapshot", NULL, "{}");
        web_rig_end(self, GRPC_UNKNOWN, "auth: user name is empty");
        seen = web_rig_run(self, t);
        assert_json_head(seen, 500);
        assert_body(seen, "{\"error\":{\"grpc_code\":2,\"http_code\":500,\"message\":\"auth: user "
                          "name is empty\",\"http_status\":\"Internal Server Error\"}}");
    }
}

static void documents_of_one_body_are_bounded(void **state)
{
    struct web_rig *self = *state;
    struct buf body = {0};

    for (unsigned i = 0; i < json_documents_max + 10; i++) {
        buf_add_str(&body, STR("{}"));
    }
    buf_add_char(&body, 0);
    for (enum transport t = 0; t < TRANSPORTS; t++) {
        unsigned messages = self->messages_count;

        (void)web_rig_ask(self, t, "POST", "/v3/watch", NULL, body.data);
        assert_int_equal(self->messages_count - messages, json_documents_max);
        web_rig_end(self, GRPC_OK, "");
        (void)web_rig_run(self, t);
    }
    buf_fini(&body);
}

static void a_client_that_goes_takes_its_call_back(void **state)
{
    static const char *const paths[] = {"/v3/lock/lock", "/v3/watch"};
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        for (unsigned i = 0; i < 2; i++) {
            unsigned gone = self->gone;

            (void)web_rig_ask(self, t, "POST", paths[i], NULL, "{\"name\":\"YQ==\"}");
            assert_int_equal(self->count, 1);
            web_rig_hang_up(self, t);
            assert_int_equal(self->gone, gone + 1);
            assert_int_equal(self->count, 0);
        }
    }
}

static void a_client_that_leaves_a_stream_takes_it_back(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        Etcdserverpb__LeaseKeepAliveResponse response =
            ETCDSERVERPB__LEASE_KEEP_ALIVE_RESPONSE__INIT;

        (void)web_rig_ask(self, t, "POST", "/v3/lease/keepalive", NULL, "{}");
        web_rig_send(self, &response.base);
        assert_int_equal(web_rig_run(self, t)->status, 200);
        web_rig_hang_up(self, t);
        assert_int_equal(self->count, 0);
    }
}

static void pages_of_text(void **state)
{
    static const struct {
        const char *verb;
        const char *target;
        int status;
        const char *allow;
        const char *text;
    } rows[] = {
        {"GET", "/", 404, NULL, "404 page not found\n"},
        {"GET", "/v3/", 404, NULL, "Not Found\n"},
        {"POST", "/v3/kv/nosuch", 404, NULL, "Not Found\n"},
        {"POST", "/v3/kv/range/", 404, NULL, "Not Found\n"},
        {"GET", "/v3/kv/range", 405, NULL, "Method Not Allowed\n"},
        {"DELETE", "/v3alpha/kv/range", 405, NULL, "Method Not Allowed\n"},
        {"PUT", "/v3beta/kv/range", 405, NULL, "Method Not Allowed\n"},
        {"POST", "/v3/maintenance/hashkv", 404, NULL, "Not Found\n"},
        {"POST", "/v3/auth/status", 404, NULL, "Not Found\n"},
        {"POST", "/version", 405, "GET", "Method Not Allowed\n"},
        {"HEAD", "/version", 405, "GET", NULL},
        {"PUT", "/health", 405, "GET", "Method Not Allowed\n"},
        {"GET", "/config/local/log", 405, "PUT", "Method Not Allowed\n"},
        {"GET", "/v2/keys", 404, NULL, "404 page not found\n"},
        {"POST", "/etcdserverpb.KV/Range", 404, NULL, "404 page not found\n"},
    };
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            struct seen *seen = web_rig_ask(self, t, rows[i].verb, rows[i].target, NULL, NULL);

            assert_int_equal(seen->status, rows[i].status);
            assert_true(seen_header(seen, "content-type", "text/plain; charset=utf-8"));
            assert_true(seen_header(seen, "x-content-type-options", "nosniff"));
            assert_true(seen_header(seen, "access-control-allow-methods",
                                    "POST, GET, OPTIONS, PUT, DELETE"));
            assert_true(rows[i].allow != NULL ? seen_header(seen, "allow", rows[i].allow)
                                              : !seen_header(seen, "allow", NULL));
            if (rows[i].text != NULL) {
                assert_body(seen, rows[i].text);
            }
        }
        assert_int_equal(self->begun, 0);
    }
}

static void a_path_that_is_not_clean_is_moved(void **state)
{
    static const struct {
        const char *verb;
        const char *target;
        const char *to;
        const char *text;
    } rows[] = {
        {"GET", "/v3", "/v3/", "<a href=\"/v3/\">Moved Permanently</a>.\n\n"},
        {"POST", "/v3//kv/range", "/v3/kv/range", ""},
        {"POST", "/v3/kv/../kv/range?x=1", "/v3/kv/range?x=1", ""},
        {"GET", "//version", "/version", "<a href=\"/version\">Moved Permanently</a>.\n\n"},
    };
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            struct seen *seen = web_rig_ask(self, t, rows[i].verb, rows[i].target, NULL, "");

            assert_int_equal(seen->status, 301);
            assert_true(seen_header(seen, "location", rows[i].to));
            assert_body(seen, rows[i].text);
        }
    }
}

static void version_and_options(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        struct seen *seen = web_rig_ask(self, t, "GET", "/version", NULL, NULL);

        assert_json_head(seen, 200);
        assert_true(seen_header(seen, "muster-version", NULL));
        assert_body(seen, "{\"etcdserver\":\"3.4.23\",\"etcdcluster\":\"3.4.0\"}");
        seen = web_rig_ask(self, t, "OPTIONS", "/v3/kv/put", NULL, NULL);
        assert_int_equal(seen->status, 200);
        assert_true(seen_header(seen, "access-control-allow-headers",
                                "accept, content-type, authorization"));
        assert_false(seen_header(seen, "content-type", NULL));
        assert_body(seen, "");
    }
}

static void sites_of_a_list_alone_are_told_that_they_may(void **state)
{
    static const char *const origins[] = {"http://a.example", "http://b.example"};
    static const struct client_header mine[] = {{"Origin", "http://b.example"}, {NULL, NULL}};
    static const struct client_header strange[] = {{"Origin", "http://c.example"}, {NULL, NULL}};
    struct web_rig rig;

    (void)state;
    web_rig_init(&rig, "3.4.23", origins, 2);
    for (enum transport t = 0; t < TRANSPORTS; t++) {
        struct seen *seen = web_rig_ask(&rig, t, "GET", "/version", mine, NULL);

        assert_true(seen_header(seen, "access-control-allow-origin", "http://b.example"));
        seen = web_rig_ask(&rig, t, "GET", "/version", strange, NULL);
        assert_int_equal(seen->status, 200);
        assert_false(seen_header(seen, "access-control-allow-origin", NULL));
    }
    web_rig_fini(&rig);
}

static void newer_paths_are_there_from_3_5_on(void **state)
{
    struct web_rig *self = *state;

    for (enum transport t = 0; t < TRANSPORTS; t++) {
        (void)web_rig_ask(self, t, "POST", "/v3/maintenance/hashkv", NULL, "{}");
        assert_int_equal(self->method, ETCD_METHOD_HASH_KV);
        web_rig_end(self, GRPC_OK, "");
        (void)web_rig_run(self, t);
        (void)web_rig_ask(self, t, "POST", "/v3/auth/status", NULL, "{}");
        assert_int_equal(self->method, ETCD_METHOD_AUTH_STATUS);
        web_rig_end(self, GRPC_OK, "");
        (void)web_rig_run(self, t);
        assert_int_equal(web_rig_ask(self, t, "GET", "/config/local/log", NULL, NULL)->status, 404);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_in_json_is_a_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_error_is_told_with_its_code_and_trailers, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_json_is_no_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_too_large_in_protobuf_is_refused_with_its_size,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_over_its_bound_is_413, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tokens_times_and_leaders_are_handed_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stream_is_a_line_a_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stream_of_nothing_is_an_empty_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_streams_error_is_its_own_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_error_before_a_streams_first_message_has_its_status,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(documents_of_one_body_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_goes_takes_its_call_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_leaves_a_stream_takes_it_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(pages_of_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_path_that_is_not_clean_is_moved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(version_and_options, set_up, tear_down),
        cmocka_unit_test(sites_of_a_list_alone_are_told_that_they_may),
        cmocka_unit_test_setup_teardown(newer_paths_are_there_from_3_5_on, set_up_3_5, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
