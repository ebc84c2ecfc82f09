#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/etcd/relay.h"
#include "tests/gateway/etcd/h2_client.h"

#define RANGE "/etcdserverpb.KV/Range"

enum { calls_max = 20, answer_ms = 7000, wait_ms = 1000, boot = 5 };

struct fixture {
    struct relay *relay;
    struct outbox *out;
    struct now now;
    struct h2 *h2;
    struct h2_client client;
};

static void on_begin(void *state, struct rpc *call)
{
    (void)state;
    (void)call;
}

static void on_message(void *state, struct rpc *call, struct str message)
{
    struct fixture *self = state;

    relay_send(self->relay, call, message, &self->now, self->out);
}

static void on_gone(void *state, struct rpc *call)
{
    struct fixture *self = state;

    relay_gone(self->relay, call);
}

static void on_wake(void *owner)
{
    (void)owner;
}

static int set_up(void **state)
{
    static const struct h2_options options = {
        .message_max = 1000, .streams_max = 100, .held_max = 100000};
    static const struct rpc_app app = {
        .begin = on_begin, .message = on_message, .half_closed = on_begin, .gone = on_gone};
    static const struct relay_options calls = {
        .to = ACTOR_REGISTRY,
        .calls_max = calls_max,
        .kept_max = 100,
        .parts_max = 100,
        .answer_ms = answer_ms,
        .wait_ms = wait_ms,
    };
    struct fixture *self = calloc(1, sizeof(*self));

    self->relay = relay_new(&calls);
    self->out = outbox_new(4096);
    self->now.mono_ms = 1000;
    relay_up(self->relay, boot, &self->now, self->out);
    self->h2 = h2_new(&options, &app, self, (struct h2_wake){.wake = on_wake});
    h2_client_init(&self->client, self->h2);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *self = *state;

    h2_destroy(&self->h2);
    h2_client_fini(&self->client);
    relay_destroy(&self->relay);
    outbox_destroy(&self->out);
    free(self);
    return 0;
}

static uint64_t under_way(struct fixture *self)
{
    struct relay_counts counts;

    relay_counts(self->relay, &counts);
    return counts.under_way;
}

/* The newest CALL in the outbox, which is emptied. */
static struct msg_call sent(struct fixture *self)
{
    struct outbox_item item;
    struct msg msg = {0};
    size_t cursor = 0;

    while (outbox_next(self->out, OUTBOX_SYNCED, &cursor, &item)) {
        struct str rest = item.frame;

        assert_int_equal(item.kind, OUTBOX_COMMAND);
        assert_int_equal(item.actor, ACTOR_REGISTRY);
        while (rest.len > 0) {
            assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
            assert_int_equal(msg.type, MSG_TYPE_CALL);
        }
    }
    outbox_clear(self->out, OUTBOX_SYNCED);
    msg.as_call.request = msg.as_call.token = STR(""); /* gone with the outbox */
    return msg.as_call;
}

static void answer(struct fixture *self, uint64_t id, enum grpc_code code, struct str text,
                   struct str response)
{
    const struct msg msg = {
        .type = MSG_TYPE_ANSWERED,
        .as_answered = {.id = id, .code = code, .text = text, .response = response}};

    relay_answer(self->relay, &msg, &self->now, self->out);
    h2_client_run(&self->client);
}

static void a_call_goes_to_the_store_and_its_answer_to_the_client(void **state)
{
    struct fixture *self = *state;
    struct client_call *call = h2_client_unary(&self->client, RANGE, STR("request"));
    struct outbox_item item;
    size_t cursor = 0;
    struct str rest;
    struct msg msg;

    assert_true(outbox_next(self->out, OUTBOX_SYNCED, &cursor, &item));
    rest = item.frame;
    assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
    assert_int_equal(msg.as_call.method, ETCD_METHOD_RANGE);
    assert_int_equal(msg.as_call.boot, boot);
    assert_int_equal(msg.as_call.left_ms, answer_ms);
    assert_true(str_eq(msg.as_call.request, STR("request")));
    answer(self, msg.as_call.id, GRPC_OK, STR(""), STR("response"));
    assert_true(str_eq(buf_str(&call->received), STR("\0\0\0\0\10response")));
    assert_string_equal(call->code, "0");
    assert_int_equal(under_way(self), 0);
}

