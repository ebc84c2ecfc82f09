#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/etcd/grpc.h"
#include "tests/gateway/etcd/h2_client.h"

#define RANGE "/etcdserverpb.KV/Range"
#define WATCH "/etcdserverpb.Watch/Watch"

enum { message_max = 1000, streams_max = 32, held_max = 8000, log_max = 64 };

/* An app that notes what it is told. */
struct app {
    struct h2_options options;
    struct h2_spare spare;
    struct h2 *h2;
    struct h2_client client;
    struct rpc *call; /* the newest that is open */
    unsigned begun;
    unsigned messages;
    unsigned half_closed;
    unsigned gone;
    unsigned woken;
    char message[log_max]; /* the newest */
    bool echoes;           /* answers each message with itself, and ends */
    bool repeats;          /* the same, and goes on */
    bool ends_at_begin;
};

static void on_begin(void *state, struct rpc *call)
{
    struct app *self = state;

    self->begun++;
    self->call = call;
    assert_null(call->user);
    if (self->ends_at_begin) {
        rpc_end_error(call, ETCD_ERROR_NO_LEADER);
    }
}

static void on_message(void *state, struct rpc *call, struct str message)
{
    struct app *self = state;

    self->messages++;
    if (message.len < log_max) {
        memcpy(self->message, message.data, message.len);
        self->message[message.len] = 0;
    }
    if (self->repeats) {
        rpc_send(call, message);
    } else if (self->echoes) {
        rpc_send(call, message);
        rpc_end(call, GRPC_OK, STR(""));
    }
}

static void on_half_closed(void *state, struct rpc *call)
{
    struct app *self = state;

    (void)call;
    self->half_closed++;
}

static void on_gone(void *state, struct rpc *call)
{
    struct app *self = state;

    (void)call;
    self->gone++;
}

static void on_wake(void *owner)
{
    struct app *self = owner;

    self->woken++;
}

static void begin_anew(struct app *self)
{
    static const struct rpc_app app = {
        .begin = on_begin, .message = on_message, .half_closed = on_half_closed, .gone = on_gone};

    self->h2 = h2_new(&self->options, &app, self, (struct h2_wake){.wake = on_wake, .owner = self});
    h2_client_init(&self->client, self->h2);
    h2_client_run(&self->client);
}

static int setup(void **state)
{
    struct app *self = calloc(1, sizeof(*self));

    self->options = (struct h2_options){.message_max = message_max,
                                        .streams_max = streams_max,
                                        .held_max = held_max,
                                        .unsent_max = held_max,
                                        .spare = &self->spare};
    begin_anew(self);
    *state = self;
    return 0;
}

static int teardown(void **state)
{
    struct app *self = *state;

    h2_client_fini(&self->client);
    h2_destroy(&self->h2);
    h2_spare_fini(&self->spare);
    free(self);
    return 0;
}

