/* Calls of gRPC over HTTP/2: what is taken, what is refused, and how each ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/gateway/etcd/h2_rig.h"

static void a_message_is_answered_with_one(void **state)
{
    struct h2_rig *self = *state;
    struct client_call *call;

    self->echoes = true;
    call = h2_client_unary(&self->client, RANGE, STR("hello"));
    assert_string_equal(self->message, "hello");
    assert_string_equal(call->status, "200");
    assert_string_equal(call->type, "application/grpc");
    assert_true(str_eq(buf_str(&call->received), STR("\0\0\0\0\5hello")));
    assert_string_equal(call->code, "0");
    assert_true(call->closed && call->reset == NGHTTP2_NO_ERROR);
    assert_int_equal(h2_calls(self->h2), 0);
    assert_int_equal(h2_held(self->h2), 0);
    assert_int_equal(self->gone, 0);
    assert_true(self->woken > 0);
}

static void an_error_is_one_frame_of_headers(void **state)
{
    struct h2_rig *self = *state;
    struct client_call *call = h2_client_unary(&self->client, RANGE, STR("x"));

    rpc_end_error(self->call, ETCD_ERROR_COMPACTED);
    h2_client_run(&self->client);
    assert_string_equal(call->status, "200");
    assert_string_equal(call->type, "application/grpc");
    assert_string_equal(call->code, "11");
    assert_string_equal(call->text, "etcdserver: mvcc: required revision has been compacted");
    assert_int_equal(call->received.len, 0);
    assert_true(call->closed);
}

static void headers_are_told(void **state)
{
    struct h2_rig *self = *state;
    static const struct client_header more[] = {
        {"token", "abc.7"}, {"hasleader", "true"}, {"grpc-timeout", "250m"}, {NULL, NULL}};

    (void)h2_client_call(&self->client, WATCH, more);
    h2_client_run(&self->client);
    assert_int_equal(self->call->method, ETCD_METHOD_WATCH);
    assert_true(str_eq(self->call->token, STR("abc.7")));
    assert_true(self->call->needs_leader);
    assert_int_equal(self->call->timeout_ms, 250);
    (void)h2_client_call(&self->client, WATCH, NULL);
    h2_client_run(&self->client);
    assert_int_equal(self->call->token.len, 0);
    assert_false(self->call->needs_leader);
    assert_true(self->call->timeout_ms < 0);
}

static void refused_without_the_app(void **state)
{
    struct h2_rig *self = *state;
    static const struct {
        const char *path;
        struct client_header more[2];
        const char *status;
        const char *code;
        const char *text;
    } cases[] = {
        {"/etcdserverpb.KV/Nothing",
         {{0}},
         "200",
         "12",
         "unknown method Nothing for service etcdserverpb.KV"},
        {"/other.Thing/Do", {{0}}, "200", "12", "unknown service other.Thing"},
        {"/nothing", {{0}}, "200", "12", "malformed method name: \"/nothing\""},
        {RANGE, {{":method", "GET"}}, "405", "", ""},
        {RANGE, {{"content-type", "application/json"}}, "415", "", ""},
        {RANGE, {{"content-type", "application/grpcx"}}, "415", "", ""},
        {RANGE, {{"grpc-timeout", "soon"}}, "200", "13", "malformed grpc-timeout"},
        {RANGE,
         {{"grpc-encoding", "gzip"}},
         "200",
         "12",
         "grpc: Decompressor is not installed for grpc-encoding \"gzip\""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct client_call *call = h2_client_call(&self->client, cases[i].path, cases[i].more);

        h2_client_run(&self->client);
        assert_string_equal(call->status, cases[i].status);
        assert_string_equal(call->code, cases[i].code);
        assert_string_equal(call->text, cases[i].text);
        assert_true(call->closed);
        assert_int_equal(call->reset, NGHTTP2_NO_ERROR); /* it is told to send no more */
    }
    assert_int_equal(self->begun, 0);
    assert_int_equal(h2_calls(self->h2), 0);
}

static void content_types_of_grpc_are_taken(void **state)
{
    struct h2_rig *self = *state;
    static const struct client_header plus[] = {{"content-type", "application/grpc+proto"}, {0}};
    static const struct client_header parameter[] = {{"content-type", "application/grpc;x=y"}, {0}};
    static const struct client_header identity[] = {{"grpc-encoding", "identity"}, {0}};

    (void)h2_client_call(&self->client, RANGE, plus);
    (void)h2_client_call(&self->client, RANGE, parameter);
    (void)h2_client_call(&self->client, RANGE, identity);
    h2_client_run(&self->client);
    assert_int_equal(self->begun, 3);
}

static void an_authority_may_be_a_url(void **state)
{
    struct h2_rig *self = *state;
    static const struct client_header url[] = {{":authority", "http://127.0.0.1:2379"}, {0}};

    (void)h2_client_call(&self->client, RANGE, url);
    h2_client_run(&self->client);
    assert_int_equal(self->begun, 1);
}