static void an_error_comes_with_its_text_and_no_message(void **state)
{
    struct fixture *self = *state;
    struct client_call *call = h2_client_unary(&self->client, RANGE, STR("x"));

    answer(self, sent(self).id, GRPC_INVALID_ARGUMENT, STR("etcdserver: key is not provided"),
           STR("no"));
    assert_string_equal(call->code, "3");
    assert_string_equal(call->text, "etcdserver: key is not provided");
    assert_int_equal(call->received.len, 0);
}

static void answers_find_their_calls_in_any_order(void **state)
{
    struct fixture *self = *state;
    struct client_call *call[3];
    uint64_t id[3];

    for (int i = 0; i < 3; i++) {
        call[i] = h2_client_unary(&self->client, RANGE, STR("x"));
        id[i] = sent(self).id;
    }
    for (int i = 2; i >= 0; i--) {
        answer(self, id[i], GRPC_OK, STR(""), (struct str){&"abc"[i], 1});
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(call[i]->received.data[5], "abc"[i]);
    }
}

static void an_answer_nobody_waits_for_is_counted_and_harms_none(void **state)
{
    struct fixture *self = *state;
    struct relay_counts counts;
    struct client_call *first = h2_client_unary(&self->client, RANGE, STR("x"));
    struct client_call *second;
    uint64_t id = sent(self).id;

    (void)nghttp2_submit_rst_stream(self->client.session, NGHTTP2_FLAG_NONE, first->id,
                                    NGHTTP2_CANCEL);
    h2_client_run(&self->client);
    assert_int_equal(under_way(self), 0);
    second = h2_client_unary(&self->client, RANGE, STR("y")); /* in the same place */
    answer(self, id, GRPC_OK, STR(""), STR("of the first"));
    answer(self, UINT64_MAX, GRPC_OK, STR(""), STR(""));
    assert_false(second->closed);
    relay_counts(self->relay, &counts);
    assert_int_equal(counts.late_total, 2);
    answer(self, sent(self).id, GRPC_OK, STR(""), STR("of the second"));
    assert_true(second->closed);
}

static void its_time_is_the_clients_or_ours(void **state)
{
    static const struct client_header soon[] = {{"grpc-timeout", "50m"}, {NULL, NULL}};
    static const struct client_header late[] = {{"grpc-timeout", "1H"}, {NULL, NULL}};
    struct fixture *self = *state;
    struct client_call *call[2] = {h2_client_call(&self->client, RANGE, soon),
                                   h2_client_call(&self->client, RANGE, late)};

    for (int i = 0; i < 2; i++) {
        h2_client_send(&self->client, call[i], STR("\0\0\0\0\0"));
        h2_client_close(&self->client, call[i]);
        h2_client_run(&self->client);
        assert_int_equal(sent(self).left_ms, i == 0 ? 50 : answer_ms);
    }
    assert_int_equal(relay_due_ms(self->relay), self->now.mono_ms + 50);
    self->now.mono_ms += 49;
    relay_turn(self->relay, &self->now);
    assert_int_equal(under_way(self), 2);
    self->now.mono_ms += 1;
    relay_turn(self->relay, &self->now);
    h2_client_run(&self->client);
    assert_string_equal(call[0]->code, "4");
    assert_string_equal(call[0]->text, "context deadline exceeded");
    self->now.mono_ms += answer_ms - 50;
    relay_turn(self->relay, &self->now);
    h2_client_run(&self->client);
    assert_string_equal(call[1]->code, "14");
    assert_string_equal(call[1]->text, "etcdserver: request timed out");
    assert_int_equal(relay_due_ms(self->relay), INT64_MAX);
}

static void a_lost_store_ends_all(void **state)
{
    struct fixture *self = *state;
    struct client_call *call[2];

    for (int i = 0; i < 2; i++) {
        call[i] = h2_client_unary(&self->client, RANGE, STR("x"));
    }
    relay_up(self->relay, boot, &self->now, self->out); /* it was only silent */
    h2_client_run(&self->client);
    assert_false(call[0]->closed);
    relay_up(self->relay, boot + 1, &self->now, self->out);
    h2_client_run(&self->client);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(call[i]->code, "14");
        assert_string_equal(
            call[i]->text,
            "etcdserver: request timed out, possibly due to previous leader failure");
    }
    assert_int_equal(under_way(self), 0);
}

