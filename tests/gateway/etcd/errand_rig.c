#include "tests/gateway/etcd/errand_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void on_begin(void *state, struct rpc *rpc)
{
    struct fixture *self = state;

    assert_null(self->asked); /* one at a time */
    self->asked = rpc;
    self->asked_total++;
    memset(self->token, 0, sizeof(self->token));
    memcpy(self->token, rpc->token.data, rpc->token.len);
}

static void on_message(void *state, struct rpc *rpc, struct str message)
{
    struct fixture *self = state;

    (void)rpc;
    self->request.len = 0;
    buf_add_str(&self->request, message);
}

static void on_half_closed(void *state, struct rpc *rpc)
{
    (void)state;
    (void)rpc;
}

static void on_gone(void *state, struct rpc *rpc)
{
    struct fixture *self = state;

    assert_ptr_equal(self->asked, rpc);
    self->asked = NULL;
    self->dropped++;
}

static const struct rpc_app store = {
    .begin = on_begin, .message = on_message, .half_closed = on_half_closed, .gone = on_gone};

void errand_rig_tell(struct fixture *self, const ProtobufCMessage *message)
{
    struct buf packed = {0};

    if (self->asked == NULL) {
        fail();
        return;
    }
    packed.len = protobuf_c_message_pack(
        message, (uint8_t *)buf_reserve(&packed, protobuf_c_message_get_packed_size(message) + 1));
    rpc_send(self->asked, buf_str(&packed));
    buf_fini(&packed);
    errands_turn(self->errands, &self->now);
}

void errand_rig_end(struct fixture *self, enum grpc_code code, const char *text)
{
    struct rpc *rpc = self->asked;

    if (rpc == NULL) {
        fail();
        return;
    }
    self->asked = NULL;
    rpc_end(rpc, code, str_from(text));
    errands_turn(self->errands, &self->now);
}

void errand_rig_answer(struct fixture *self, const ProtobufCMessage *message)
{
    errand_rig_tell(self, message);
    errand_rig_end(self, GRPC_OK, "");
}

static void client_send(struct rpc *rpc, struct str message)
{
    struct client *client = (struct client *)rpc;

    assert_false(client->ended);
    client->sent++;
    client->message.len = 0;
    buf_add_str(&client->message, message);
}

static void client_end(struct rpc *rpc, enum grpc_code code, struct str text)
{
    struct client *client = (struct client *)rpc;

    assert_false(client->ended);
    client->ended = true;
    client->code = code;
    memset(client->text, 0, sizeof(client->text));
    memcpy(client->text, text.data, text.len);
}

static size_t client_unsent(const struct rpc *rpc)
{
    (void)rpc;
    return 0;
}

const struct rpc_caller errand_rig_caller = {
    .send = client_send, .end = client_end, .unsent = client_unsent};

void errand_rig_call(struct fixture *self, const struct rpc_app *app, enum etcd_method method,
                     const ProtobufCMessage *message, int64_t timeout_ms)
{
    struct buf packed = {0};
    struct buf kept = self->client.message;

    self->client = (struct client){.rpc = {.caller = &errand_rig_caller,
                                           .method = method,
                                           .token = STR("mine"),
                                           .timeout_ms = timeout_ms},
                                   .message = kept};
    packed.len = protobuf_c_message_pack(
        message, (uint8_t *)buf_reserve(&packed, protobuf_c_message_get_packed_size(message) + 1));
    app->begin(self->errands, &self->client.rpc);
    app->message(self->errands, &self->client.rpc, buf_str(&packed));
    buf_fini(&packed);
    errands_turn(self->errands, &self->now);
}

void errand_rig_go(struct fixture *self, const struct rpc_app *app)
{
    self->client.rpc.token = STR("freed");
    app->gone(self->errands, &self->client.rpc);
    self->client.ended = true;
    errands_turn(self->errands, &self->now);
}

int errand_rig_set_up(void **state)
{
    struct fixture *self = calloc(1, sizeof(*self));

    self->server = (struct rpc_server){&store, self};
    self->now.mono_ms = 1000;
    self->out = outbox_new(1000);
    self->moment = (struct moment){&self->now, self->out};
    self->errands = errands_new(&self->server, &self->moment);
    *state = self;
    return 0;
}