/* What a call that takes one message brings, and what is said of it. */
static void one_message_means_one(void **state)
{
    struct h2_rig *self = *state;
    static const struct {
        struct str framed;
        const char *code;
        unsigned messages;
        unsigned gone;
    } cases[] = {
        {{"", 0}, "13", 0, 1},                        /* none */
        {{"\0\0\0\0\2a", 6}, "13", 0, 1},             /* half a one */
        {{"\0\0", 2}, "13", 0, 1},                    /* half a prefix */
        {{"\0\0\0\0\1a\0\0\0\0\1b", 12}, "13", 0, 1}, /* two */
        {{"\0\0\0\0\1a\0", 7}, "13", 0, 1},           /* one and a bit */
        {{"\1\0\0\0\1a", 6}, "13", 0, 1},             /* compressed */
        {{"\0\0\0\3\351a", 6}, "8", 0, 1},            /* 1,001 bytes */
        {{"\0\0\0\0\0", 5}, "", 1, 0},                /* an empty one */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct client_call *call = h2_client_call(&self->client, RANGE, NULL);

        self->messages = self->gone = 0;
        h2_client_send(&self->client, call, cases[i].framed);
        h2_client_close(&self->client, call);
        h2_client_run(&self->client);
        assert_string_equal(call->code, cases[i].code);
        assert_int_equal(self->messages, cases[i].messages);
        assert_int_equal(self->gone, cases[i].gone);
    }
}

static void the_limit_of_a_message_is_said_with_its_size(void **state)
{
    struct h2_rig *self = *state;
    struct client_call *call = h2_client_call(&self->client, RANGE, NULL);

    h2_client_send(&self->client, call, STR("\0\0\1\0\0"));
    h2_client_run(&self->client);
    assert_string_equal(call->code, "8");
    assert_string_equal(call->text, "grpc: received message larger than max (65536 vs. 1000)");
}

static void a_stream_brings_messages_as_they_come(void **state)
{
    struct h2_rig *self = *state;
    struct client_call *call = h2_client_call(&self->client, WATCH, NULL);

    h2_client_send(&self->client, call, STR("\0\0\0\0\1a\0\0\0\0\1b\0\0\0"));
    h2_client_run(&self->client);
    assert_int_equal(self->messages, 2);
    assert_string_equal(self->message, "b");
    rpc_send(self->call, STR("x"));
    h2_client_run(&self->client);
    assert_true(str_eq(buf_str(&call->received), STR("\0\0\0\0\1x")));
    h2_client_send(&self->client, call, STR("\0\1c"));
    h2_client_run(&self->client);
    assert_string_equal(self->message, "c");
    assert_int_equal(self->half_closed, 0);
    h2_client_close(&self->client, call);
    h2_client_run(&self->client);
    assert_int_equal(self->half_closed, 1);
    rpc_send(self->call, STR("y"));
    rpc_end(self->call, GRPC_OK, STR(""));
    h2_client_run(&self->client);
    assert_true(str_eq(buf_str(&call->received), STR("\0\0\0\0\1x\0\0\0\0\1y")));
    assert_string_equal(call->code, "0");
    assert_int_equal(self->gone, 0);
}

static void a_stream_cut_in_a_message_is_an_error(void **state)
{
    struct h2_rig *self = *state;
    struct client_call *call = h2_client_call(&self->client, WATCH, NULL);

    h2_client_send(&self->client, call, STR("\0\0\0\0\2a"));
    h2_client_close(&self->client, call);
    h2_client_run(&self->client);
    assert_string_equal(call->code, "13");
    assert_int_equal(self->gone, 1);
    assert_int_equal(self->half_closed, 0);
}

static void who_takes_a_call_back_is_told_of(void **state)
{
    struct h2_rig *self = *state;
    struct client_call *call = h2_client_unary(&self->client, RANGE, STR("x"));

    (void)nghttp2_submit_rst_stream(self->client.session, NGHTTP2_FLAG_NONE, call->id,
                                    NGHTTP2_CANCEL);
    h2_client_run(&self->client);
    assert_int_equal(self->gone, 1);
    assert_int_equal(h2_calls(self->h2), 0);
}

static void a_connection_that_ends_tells_of_all_that_is_open(void **state)
{
    struct h2_rig *self = *state;

    (void)h2_client_unary(&self->client, RANGE, STR("x"));
    (void)h2_client_call(&self->client, WATCH, NULL);
    h2_client_run(&self->client);
    h2_destroy(&self->h2);
    assert_int_equal(self->gone, 2);
}

static void an_app_may_end_a_call_at_its_begin(void **state)
{
    struct h2_rig *self = *state;
    struct client_call *call;

    self->ends_at_begin = true;
    call = h2_client_unary(&self->client, RANGE, STR("x"));
    assert_string_equal(call->code, "14");
    assert_string_equal(call->text, "etcdserver: no leader");
    assert_int_equal(self->messages, 0);
    assert_int_equal(self->gone, 0);
}