static void a_message_is_answered_with_one(void **state)
{
    struct app *self = *state;
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

static void a_call_gets_the_memory_of_one_that_is_over_of_any_connection(void **state)
{
    static const struct client_header secret[] = {{"token", "abc.7"}, {NULL, NULL}};
    struct app *self = *state;
    struct client_call *call = h2_client_call(&self->client, WATCH, secret);
    const struct stream *memory;
    size_t kept;

    h2_client_run(&self->client);
    rpc_send(self->call, STR("what the one before was told"));
    rpc_end(self->call, GRPC_OK, STR(""));
    h2_client_run(&self->client);
    assert_true(call->received.len > 0);
    memory = self->spare.first;
    assert_non_null(memory);
    assert_int_equal(self->spare.count, 1);
    h2_client_fini(&self->client);
    h2_destroy(&self->h2);
    kept = self->spare.memory.kept; /* the library's, of its session */
    begin_anew(self);
    call = h2_client_call(&self->client, WATCH, NULL);
    h2_client_run(&self->client);
    assert_true(self->spare.memory.kept < kept);
    assert_ptr_equal(memory, (const void *)self->call);
    assert_int_equal(self->spare.count, 0);
    assert_int_equal(self->call->token.len, 0); /* and nothing of what stood in it */
    rpc_end(self->call, GRPC_OK, STR(""));
    h2_client_run(&self->client);
    assert_int_equal(call->received.len, 0);
    assert_int_equal(self->spare.count, 1);
}

static void what_is_spare_is_bounded(void **state)
{
    enum { spare_max = 1024 };
    struct app *self = *state;
    struct rpc *watch;

    (void)h2_client_call(&self->client, WATCH, NULL);
    h2_client_run(&self->client);
    watch = self->call;
    self->echoes = true;
    self->spare.count = spare_max - 1;
    (void)h2_client_unary(&self->client, RANGE, STR("x"));
    assert_int_equal(self->spare.count, spare_max);
    rpc_end(watch, GRPC_OK, STR(""));
    h2_client_run(&self->client);
    assert_int_equal(h2_calls(self->h2), 0);
    assert_int_equal(self->spare.count, spare_max);
}

static void an_error_is_one_frame_of_headers(void **state)
{
    struct app *self = *state;
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
    struct app *self = *state;
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
    struct app *self = *state;
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
         "grpc: Decompressor is not installed for the grpc-encoding of this call"},
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
    struct app *self = *state;
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
    struct app *self = *state;
    static const struct client_header url[] = {{":authority", "http://127.0.0.1:2379"}, {0}};

    (void)h2_client_call(&self->client, RANGE, url);
    h2_client_run(&self->client);
    assert_int_equal(self->begun, 1);
}

/* What a call that takes one message brings, and what is said of it. */
static void one_message_means_one(void **state)
{
    struct app *self = *state;
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
    struct app *self = *state;
    struct client_call *call = h2_client_call(&self->client, RANGE, NULL);

    h2_client_send(&self->client, call, STR("\0\0\1\0\0"));
    h2_client_run(&self->client);
    assert_string_equal(call->code, "8");
    assert_string_equal(call->text, "grpc: received message larger than max (65536 vs. 1000)");
}

static void a_stream_brings_messages_as_they_come(void **state)
{
    struct app *self = *state;
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
    struct app *self = *state;
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
    struct app *self = *state;
    struct client_call *call = h2_client_unary(&self->client, RANGE, STR("x"));

    (void)nghttp2_submit_rst_stream(self->client.session, NGHTTP2_FLAG_NONE, call->id,
                                    NGHTTP2_CANCEL);
    h2_client_run(&self->client);
    assert_int_equal(self->gone, 1);
    assert_int_equal(h2_calls(self->h2), 0);
}

static void a_connection_that_ends_tells_of_all_that_is_open(void **state)
{
    struct app *self = *state;

    (void)h2_client_unary(&self->client, RANGE, STR("x"));
    (void)h2_client_call(&self->client, WATCH, NULL);
    h2_client_run(&self->client);
    h2_destroy(&self->h2);
    assert_int_equal(self->gone, 2);
}

static void an_app_may_end_a_call_at_its_begin(void **state)
{
    struct app *self = *state;
    struct client_call *call;

    self->ends_at_begin = true;
    call = h2_client_unary(&self->client, RANGE, STR("x"));
    assert_string_equal(call->code, "14");
    assert_string_equal(call->text, "etcdserver: no leader");
    assert_int_equal(self->messages, 0);
    assert_int_equal(self->gone, 0);
}

/* A client that does not read: what it is sent is held and counted; then nobody new is taken. */
static void what_a_client_does_not_take_is_counted_and_bounded(void **state)
{
    struct app *self = *state;
    static char large[held_max + 1];
    struct client_call *call = h2_client_call(&self->client, WATCH, NULL);
    struct client_call *refused;
    struct rpc *stream;

    h2_client_run(&self->client);
    stream = self->call;
    self->client.reads = false;
    rpc_send(stream, (struct str){large, sizeof(large)});
    assert_int_equal(rpc_unsent(stream), sizeof(large) + 5);
    assert_int_equal(h2_held(self->h2), sizeof(large) + 5);
    refused = h2_client_unary(&self->client, RANGE, STR("x"));
    assert_int_equal(self->begun, 1);
    self->client.reads = true;
    h2_client_run(&self->client);
    assert_string_equal(refused->code, "8");
    assert_string_equal(refused->text, "etcdserver: too many requests");
    assert_int_equal(call->received.len, sizeof(large) + 5);
    assert_int_equal(rpc_unsent(stream), 0);
    self->echoes = true;
    assert_string_equal(h2_client_unary(&self->client, RANGE, STR("x"))->code, "0");
}