static void what_comes_while_the_store_is_silent_waits_for_it(void **state)
{
    struct fixture *self = *state;
    struct client_call *call[2];

    relay_down(self->relay);
    outbox_clear(self->out, OUTBOX_SYNCED);
    for (int i = 0; i < 2; i++) {
        call[i] = h2_client_unary(&self->client, RANGE, STR("x"));
    }
    self->now.mono_ms += wait_ms - 1;
    relay_turn(self->relay, &self->now);
    assert_int_equal(sent(self).id, 0);
    relay_up(self->relay, boot + 1, &self->now, self->out);
    h2_client_run(&self->client);
    assert_false(call[0]->closed);
    assert_false(call[1]->closed);
    {
        const struct msg_call last = sent(self);

        assert_int_equal(last.boot, boot + 1);
        assert_int_equal(last.left_ms, answer_ms);
        answer(self, last.id, GRPC_OK, STR(""), STR("late but whole"));
    }
    assert_string_equal(call[1]->code, "0");
    assert_int_equal(under_way(self), 1);
}

static void a_store_that_does_not_come_back_has_stopped(void **state)
{
    static const struct client_header soon[] = {{"grpc-timeout", "50m"}, {NULL, NULL}};
    struct fixture *self = *state;
    struct client_call *call[2];
    struct relay_counts counts;

    relay_down(self->relay);
    call[0] = h2_client_unary(&self->client, RANGE, STR("x"));
    call[1] = h2_client_call(&self->client, RANGE, soon);
    h2_client_send(&self->client, call[1], STR("\0\0\0\0\0"));
    h2_client_close(&self->client, call[1]);
    h2_client_run(&self->client);
    assert_int_equal(relay_due_ms(self->relay), self->now.mono_ms + 50);
    self->now.mono_ms += wait_ms;
    relay_turn(self->relay, &self->now);
    h2_client_run(&self->client);
    assert_string_equal(call[0]->code, "14");
    assert_string_equal(call[0]->text, "etcdserver: server stopped");
    assert_string_equal(call[1]->code, "4");
    relay_counts(self->relay, &counts);
    assert_int_equal(counts.under_way, 0);
    assert_int_equal(counts.kept_bytes, 0);
}

static void what_waits_is_bounded_by_its_bytes(void **state)
{
    static char large[60];
    struct fixture *self = *state;
    struct client_call *call[2];

    relay_down(self->relay);
    for (int i = 0; i < 2; i++) {
        call[i] = h2_client_unary(&self->client, RANGE, (struct str){large, sizeof(large)});
    }
    assert_false(call[0]->closed);
    assert_string_equal(call[1]->code, "8");
}

static void one_that_waits_may_go(void **state)
{
    struct fixture *self = *state;
    struct client_call *call;

    relay_down(self->relay);
    call = h2_client_unary(&self->client, RANGE, STR("x"));
    (void)nghttp2_submit_rst_stream(self->client.session, NGHTTP2_FLAG_NONE, call->id,
                                    NGHTTP2_CANCEL);
    h2_client_run(&self->client);
    assert_int_equal(under_way(self), 0);
    outbox_clear(self->out, OUTBOX_SYNCED);
    relay_up(self->relay, boot, &self->now, self->out);
    assert_int_equal(sent(self).id, 0);
}

static void too_many_are_refused_at_once(void **state)
{
    struct fixture *self = *state;
    struct relay_counts counts;
    struct client_call *call;

    for (int i = 0; i < calls_max; i++) {
        (void)h2_client_unary(&self->client, RANGE, STR("x"));
        (void)sent(self);
    }
    call = h2_client_unary(&self->client, RANGE, STR("x"));
    assert_string_equal(call->code, "8");
    assert_string_equal(call->text, "etcdserver: too many requests");
    relay_counts(self->relay, &counts);
    assert_int_equal(counts.refused_total, 1);
    assert_int_equal(counts.under_way, calls_max);
}