int errand_rig_tear_down(void **state)
{
    struct fixture *self = *state;

    assert_int_equal(errands_count(self->errands), 0);
    assert_null(self->asked);
    errands_destroy(&self->errands);
    outbox_destroy(&self->out);
    buf_fini(&self->request);
    buf_fini(&self->client.message);
    free(self);
    return 0;
}

void errand_rig_assert_asked(const struct fixture *self, enum etcd_method method)
{
    assert_int_equal(self->asked != NULL ? self->asked->method : 0, method);
    assert_string_equal(self->token, "mine");
}

bool errand_rig_bytes_are(ProtobufCBinaryData bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

void errand_rig_answer_txn(struct fixture *self, int64_t revision, bool succeeded, int64_t own,
                           const char *value, int64_t oldest)
{
    Etcdserverpb__TxnResponse txn = ETCDSERVERPB__TXN_RESPONSE__INIT;
    Etcdserverpb__ResponseHeader header = ETCDSERVERPB__RESPONSE_HEADER__INIT;
    Etcdserverpb__ResponseOp ops[2] = {ETCDSERVERPB__RESPONSE_OP__INIT,
                                       ETCDSERVERPB__RESPONSE_OP__INIT};
    Etcdserverpb__ResponseOp *pointers[] = {&ops[0], &ops[1]};
    Etcdserverpb__PutResponse put = ETCDSERVERPB__PUT_RESPONSE__INIT;
    Etcdserverpb__RangeResponse ranges[2] = {ETCDSERVERPB__RANGE_RESPONSE__INIT,
                                             ETCDSERVERPB__RANGE_RESPONSE__INIT};
    Mvccpb__KeyValue kvs[2] = {MVCCPB__KEY_VALUE__INIT, MVCCPB__KEY_VALUE__INIT};
    Mvccpb__KeyValue *kv_pointers[] = {&kvs[0], &kvs[1]};

    header.revision = revision;
    txn.header = &header;
    txn.succeeded = succeeded;
    kvs[0].create_revision = own;
    kvs[0].value = (ProtobufCBinaryData){strlen(value), (uint8_t *)(uintptr_t)value};
    kvs[1].create_revision = oldest;
    for (unsigned i = 0; i < 2; i++) {
        ops[i].response_case = ETCDSERVERPB__RESPONSE_OP__RESPONSE_RESPONSE_RANGE;
        ops[i].response_range = &ranges[i];
        ranges[i].n_kvs = i == 0 || oldest != 0;
        ranges[i].kvs = &kv_pointers[i];
    }
    if (own == 0) {
        ops[0].response_case = ETCDSERVERPB__RESPONSE_OP__RESPONSE_RESPONSE_PUT;
        ops[0].response_put = &put;
    }
    txn.n_responses = 2;
    txn.responses = pointers;
    errand_rig_answer(self, &txn.base);
}

void errand_rig_answer_range(struct fixture *self, int64_t revision, const char *key)
{
    Etcdserverpb__RangeResponse range = ETCDSERVERPB__RANGE_RESPONSE__INIT;
    Etcdserverpb__ResponseHeader header = ETCDSERVERPB__RESPONSE_HEADER__INIT;
    Mvccpb__KeyValue kv = MVCCPB__KEY_VALUE__INIT;
    Mvccpb__KeyValue *kvs[] = {&kv};

    header.revision = revision;
    range.header = &header;
    if (key != NULL) {
        kv.key = (ProtobufCBinaryData){strlen(key), (uint8_t *)(uintptr_t)key};
        range.n_kvs = 1;
        range.kvs = kvs;
    }
    errand_rig_answer(self, &range.base);
}

void errand_rig_tell_event(struct fixture *self, Mvccpb__Event__EventType type, const char *value)
{
    Etcdserverpb__WatchResponse response = ETCDSERVERPB__WATCH_RESPONSE__INIT;
    Mvccpb__Event event = MVCCPB__EVENT__INIT;
    Mvccpb__Event *events[] = {&event};
    Mvccpb__KeyValue kv = MVCCPB__KEY_VALUE__INIT;

    kv.value = (ProtobufCBinaryData){strlen(value), (uint8_t *)(uintptr_t)value};
    event.type = type;
    event.kv = &kv;
    response.n_events = 1;
    response.events = events;
    errand_rig_tell(self, &response.base);
}