static void window_is(struct h2_client *client, uint32_t bytes)
{
    const nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, bytes};

    assert_int_equal(0, nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, &window, 1));
    h2_client_run(client);
}

/* One that takes no answer of a stream can ask so much there and no more. */
static void who_takes_no_answers_is_not_read_on(void **state)
{
    enum { asked = 4000, len = 900, mib = 1024 * 1024 };
    struct app *self = *state;
    struct buf message = {0};
    struct client_call *call;
    char prefix[grpc_prefix_bytes];

    self->repeats = true;
    window_is(&self->client, 0);
    call = h2_client_call(&self->client, WATCH, NULL);
    grpc_prefix(prefix, len);
    buf_add(&message, prefix, sizeof(prefix));
    (void)memset(buf_reserve(&message, len), 'm', len);
    message.len += len;
    for (unsigned i = 0; i < asked; i++) {
        h2_client_send(&self->client, call, buf_str(&message));
    }
    h2_client_run(&self->client);
    assert_in_range(self->messages, mib / len, 2 * mib / len + 10);
    assert_int_equal(call->received.len, 0);
    window_is(&self->client, mib);
    assert_int_equal(self->messages, asked);
    assert_int_equal(call->received.len, asked * message.len);
    buf_fini(&message);
}

/* However many it has asked for before the first was answered. */
static void answers_of_calls_begun_together_are_bounded_too(void **state)
{
    struct app *self = *state;
    static char large[100 * 1000];
    struct client_call *calls[3];
    struct rpc *begun[3];

    for (unsigned i = 0; i < 3; i++) {
        calls[i] = h2_client_unary(&self->client, RANGE, STR("x"));
        begun[i] = self->call;
    }
    self->client.reads = false;
    for (unsigned i = 0; i < 3; i++) {
        rpc_send(begun[i], (struct str){large, i < 2 ? sizeof(large) : 10});
        rpc_end(begun[i], GRPC_OK, STR(""));
    }
    assert_true(h2_held(self->h2) < 2 * sizeof(large));
    self->client.reads = true;
    h2_client_run(&self->client);
    assert_string_equal(calls[0]->code, "0");
    assert_string_equal(calls[1]->code, "8");
    assert_int_equal(calls[1]->received.len, 0);
    assert_string_equal(calls[2]->code, "0");
}

/* What it has asked for and reads slowly is no reason to refuse its small calls. */
static void a_large_answer_read_slowly_costs_small_calls_nothing(void **state)
{
    struct app *self = *state;
    static char large[held_max + 1];
    struct client_call *call = h2_client_call(&self->client, WATCH, NULL);

    h2_client_run(&self->client);
    self->options.unsent_max = sizeof(large) + 1000;
    self->client.reads = false;
    rpc_send(self->call, (struct str){large, sizeof(large)});
    self->echoes = true;
    (void)h2_client_unary(&self->client, RANGE, STR("x"));
    assert_int_equal(self->begun, 2);
    self->client.reads = true;
    h2_client_run(&self->client);
    assert_int_equal(call->received.len, sizeof(large) + 5);
}

