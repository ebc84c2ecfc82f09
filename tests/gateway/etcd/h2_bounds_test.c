/* What connections of HTTP/2 may hold, and how answers go out to clients that read slowly, or not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/gateway/etcd/h2_rig.h"

static void a_call_gets_the_memory_of_one_that_is_over_of_any_connection(void **state)
{
    static const struct client_header secret[] = {{"token", "abc.7"}, {NULL, NULL}};
    struct h2_rig *self = *state;
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
    h2_rig_begin_anew(self);
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
    struct h2_rig *self = *state;
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

/* A client that does not read: what it is sent is held and counted; then nobody new is taken. */
static void what_a_client_does_not_take_is_counted_and_bounded(void **state)
{
    struct h2_rig *self = *state;
    static char large[held_max + 1];
    struct client_call *call = h2_client_call(&self->client, WATCH, NULL);
    struct client_call *refused;
    struct rpc *stream;
    struct rpc *other;

    h2_client_run(&self->client);
    stream = self->call;
    (void)h2_client_call(&self->client, WATCH, NULL);
    h2_client_run(&self->client);
    other = self->call;
    self->client.reads = false;
    rpc_send(stream, (struct str){large, sizeof(large)});
    assert_int_equal(rpc_unsent(stream), sizeof(large) + 5);
    assert_int_equal(h2_held(self->h2), sizeof(large) + 5);
    (void)h2_client_unary(&self->client, RANGE, STR("x")); /* beside one, however large */
    assert_int_equal(self->begun, 3);
    rpc_send(other, (struct str){large, sizeof(large)});
    refused = h2_client_unary(&self->client, RANGE, STR("x"));
    assert_int_equal(self->begun, 3);
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
    struct h2_rig *self = *state;
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
    struct h2_rig *self = *state;
    static char large[100 * 1000];
    struct client_call *calls[4];
    struct rpc *begun[4];

    for (unsigned i = 0; i < 4; i++) {
        calls[i] = h2_client_unary(&self->client, RANGE, STR("x"));
        begun[i] = self->call;
    }
    self->client.reads = false;
    for (unsigned i = 0; i < 4; i++) { /* the largest does not count, but the second does */
        rpc_send(begun[i], (struct str){large, i < 3 ? sizeof(large) : 10});
        rpc_end(begun[i], GRPC_OK, STR(""));
    }
    assert_true(h2_held(self->h2) < 3 * sizeof(large));
    self->client.reads = true;
    h2_client_run(&self->client);
    assert_string_equal(calls[0]->code, "0");
    assert_string_equal(calls[1]->code, "0");
    assert_string_equal(calls[2]->code, "8");
    assert_int_equal(calls[2]->received.len, 0);
    assert_string_equal(calls[3]->code, "0");
}

/* What it has asked for and reads slowly is no reason to refuse its small calls. */
static void a_large_answer_read_slowly_costs_small_calls_nothing(void **state)
{
    struct h2_rig *self = *state;
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
    struct h2_rig *self = *state;
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
    h2_rig_begin_anew(self);
}

/* More than a window: it is sent as the client makes room. */
static void large_answers_go_as_far_as_windows_let_them(void **state)
{
    enum { bytes = 300 * 1000 };
    struct h2_rig *self = *state;
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
    struct h2_rig *self = *state;
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

/* However large the one before it is. */
static void a_small_answer_does_not_wait_for_a_large_one(void **state)
{
    enum { bytes = 60 * 1000, part = 20 * 1000 };
    struct h2_rig *self = *state;
    struct client_call *calls[2];
    struct rpc *begun[2];
    static char large[bytes];
    struct buf sent = {0};

    for (unsigned i = 0; i < 2; i++) {
        calls[i] = h2_client_unary(&self->client, RANGE, STR("x"));
        begun[i] = self->call;
    }
    for (unsigned i = 0; i < 2; i++) {
        rpc_send(begun[i], (struct str){large, i == 0 ? bytes : 10});
        rpc_end(begun[i], GRPC_OK, STR(""));
    }
    while (!calls[1]->closed) {
        sent.len = 0;
        assert_true(h2_produce(self->h2, &sent, part) && sent.len > 0);
        assert_int_equal(
            nghttp2_session_mem_recv(self->client.session, (uint8_t *)sent.data, sent.len),
            sent.len);
    }
    assert_in_range(calls[0]->received.len, 1, 2 * part);
    h2_client_run(&self->client);
    assert_string_equal(calls[0]->code, "0");
    buf_fini(&sent);
}

static void any_number_of_calls_may_be_cancelled(void **state)
{
    enum { calls = 5000 };
    struct h2_rig *self = *state;

    for (unsigned i = 0; i < calls; i++) {
        struct client_call *call = h2_client_call(&self->client, RANGE, NULL);

        h2_client_run(&self->client);
        (void)nghttp2_submit_rst_stream(self->client.session, NGHTTP2_FLAG_NONE, call->id,
                                        NGHTTP2_CANCEL);
        h2_client_run(&self->client);
        assert_true(call->closed && !self->client.goaway && !self->client.server_over);
        buf_fini(&call->headers);
        buf_fini(&call->received);
        buf_fini(&call->to_send);
        *call = (struct client_call){0};
        self->client.count--;
    }
    assert_int_equal(self->gone, calls);
    self->echoes = true;
    assert_string_equal(h2_client_unary(&self->client, RANGE, STR("x"))->code, "0");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, h2_rig_setup, h2_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_call_gets_the_memory_of_one_that_is_over_of_any_connection),
        CASE(what_is_spare_is_bounded),
        CASE(what_a_client_does_not_take_is_counted_and_bounded),
        CASE(a_large_answer_read_slowly_costs_small_calls_nothing),
        CASE(all_connections_together_are_bounded),
        CASE(who_takes_no_answers_is_not_read_on),
        CASE(answers_of_calls_begun_together_are_bounded_too),
        CASE(large_answers_go_as_far_as_windows_let_them),
        CASE(produced_in_parts_of_the_size_asked_for),
        CASE(a_small_answer_does_not_wait_for_a_large_one),
        CASE(any_number_of_calls_may_be_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