static void a_full_outbox_refuses_too(void **state)
{
    static char large[900];
    struct fixture *self = *state;
    unsigned refused = 0;

    for (int i = 0; i < 6; i++) {
        struct client_call *call =
            h2_client_unary(&self->client, RANGE, (struct str){large, sizeof(large)});

        refused += strcmp(call->code, "8") == 0;
    }
    assert_true(refused > 0 && refused < 6);
    assert_int_equal(under_way(self), 6 - refused);
}

/* ── in parts ── */

static void part(struct fixture *self, uint64_t id, struct str response)
{
    const struct msg msg = {.type = MSG_TYPE_ANSWERED,
                            .as_answered = {.id = id, .response = response, .more = true}};

    relay_answer(self->relay, &msg, &self->now, self->out);
    h2_client_run(&self->client);
}

/* The next PART_TAKEN in the outbox, which is emptied. */
static struct msg_part_taken taken(struct fixture *self)
{
    struct outbox_item item;
    struct msg msg = {0};
    size_t cursor = 0;
    struct str rest;

    assert_true(outbox_next(self->out, OUTBOX_SYNCED, &cursor, &item));
    assert_int_equal(item.actor, ACTOR_REGISTRY);
    rest = item.frame;
    assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
    assert_int_equal(msg.type, MSG_TYPE_PART_TAKEN);
    outbox_clear(self->out, OUTBOX_SYNCED);
    return msg.as_part_taken;
}

static uint64_t parts_bytes(struct fixture *self)
{
    struct relay_counts counts;

    relay_counts(self->relay, &counts);
    return counts.parts_bytes;
}

static void parts_are_one_message_whatever_comes_between_them(void **state)
{
    struct fixture *self = *state;
    struct client_call *call[2];
    uint64_t id[2];

    for (int i = 0; i < 2; i++) {
        call[i] = h2_client_unary(&self->client, RANGE, STR("x"));
        id[i] = sent(self).id;
    }
    for (uint32_t i = 1; i <= 3; i++) {
        part(self, id[0], STR("one "));
        {
            const struct msg_part_taken told = taken(self);

            assert_int_equal(told.id, id[0]);
            assert_int_equal(told.boot, boot);
            assert_int_equal(told.taken, i);
            assert_true(told.wanted);
        }
    }
    assert_int_equal(parts_bytes(self), 12);
    answer(self, id[1], GRPC_OK, STR(""), STR("other"));
    assert_true(str_eq(buf_str(&call[1]->received), STR("\0\0\0\0\5other")));
    assert_int_equal(call[0]->received.len, 0);
    answer(self, id[0], GRPC_OK, STR(""), STR("end"));
    assert_true(str_eq(buf_str(&call[0]->received), STR("\0\0\0\0\17one one one end")));
    assert_string_equal(call[0]->code, "0");
    assert_int_equal(under_way(self), 0);
    assert_int_equal(parts_bytes(self), 0);
}

/* In a place where others were. */
static void an_error_makes_the_parts_before_it_void(void **state)
{
    struct fixture *self = *state;

    for (int i = 0; i < 2; i++) {
        struct client_call *call = h2_client_unary(&self->client, RANGE, STR("x"));
        uint64_t id = sent(self).id;

        part(self, id, STR("half"));
        assert_int_equal(taken(self).taken, 1);
        answer(self, id, GRPC_OUT_OF_RANGE, STR("compacted"), STR(""));
        assert_int_equal(call->received.len, 0);
        assert_string_equal(call->code, "11");
        assert_string_equal(call->text, "compacted");
        assert_int_equal(parts_bytes(self), 0);
    }
}

static void parts_nobody_waits_for_are_taken_back(void **state)
{
    struct fixture *self = *state;
    struct client_call *call = h2_client_unary(&self->client, RANGE, STR("x"));
    struct client_call *next;
    uint64_t id = sent(self).id;

    part(self, id, STR("half"));
    (void)taken(self);
    (void)nghttp2_submit_rst_stream(self->client.session, NGHTTP2_FLAG_NONE, call->id,
                                    NGHTTP2_CANCEL);
    h2_client_run(&self->client);
    assert_int_equal(parts_bytes(self), 0);
    next = h2_client_unary(&self->client, RANGE, STR("y")); /* in the same place */
    (void)sent(self);
    part(self, id, STR("more"));
    {
        const struct msg_part_taken told = taken(self);

        assert_int_equal(told.id, id);
        assert_false(told.wanted);
    }
    answer(self, id, GRPC_OK, STR(""), STR("the end"));
    assert_false(next->closed);
    assert_int_equal(under_way(self), 1);
}