static void all_connections_together_are_bounded(void **state)
{
    struct app *self = *state;
    struct h2_load load = {.held = 100, .max = 100}; /* 100: of others */
    struct client_call *call;

    self->options.load = &load;
    self->echoes = true;
    call = h2_client_unary(&self->client, RANGE, STR("x"));
    assert_string_equal(call->code, "0");
    assert_int_equal(load.held, 100);
    load.held++;
    call = h2_client_unary(&self->client, RANGE, STR("x"));
    assert_string_equal(call->code, "8");
    assert_string_equal(call->text, "etcdserver: too many requests");
    load.held--;
    self->echoes = false;
    (void)h2_client_unary(&self->client, RANGE, STR("hello"));
    self->client.reads = false;
    rpc_send(self->call, STR("hello"));
    assert_int_equal(load.held, 100 + 10 + 10); /* asked and answered */
    h2_destroy(&self->h2);
    assert_int_equal(load.held, 100);
    h2_client_fini(&self->client);
    self->options.load = NULL;
    begin_anew(self);
}

static void calls_are_tallied_by_how_they_ended(void **state)
{
    struct app *self = *state;
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

/* More than a window: it is sent as the client makes room. */
static void large_answers_go_as_far_as_windows_let_them(void **state)
{
    enum { bytes = 300 * 1000 };
    struct app *self = *state;
    struct client_call *call = h2_client_unary(&self->client, RANGE, STR("x"));
    char *large = malloc(bytes);

    for (size_t i = 0; i < bytes; i++) {
        large[i] = (char)(i % 251);
    }
    rpc_send(self->call, (struct str){large, bytes});
    rpc_end(self->call, GRPC_OK, STR(""));
    h2_client_run(&self->client);
    assert_int_equal(call->received.len, bytes + 5);
    assert_memory_equal(call->received.data + 5, large, bytes);
    assert_string_equal(call->code, "0");
    free(large);
}

static void produced_in_parts_of_the_size_asked_for(void **state)
{
    enum { bytes = 50 * 1000, part = 20 * 1000, frame = 16384 + 9 };
    struct app *self = *state;
    char *large = calloc(1, bytes);
    struct buf first = {0};

    (void)h2_client_unary(&self->client, RANGE, STR("x"));
    rpc_send(self->call, (struct str){large, bytes});
    assert_true(h2_has_work(self->h2));
    assert_true(h2_produce(self->h2, &first, part));
    assert_true(first.len >= part && first.len < part + frame);
    assert_true(h2_has_work(self->h2));
    buf_fini(&first);
    free(large);
}

static void no_more_streams_than_allowed(void **state)
{
    struct app *self = *state;

    for (int i = 0; i < streams_max + 8; i++) {
        (void)h2_client_call(&self->client, WATCH, NULL);
        h2_client_run(&self->client);
    }
    assert_int_equal(self->begun, streams_max);
}

static void drained_it_takes_no_call_and_ends_what_it_has(void **state)
{
    struct app *self = *state;
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
    struct app *self = *state;
    struct buf to = {0};

    assert_int_equal(h2_receive(self->h2, STR("GET / HTTP/1.1\r\n\r\n")), ERR_OK); /* GOAWAY */
    assert_false(h2_produce(self->h2, &to, message_max) && !h2_has_work(self->h2));
    buf_fini(&to);
}

static void a_token_that_is_too_long_is_no_token(void **state)
{
    struct app *self = *state;
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
    struct app *self = *state;
    static char value[17 * 1024];
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_message_is_answered_with_one),
        CASE(a_call_gets_the_memory_of_one_that_is_over_of_any_connection),
        CASE(what_is_spare_is_bounded),
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
        CASE(what_a_client_does_not_take_is_counted_and_bounded),
        CASE(a_large_answer_read_slowly_costs_small_calls_nothing),
        CASE(all_connections_together_are_bounded),
        CASE(calls_are_tallied_by_how_they_ended),
        CASE(who_takes_no_answers_is_not_read_on),
        CASE(answers_of_calls_begun_together_are_bounded_too),
        CASE(large_answers_go_as_far_as_windows_let_them),
        CASE(produced_in_parts_of_the_size_asked_for),
        CASE(no_more_streams_than_allowed),
        CASE(drained_it_takes_no_call_and_ends_what_it_has),
        CASE(what_is_no_http2_ends_it),
        CASE(a_token_that_is_too_long_is_no_token),
        CASE(headers_beyond_their_limit_reset_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
