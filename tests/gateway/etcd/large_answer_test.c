/* An answer of many keys in JSON: it is printed in steps, and others are served meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "common/etcdapi/kv.pb-c.h"
#include "gateway/etcd/json.h"
#include "tests/gateway/etcd/web_rig.h"

enum { keys = 8000, value_bytes = 100, steps_least = 4 };

/* In protobuf, and in JSON. */
struct large {
    Mvccpb__KeyValue kv;
    Mvccpb__KeyValue *kvs[keys];
    Etcdserverpb__RangeResponse response;
    char value[value_bytes];
    struct buf json;
};

static void large_init(struct large *self)
{
    struct buf packed = {0};

    *self = (struct large){.kv = MVCCPB__KEY_VALUE__INIT,
                           .response = ETCDSERVERPB__RANGE_RESPONSE__INIT};
    memset(self->value, 'v', sizeof(self->value));
    self->kv.key = (ProtobufCBinaryData){3, (uint8_t *)"key"};
    self->kv.value = (ProtobufCBinaryData){sizeof(self->value), (uint8_t *)self->value};
    for (unsigned i = 0; i < keys; i++) {
        self->kvs[i] = &self->kv;
    }
    self->response.n_kvs = keys;
    self->response.kvs = self->kvs;
    self->response.count = keys;
    packed.len = etcdserverpb__range_response__pack(
        &self->response,
        (uint8_t *)buf_reserve(&packed,
                               etcdserverpb__range_response__get_packed_size(&self->response)));
    assert_int_equal(
        json_of_message(&etcdserverpb__range_response__descriptor, buf_str(&packed), &self->json),
        ERR_OK);
    buf_fini(&packed);
}

static int set_up(void **state)
{
    static const char *const origins[] = {"*"};
    struct web_rig *self = calloc(1, sizeof(*self));

    web_rig_init(self, "3.4.23", origins, 1);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    web_rig_fini(*state);
    free(*state);
    return 0;
}

static void ask_for_much(struct web_rig *self, enum transport transport, const struct large *large)
{
    (void)web_rig_ask(self, transport, "POST", "/v3/kv/range", NULL, "{\"key\": \"YQ==\"}");
    web_rig_send(self, &large->response.base);
    web_rig_end(self, GRPC_OK, "");
}

static void it_is_whole(void **state)
{
    struct web_rig *self = *state;
    struct large *large = malloc(sizeof(*large));

    large_init(large);
    for (enum transport t = 0; t < TRANSPORTS; t++) {
        char length[32];
        struct seen *seen;

        ask_for_much(self, t, large);
        seen = web_rig_run(self, t);
        assert_int_equal(seen->status, 200);
        assert_true(seen->ended);
        (void)snprintf(length, sizeof(length), "%zu", large->json.len);
        assert_true(seen_header(seen, "content-length", length));
        assert_true(str_eq(buf_str(&seen->body), buf_str(&large->json)));
    }
    buf_fini(&large->json);
    free(large);
}

static void others_are_answered_before_it(void **state)
{
    struct web_rig *self = *state;
    struct large *large = malloc(sizeof(*large));
    Etcdserverpb__RangeResponse small = ETCDSERVERPB__RANGE_RESPONSE__INIT;
    unsigned turns = 0;
    char byte;

    large_init(large);
    small.count = 1;
    (void)web_rig_ask(self, TRANSPORT_HTTP2, "POST", "/v3/kv/range", NULL, "{}");
    ask_for_much(self, TRANSPORT_HTTP1, large);
    web_rig_send(self, &small.base);
    web_rig_end(self, GRPC_OK, "");
    h2_client_run(&self->client);
    assert_true(self->client.calls[self->client.count - 1].closed);
    assert_int_equal(front_due_ms(self->front, &self->now), self->now.mono_ms);
    while (recv(self->http1, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
        assert_true(web_rig_turn(self) || turns >= steps_least - 1);
        turns++;
    }
    assert_in_range(turns, steps_least, 2 * steps_least);
    assert_true(front_due_ms(self->front, &self->now) > self->now.mono_ms);
    buf_fini(&large->json);
    free(large);
}

static void a_client_that_goes_ends_it(void **state)
{
    struct web_rig *self = *state;
    struct large *large = malloc(sizeof(*large));

    large_init(large);
    for (enum transport t = 0; t < TRANSPORTS; t++) {
        ask_for_much(self, t, large);
        assert_true(web_rig_turn(self));
        web_rig_hang_up(self, t);
        (void)web_rig_turn(self);
        assert_false(web_rig_turn(self));
    }
    assert_int_equal(self->gone, 0);
    buf_fini(&large->json);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_are_answered_before_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_goes_ends_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