static void each_part_puts_off_our_end_but_not_the_clients(void **state)
{
    static const struct client_header late[] = {{"grpc-timeout", "10S"}, {NULL, NULL}};
    struct fixture *self = *state;
    struct client_call *call = h2_client_call(&self->client, RANGE, late);
    int64_t begun_ms = self->now.mono_ms;
    uint64_t id;

    h2_client_send(&self->client, call, STR("\0\0\0\0\0"));
    h2_client_close(&self->client, call);
    h2_client_run(&self->client);
    id = sent(self).id;
    self->now.mono_ms += 2000;
    part(self, id, STR("a"));
    assert_int_equal(relay_due_ms(self->relay), begun_ms + 2000 + answer_ms);
    self->now.mono_ms += 5000;
    part(self, id, STR("b"));
    assert_int_equal(relay_due_ms(self->relay), begun_ms + 10000);
    self->now.mono_ms += 3000;
    relay_turn(self->relay, &self->now);
    h2_client_run(&self->client);
    assert_string_equal(call->code, "4");
    assert_int_equal(call->received.len, 0);
    assert_int_equal(parts_bytes(self), 0);
}

static void parts_are_bounded_by_their_bytes(void **state)
{
    static char large[60];
    struct fixture *self = *state;
    struct client_call *call[3];
    uint64_t id[3];

    for (int i = 0; i < 3; i++) {
        call[i] = h2_client_unary(&self->client, RANGE, STR("x"));
        id[i] = sent(self).id;
    }
    part(self, id[0], (struct str){large, sizeof(large)});
    assert_true(taken(self).wanted);
    part(self, id[1], (struct str){large, sizeof(large)});
    assert_false(taken(self).wanted);
    assert_string_equal(call[1]->code, "8");
    assert_string_equal(call[1]->text, "etcdserver: too many requests");
    assert_false(call[0]->closed);
    answer(self, id[0], GRPC_OK, STR(""), (struct str){large, 41}); /* nor the last one */
    assert_string_equal(call[0]->code, "8");
    assert_int_equal(call[0]->received.len, 0);
    assert_int_equal(parts_bytes(self), 0);
    answer(self, id[2], GRPC_OK, STR(""), (struct str){large, sizeof(large)});
    assert_string_equal(call[2]->code, "0");
    assert_int_equal(under_way(self), 0);
}

static void parts_of_a_lost_store_are_void(void **state)
{
    struct fixture *self = *state;
    struct client_call *call = h2_client_unary(&self->client, RANGE, STR("x"));
    uint64_t id = sent(self).id;

    part(self, id, STR("half"));
    relay_up(self->relay, boot + 1, &self->now, self->out);
    h2_client_run(&self->client);
    assert_string_equal(call->code, "14");
    assert_int_equal(call->received.len, 0);
    assert_int_equal(parts_bytes(self), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_call_goes_to_the_store_and_its_answer_to_the_client),
        CASE(an_error_comes_with_its_text_and_no_message),
        CASE(answers_find_their_calls_in_any_order),
        CASE(an_answer_nobody_waits_for_is_counted_and_harms_none),
        CASE(its_time_is_the_clients_or_ours),
        CASE(a_lost_store_ends_all),
        CASE(what_comes_while_the_store_is_silent_waits_for_it),
        CASE(a_store_that_does_not_come_back_has_stopped),
        CASE(what_waits_is_bounded_by_its_bytes),
        CASE(one_that_waits_may_go),
        CASE(too_many_are_refused_at_once),
        CASE(a_full_outbox_refuses_too),
        CASE(parts_are_one_message_whatever_comes_between_them),
        CASE(an_error_makes_the_parts_before_it_void),
        CASE(parts_nobody_waits_for_are_taken_back),
        CASE(each_part_puts_off_our_end_but_not_the_clients),
        CASE(parts_are_bounded_by_their_bytes),
        CASE(parts_of_a_lost_store_are_void),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