static void calls_are_tallied_by_how_they_ended(void **state)
{
    struct h2_rig *self = *state;
    static struct tally tally;
    const struct tally_row *row = &tally.rows[ETCD_METHOD_RANGE];
    struct client_call *call;

    self->options.tally = &tally;
    self->echoes = true;
    (void)h2_client_unary(&self->client, RANGE, STR("x"));
    self->echoes = false;
    (void)h2_client_unary(&self->client, RANGE, STR("x"));
    rpc_end_error(self->call, ETCD_ERROR_NO_LEADER);
    call = h2_client_unary(&self->client, RANGE, STR("x"));
    (void)nghttp2_submit_rst_stream(self->client.session, NGHTTP2_FLAG_NONE, call->id,
                                    NGHTTP2_CANCEL);
    h2_client_run(&self->client);
    assert_int_equal(row->started, 3);
    assert_int_equal(row->received, 3);
    assert_int_equal(row->sent, 1);
    assert_int_equal(row->handled[GRPC_OK], 1);
    assert_int_equal(row->handled[GRPC_UNAVAILABLE], 1);
    assert_int_equal(row->handled[GRPC_CANCELLED], 1);
    self->options.tally = NULL;
}

static void no_more_streams_than_allowed(void **state)
{
    struct h2_rig *self = *state;

    for (int i = 0; i < streams_max + 8; i++) {
        (void)h2_client_call(&self->client, WATCH, NULL);
        h2_client_run(&self->client);
    }
    assert_int_equal(self->begun, streams_max);
}

static void drained_it_takes_no_call_and_ends_what_it_has(void **state)
{
    struct h2_rig *self = *state;
    struct client_call *call = h2_client_unary(&self->client, RANGE, STR("x"));

    h2_drain(self->h2);
    h2_client_run(&self->client);
    assert_true(self->client.goaway && !self->client.server_over);
    rpc_end(self->call, GRPC_OK, STR(""));
    h2_client_run(&self->client);
    assert_string_equal(call->code, "0");
    assert_true(self->client.server_over);
}

static void what_is_no_http2_ends_it(void **state)
{
    struct h2_rig *self = *state;
    struct buf to = {0};

    assert_int_equal(h2_receive(self->h2, STR("GET / HTTP/1.1\r\n\r\n")), ERR_OK); /* GOAWAY */
    assert_false(h2_produce(self->h2, &to, message_max) && !h2_has_work(self->h2));
    buf_fini(&to);
}

static void a_token_that_is_too_long_is_no_token(void **state)
{
    struct h2_rig *self = *state;
    static char token[rpc_token_max + 2];
    const struct client_header more[] = {{"token", token}, {NULL, NULL}};
    struct client_call *call;

    memset(token, 'a', sizeof(token) - 1);
    call = h2_client_call(&self->client, RANGE, more);
    h2_client_run(&self->client);
    assert_string_equal(call->code, "16");
    assert_int_equal(self->begun, 0);
}

static void headers_beyond_their_limit_reset_the_call(void **state)
{
    struct h2_rig *self = *state;
    static char value[61 * 1024];
    const struct client_header more[] = {{"x-large", value}, {NULL, NULL}};
    struct client_call *call;

    memset(value, 'a', sizeof(value) - 1);
    call = h2_client_call(&self->client, RANGE, more);
    h2_client_run(&self->client);
    assert_true(call->closed && call->reset != NGHTTP2_NO_ERROR);
    assert_int_equal(h2_calls(self->h2), 0);
    assert_int_equal(self->begun, 0);
    self->echoes = true;
    assert_string_equal(h2_client_unary(&self->client, RANGE, STR("x"))->code, "0");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, h2_rig_setup, h2_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_message_is_answered_with_one),
        CASE(an_error_is_one_frame_of_headers),
        CASE(headers_are_told),
        CASE(refused_without_the_app),
        CASE(content_types_of_grpc_are_taken),
        CASE(an_authority_may_be_a_url),
        CASE(one_message_means_one),
        CASE(the_limit_of_a_message_is_said_with_its_size),
        CASE(a_stream_brings_messages_as_they_come),
        CASE(a_stream_cut_in_a_message_is_an_error),
        CASE(who_takes_a_call_back_is_told_of),
        CASE(a_connection_that_ends_tells_of_all_that_is_open),
        CASE(an_app_may_end_a_call_at_its_begin),
        CASE(calls_are_tallied_by_how_they_ended),
        CASE(no_more_streams_than_allowed),
        CASE(drained_it_takes_no_call_and_ends_what_it_has),
        CASE(what_is_no_http2_ends_it),
        CASE(a_token_that_is_too_long_is_no_token),
        CASE(headers_beyond_their_limit_reset_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
