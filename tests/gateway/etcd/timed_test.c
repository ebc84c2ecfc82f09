/* Streams that are to end: a test is their client, and who serves them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/etcd/timed.h"

struct rig {
    struct rpc_server services[ETCD_METHOD_END];
    struct now now;
    struct moment moment;
    struct timed *timed;
    struct rpc *served; /* NULL: none */
    unsigned messages, half_closed, gone;
    bool ends_at_once; /* who serves it, when it begins */
};

struct client {
    struct rpc rpc; /* first */
    unsigned sent;
    bool ended;
    enum grpc_code code;
};

static void serve_begin(void *state, struct rpc *rpc)
{
    struct rig *self = state;

    assert_null(rpc->user);
    assert_int_equal(rpc->timeout_ms, -1);
    assert_true(rpc->needs_leader && str_eq(rpc->token, STR("me")));
    if (self->ends_at_once) {
        rpc_end(rpc, GRPC_UNAVAILABLE, STR("no"));
        return;
    }
    rpc->user = self;
    self->served = rpc;
}

static void serve_message(void *state, struct rpc *rpc, struct str message)
{
    struct rig *self = state;

    assert_ptr_equal(rpc, self->served);
    assert_true(str_eq(message, STR("hello")));
    self->messages++;
}

static void serve_half_closed(void *state, struct rpc *rpc)
{
    struct rig *self = state;

    assert_ptr_equal(rpc, self->served);
    self->half_closed++;
}

static void serve_gone(void *state, struct rpc *rpc)
{
    struct rig *self = state;

    assert_ptr_equal(rpc, self->served);
    assert_ptr_equal(rpc->user, self);
    self->served = NULL;
    self->gone++;
}

static const struct rpc_app server = {.begin = serve_begin,
                                      .message = serve_message,
                                      .half_closed = serve_half_closed,
                                      .gone = serve_gone};

static void on_send(struct rpc *rpc, struct str message)
{
    assert_true(str_eq(message, STR("event")));
    ((struct client *)rpc)->sent++;
}

static void on_end(struct rpc *rpc, enum grpc_code code, struct str text)
{
    struct client *client = (struct client *)rpc;

    (void)text;
    client->ended = true;
    client->code = code;
}

static size_t on_unsent(const struct rpc *rpc)
{
    (void)rpc;
    return 77;
}

static const struct rpc_caller caller = {.send = on_send, .end = on_end, .unsent = on_unsent};

static int set_up(void **state)
{
    struct rig *self = calloc(1, sizeof(*self));

    self->now.mono_ms = 1000;
    self->moment.now = &self->now;
    self->services[ETCD_METHOD_WATCH] = (struct rpc_server){&server, self};
    self->timed = timed_new(self->services, &self->moment);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *self = *state;

    timed_destroy(&self->timed);
    free(self);
    return 0;
}

static void begin(struct rig *self, struct client *client, int64_t timeout_ms)
{
    *client = (struct client){.rpc = {.caller = &caller,
                                      .method = ETCD_METHOD_WATCH,
                                      .token = STR("me"),
                                      .timeout_ms = timeout_ms,
                                      .needs_leader = true}};
    timed_app.begin(self->timed, &client->rpc);
}

static void only_streams_with_a_time_are_timed(void **state)
{
    struct rpc rpc = {.method = ETCD_METHOD_WATCH, .timeout_ms = 0};

    (void)state;
    assert_true(timed_is_for(&rpc));
    rpc.timeout_ms = -1;
    assert_false(timed_is_for(&rpc));
    rpc = (struct rpc){.method = ETCD_METHOD_LOCK, .timeout_ms = 5};
    assert_false(timed_is_for(&rpc));
}

static void all_that_is_said_goes_through(void **state)
{
    struct rig *self = *state;
    struct client client;

    begin(self, &client, 500);
    timed_app.message(self->timed, &client.rpc, STR("hello"));
    rpc_send(self->served, STR("event"));
    assert_int_equal(rpc_unsent(self->served), 77);
    timed_app.half_closed(self->timed, &client.rpc);
    assert_int_equal(self->messages, 1);
    assert_int_equal(self->half_closed, 1);
    assert_int_equal(client.sent, 1);
    rpc_end(self->served, GRPC_UNAVAILABLE, STR("no leader"));
    assert_true(client.ended && client.code == GRPC_UNAVAILABLE);
    assert_int_equal(timed_due_ms(self->timed), INT64_MAX);
    assert_int_equal(self->gone, 0);
}

static void it_ends_when_its_time_is_over(void **state)
{
    struct rig *self = *state;
    struct client client;

    begin(self, &client, 500);
    assert_int_equal(timed_due_ms(self->timed), 1500);
    self->now.mono_ms = 1499;
    timed_turn(self->timed);
    assert_false(client.ended);
    self->now.mono_ms = 1500;
    timed_turn(self->timed);
    assert_true(client.ended && client.code == GRPC_DEADLINE_EXCEEDED);
    assert_int_equal(self->gone, 1);
    assert_int_equal(timed_due_ms(self->timed), INT64_MAX);
}

static void a_client_that_goes_takes_it_back(void **state)
{
    struct rig *self = *state;
    struct client client;

    begin(self, &client, 500);
    timed_app.gone(self->timed, &client.rpc);
    assert_int_equal(self->gone, 1);
    assert_int_equal(timed_due_ms(self->timed), INT64_MAX);
    self->now.mono_ms = 2000;
    timed_turn(self->timed);
    assert_false(client.ended);
}

static void one_that_is_refused_at_once_is_over(void **state)
{
    struct rig *self = *state;
    struct client client;

    self->ends_at_once = true;
    begin(self, &client, 500);
    assert_true(client.ended && client.code == GRPC_UNAVAILABLE);
    assert_int_equal(timed_due_ms(self->timed), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_streams_with_a_time_are_timed),
        cmocka_unit_test_setup_teardown(all_that_is_said_goes_through, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_ends_when_its_time_is_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_goes_takes_it_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_refused_at_once_is_over, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
