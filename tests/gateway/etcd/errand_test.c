/* Locks and elections, step by step, with a store that is played: what is asked, what the client is
 * told, and that nobody who has gone is left in a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/etcdapi/election.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/lock.pb-c.h"
#include "gateway/etcd/election.h"
#include "gateway/etcd/errand.h"
#include "gateway/etcd/lock.h"
#include "gateway/etcd/queue.h"

struct client {
    struct rpc rpc; /* first */
    unsigned sent;
    struct buf message; /* the newest */
    bool ended;
    enum grpc_code code;
    char text[128];
};

struct fixture {
    struct errands *errands;
    struct subcall_server server;
    struct moment moment;
    struct now now;
    struct outbox *out;
    struct rpc *asked; /* open */
    struct buf request;
    char token[32];
    unsigned asked_total;
    unsigned dropped;
    struct client client;
};

/* ── the store ── */

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

static void tell(struct fixture *self, const ProtobufCMessage *message)
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

static void end(struct fixture *self, enum grpc_code code, const char *text)
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

static void answer(struct fixture *self, const ProtobufCMessage *message)
{
    tell(self, message);
    end(self, GRPC_OK, "");
}

/* ── the client ── */

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

static const struct rpc_caller caller = {
    .send = client_send, .end = client_end, .unsent = client_unsent};

static void call(struct fixture *self, const struct rpc_app *app, enum etcd_method method,
                 const ProtobufCMessage *message, int64_t timeout_ms)
{
    struct buf packed = {0};
    struct buf kept = self->client.message;

    self->client = (struct client){.rpc = {.caller = &caller,
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

static void go(struct fixture *self, const struct rpc_app *app)
{
    self->client.rpc.token = STR("freed");
    app->gone(self->errands, &self->client.rpc);
    self->client.ended = true;
    errands_turn(self->errands, &self->now);
}

static int set_up(void **state)
{
    struct fixture *self = calloc(1, sizeof(*self));

    self->server = (struct subcall_server){&store, self};
    self->now.mono_ms = 1000;
    self->out = outbox_new(1000);
    self->moment = (struct moment){&self->now, self->out};
    self->errands = errands_new(&self->server, &self->moment);
    *state = self;
    return 0;
}

static int tear_down(void **state)
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

/* ── what is asked and told ── */

static void assert_asked(const struct fixture *self, enum etcd_method method)
{
    assert_int_equal(self->asked != NULL ? self->asked->method : 0, method);
    assert_string_equal(self->token, "mine");
}

static bool bytes_are(ProtobufCBinaryData bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

static void lock(struct fixture *self, const char *name, int64_t lease, int64_t timeout_ms)
{
    V3lockpb__LockRequest request = V3LOCKPB__LOCK_REQUEST__INIT;

    request.name = (ProtobufCBinaryData){strlen(name), (uint8_t *)(uintptr_t)name};
    request.lease = lease;
    call(self, &lock_app, ETCD_METHOD_LOCK, &request.base, timeout_ms);
}

static void campaign(struct fixture *self, const char *value, int64_t lease)
{
    V3electionpb__CampaignRequest request = V3ELECTIONPB__CAMPAIGN_REQUEST__INIT;

    request.name = (ProtobufCBinaryData){1, (uint8_t *)(uintptr_t) "E"};
    request.value = (ProtobufCBinaryData){strlen(value), (uint8_t *)(uintptr_t)value};
    request.lease = lease;
    call(self, &election_app, ETCD_METHOD_CAMPAIGN, &request.base, -1);
}

/* A Txn's answer. own, oldest: revisions at which the key and the oldest were created; 0: not told.
 */
static void answer_txn(struct fixture *self, int64_t revision, bool succeeded, int64_t own,
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
    answer(self, &txn.base);
}

static void answer_range(struct fixture *self, int64_t revision, const char *key)
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
    answer(self, &range.base);
}

static void tell_event(struct fixture *self, Mvccpb__Event__EventType type, const char *value)
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
    tell(self, &response.base);
}

static void assert_locked(const struct fixture *self, const char *key, int64_t revision)
{
    V3lockpb__LockResponse *response = v3lockpb__lock_response__unpack(
        NULL, self->client.message.len, (const uint8_t *)self->client.message.data);

    assert_true(self->client.ended && self->client.code == GRPC_OK);
    assert_true(bytes_are(response->key, key));
    assert_int_equal(response->header->revision, revision);
    v3lockpb__lock_response__free_unpacked(response, NULL);
}

static void assert_elected(const struct fixture *self, const char *key, int64_t revision,
                           int64_t header)
{
    V3electionpb__CampaignResponse *response = v3electionpb__campaign_response__unpack(
        NULL, self->client.message.len, (const uint8_t *)self->client.message.data);

    assert_true(self->client.ended && self->client.code == GRPC_OK);
    assert_true(bytes_are(response->leader->name, "E"));
    assert_true(bytes_are(response->leader->key, key));
    assert_int_equal(response->leader->rev, revision);
    assert_int_equal(response->header->revision, header);
    v3electionpb__campaign_response__free_unpacked(response, NULL);
}

static void assert_deletes(struct fixture *self, const char *key)
{
    Etcdserverpb__DeleteRangeRequest *request;

    assert_asked(self, ETCD_METHOD_DELETE_RANGE);
    request = etcdserverpb__delete_range_request__unpack(NULL, self->request.len,
                                                         (const uint8_t *)self->request.data);
    assert_true(bytes_are(request->key, key) && request->range_end.len == 0);
    etcdserverpb__delete_range_request__free_unpacked(request, NULL);
    end(self, GRPC_OK, "");
}

/* If the key was created at a revision: it is deleted. */
static void assert_resigns(struct fixture *self, const char *key, int64_t created)
{
    Etcdserverpb__TxnRequest *request;

    assert_asked(self, ETCD_METHOD_TXN);
    request = etcdserverpb__txn_request__unpack(NULL, self->request.len,
                                                (const uint8_t *)self->request.data);
    assert_int_equal(request->n_success, 1);
    assert_true(bytes_are(request->success[0]->request_delete_range->key, key));
    assert_true(bytes_are(request->compare[0]->key, key));
    assert_int_equal(request->compare[0]->create_revision, created);
    etcdserverpb__txn_request__free_unpacked(request, NULL);
}

/* ── lock ── */

static void a_free_lock_is_had_at_once(void **state)
{
    struct fixture *self = *state;

    lock(self, "L", 0x1f, -1);
    assert_asked(self, ETCD_METHOD_TXN);
    answer_txn(self, 35, true, 0, "", 35);
    assert_locked(self, "L/1f", 35);
}

static void who_brings_no_lease_gets_one(void **state)
{
    struct fixture *self = *state;
    Etcdserverpb__LeaseGrantResponse granted = ETCDSERVERPB__LEASE_GRANT_RESPONSE__INIT;
    Etcdserverpb__LeaseGrantRequest *request;

    lock(self, "L", 0, -1);
    assert_asked(self, ETCD_METHOD_LEASE_GRANT);
    request = etcdserverpb__lease_grant_request__unpack(NULL, self->request.len,
                                                        (const uint8_t *)self->request.data);
    assert_int_equal(request->ttl, queue_lease_s);
    etcdserverpb__lease_grant_request__free_unpacked(request, NULL);
    granted.id = 0xabc;
    answer(self, &granted.base);
    answer_txn(self, 35, true, 0, "", 35);
    assert_locked(self, "L/abc", 35);
}

static void who_has_it_already_has_it(void **state)
{
    struct fixture *self = *state;

    lock(self, "L", 0x1f, -1);
    answer_txn(self, 40, false, 35, "", 35);
    assert_locked(self, "L/1f", 40);
}

/* Up to the watch of the one before. */
static void wait_behind(struct fixture *self, int64_t timeout_ms)
{
    Etcdserverpb__RangeRequest *range;
    Etcdserverpb__WatchRequest *watch;

    lock(self, "L", 0x1f, timeout_ms);
    answer_txn(self, 36, true, 0, "", 35);
    assert_asked(self, ETCD_METHOD_RANGE);
    range = etcdserverpb__range_request__unpack(NULL, self->request.len,
                                                (const uint8_t *)self->request.data);
    assert_true(bytes_are(range->key, "L/") && bytes_are(range->range_end, "L0"));
    assert_int_equal(range->max_create_revision, 35);
    assert_int_equal(range->limit, 1);
    assert_int_equal(range->sort_order, ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__DESCEND);
    assert_int_equal(range->sort_target, ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__CREATE);
    etcdserverpb__range_request__free_unpacked(range, NULL);
    answer_range(self, 37, "L/1e");
    assert_asked(self, ETCD_METHOD_WATCH);
    watch = etcdserverpb__watch_request__unpack(NULL, self->request.len,
                                                (const uint8_t *)self->request.data);
    assert_true(bytes_are(watch->create_request->key, "L/1e"));
    assert_int_equal(watch->create_request->start_revision, 37);
    etcdserverpb__watch_request__free_unpacked(watch, NULL);
    assert_false(self->client.ended);
}

static void a_held_lock_is_waited_for(void **state)
{
    struct fixture *self = *state;

    wait_behind(self, -1);
    tell_event(self, MVCCPB__EVENT__EVENT_TYPE__PUT, "");
    assert_int_equal(self->dropped, 0);
    tell_event(self, MVCCPB__EVENT__EVENT_TYPE__DELETE, "");
    assert_int_equal(self->dropped, 1); /* the watch */
    assert_asked(self, ETCD_METHOD_RANGE);
    answer_range(self, 38, NULL);
    assert_asked(self, ETCD_METHOD_RANGE); /* its own key */
    answer_range(self, 39, "L/1f");
    assert_locked(self, "L/1f", 39);
}

static void a_lease_that_ran_out_meanwhile_has_no_lock(void **state)
{
    struct fixture *self = *state;

    wait_behind(self, -1);
    tell_event(self, MVCCPB__EVENT__EVENT_TYPE__DELETE, "");
    answer_range(self, 38, NULL);
    answer_range(self, 39, NULL);
    assert_int_equal(self->client.code, GRPC_UNKNOWN);
    assert_string_equal(self->client.text, "mutex: session is expired");
}

static void who_goes_while_waiting_is_taken_out_of_the_line(void **state)
{
    struct fixture *self = *state;

    wait_behind(self, -1);
    go(self, &lock_app);
    assert_deletes(self, "L/1f");
}

static void who_goes_before_it_is_known_to_be_in_is_taken_out_then(void **state)
{
    struct fixture *self = *state;

    lock(self, "L", 0x1f, -1);
    go(self, &lock_app);
    assert_asked(self, ETCD_METHOD_TXN);
    assert_int_equal(self->asked_total, 1);
    answer_txn(self, 36, true, 0, "", 35);
    assert_deletes(self, "L/1f");
}

static void who_goes_before_anything_is_put_leaves_nothing_to_do(void **state)
{
    struct fixture *self = *state;

    lock(self, "L", 0, -1);
    assert_asked(self, ETCD_METHOD_LEASE_GRANT);
    go(self, &lock_app);
    assert_int_equal(self->dropped, 1);
}

static void whose_time_is_over_is_told_and_taken_out(void **state)
{
    struct fixture *self = *state;

    wait_behind(self, 5000);
    assert_int_equal(errands_due_ms(self->errands), 6000);
    self->now.mono_ms = 6000;
    errands_turn(self->errands, &self->now);
    assert_true(self->client.ended);
    assert_int_equal(self->client.code, GRPC_DEADLINE_EXCEEDED);
    assert_deletes(self, "L/1f");
}

static void errors_of_the_store_are_told_as_unknown(void **state)
{
    struct fixture *self = *state;

    lock(self, "L", 0x1f, -1);
    end(self, GRPC_NOT_FOUND, "etcdserver: requested lease not found");
    assert_int_equal(self->client.code, GRPC_UNKNOWN);
    assert_string_equal(self->client.text, "etcdserver: requested lease not found");
    wait_behind(self, -1);
    end(self, GRPC_UNAVAILABLE, "etcdserver: no leader"); /* the watch */
    assert_int_equal(self->client.code, GRPC_UNAVAILABLE);
    assert_deletes(self, "L/1f");
}

static void a_watch_that_fell_behind_is_begun_anew(void **state)
{
    struct fixture *self = *state;
    Etcdserverpb__WatchResponse response = ETCDSERVERPB__WATCH_RESPONSE__INIT;

    wait_behind(self, -1);
    response.canceled = true;
    response.compact_revision = 50;
    tell(self, &response.base);
    assert_asked(self, ETCD_METHOD_RANGE);
    go(self, &lock_app);
    assert_deletes(self, "L/1f");
}

static void unlock_deletes_the_key(void **state)
{
    struct fixture *self = *state;
    V3lockpb__UnlockRequest request = V3LOCKPB__UNLOCK_REQUEST__INIT;

    request.key = (ProtobufCBinaryData){4, (uint8_t *)(uintptr_t) "L/1f"};
    call(self, &lock_app, ETCD_METHOD_UNLOCK, &request.base, -1);
    assert_deletes(self, "L/1f");
    assert_true(self->client.ended && self->client.code == GRPC_OK);
    assert_int_equal(self->client.sent, 1);
}

/* ── election ── */

static void who_campaigns_alone_is_elected(void **state)
{
    struct fixture *self = *state;

    campaign(self, "me", 0x1f);
    answer_txn(self, 40, true, 0, "", 0);
    assert_asked(self, ETCD_METHOD_RANGE);
    answer_range(self, 41, NULL);
    assert_elected(self, "E/1f", 40, 40);
}

static void who_campaigns_again_proclaims_a_new_value(void **state)
{
    struct fixture *self = *state;

    campaign(self, "new", 0x1f);
    answer_txn(self, 45, false, 40, "old", 0);
    assert_asked(self, ETCD_METHOD_TXN);
    answer_txn(self, 46, true, 0, "", 0);
    answer_range(self, 47, NULL);
    assert_elected(self, "E/1f", 40, 45);
    campaign(self, "old", 0x1f);
    answer_txn(self, 48, false, 40, "old", 0);
    assert_asked(self, ETCD_METHOD_RANGE);
    answer_range(self, 48, NULL);
    assert_elected(self, "E/1f", 40, 48);
}

static void who_goes_while_campaigning_resigns(void **state)
{
    struct fixture *self = *state;

    campaign(self, "me", 0x1f);
    answer_txn(self, 40, true, 0, "", 0);
    answer_range(self, 41, "E/1e");
    assert_asked(self, ETCD_METHOD_WATCH);
    go(self, &election_app);
    assert_resigns(self, "E/1f", 40);
    end(self, GRPC_UNAVAILABLE, ""); /* its lease ends it then */
}

static void only_a_leader_proclaims(void **state)
{
    struct fixture *self = *state;
    V3electionpb__ProclaimRequest request = V3ELECTIONPB__PROCLAIM_REQUEST__INIT;
    V3electionpb__LeaderKey leader = V3ELECTIONPB__LEADER_KEY__INIT;

    call(self, &election_app, ETCD_METHOD_PROCLAIM, &request.base, -1);
    assert_int_equal(self->client.code, GRPC_UNKNOWN);
    assert_string_equal(self->client.text, "\"leader\" field must be provided");
    leader.key = (ProtobufCBinaryData){4, (uint8_t *)(uintptr_t) "E/1f"};
    leader.rev = 40;
    request.leader = &leader;
    call(self, &election_app, ETCD_METHOD_PROCLAIM, &request.base, -1);
    answer_txn(self, 41, true, 0, "", 0);
    assert_true(self->client.ended && self->client.code == GRPC_OK);
    call(self, &election_app, ETCD_METHOD_PROCLAIM, &request.base, -1);
    answer_txn(self, 41, false, 0, "", 0);
    assert_string_equal(self->client.text, "election: not leader");
}

static void resign_is_for_the_same_incarnation_only(void **state)
{
    struct fixture *self = *state;
    V3electionpb__ResignRequest request = V3ELECTIONPB__RESIGN_REQUEST__INIT;
    V3electionpb__LeaderKey leader = V3ELECTIONPB__LEADER_KEY__INIT;

    leader.key = (ProtobufCBinaryData){4, (uint8_t *)(uintptr_t) "E/1f"};
    leader.rev = 40;
    request.leader = &leader;
    call(self, &election_app, ETCD_METHOD_RESIGN, &request.base, -1);
    assert_resigns(self, "E/1f", 40);
    answer_txn(self, 43, false, 0, "", 0);
    assert_true(self->client.ended && self->client.code == GRPC_OK);
}

static void the_leader_is_the_oldest(void **state)
{
    struct fixture *self = *state;
    V3electionpb__LeaderRequest request = V3ELECTIONPB__LEADER_REQUEST__INIT;

    request.name = (ProtobufCBinaryData){1, (uint8_t *)(uintptr_t) "E"};
    call(self, &election_app, ETCD_METHOD_LEADER, &request.base, -1);
    answer_range(self, 40, "E/1f");
    assert_true(self->client.ended && self->client.code == GRPC_OK);
    call(self, &election_app, ETCD_METHOD_LEADER, &request.base, -1);
    answer_range(self, 40, NULL);
    assert_string_equal(self->client.text, "election: no leader");
}

static void who_observes_is_told_of_each_leader(void **state)
{
    struct fixture *self = *state;
    V3electionpb__LeaderRequest request = V3ELECTIONPB__LEADER_REQUEST__INIT;

    request.name = (ProtobufCBinaryData){1, (uint8_t *)(uintptr_t) "E"};
    call(self, &observe_app, ETCD_METHOD_OBSERVE, &request.base, -1);
    answer_range(self, 40, NULL);
    assert_asked(self, ETCD_METHOD_WATCH);
    tell_event(self, MVCCPB__EVENT__EVENT_TYPE__DELETE, "");
    assert_asked(self, ETCD_METHOD_WATCH);
    tell_event(self, MVCCPB__EVENT__EVENT_TYPE__PUT, "me");
    assert_asked(self, ETCD_METHOD_RANGE);
    answer_range(self, 42, "E/1f");
    assert_int_equal(self->client.sent, 1);
    assert_asked(self, ETCD_METHOD_WATCH);
    tell_event(self, MVCCPB__EVENT__EVENT_TYPE__PUT, "me again");
    assert_int_equal(self->client.sent, 2);
    tell_event(self, MVCCPB__EVENT__EVENT_TYPE__DELETE, "");
    assert_asked(self, ETCD_METHOD_RANGE);
    go(self, &observe_app);
}

static void what_is_no_message_is_refused(void **state)
{
    struct fixture *self = *state;

    self->client.rpc =
        (struct rpc){.caller = &caller, .method = ETCD_METHOD_LOCK, .timeout_ms = -1};
    lock_app.begin(self->errands, &self->client.rpc);
    lock_app.message(self->errands, &self->client.rpc, STR("\xff\xff"));
    assert_true(self->client.ended);
    assert_int_equal(self->client.code, GRPC_INTERNAL);
}

static void a_prefix_ends_behind_its_last_key(void **state)
{
    struct buf end_of = {0};

    (void)state;
    queue_prefix_end(&end_of, STR("L/"));
    assert_true(str_eq(buf_str(&end_of), STR("L0")));
    end_of.len = 0;
    queue_prefix_end(&end_of, STR("a\xff\xff"));
    assert_true(str_eq(buf_str(&end_of), STR("b")));
    end_of.len = 0;
    queue_prefix_end(&end_of, STR("\xff"));
    assert_true(str_eq(buf_str(&end_of), STR("\0")));
    buf_fini(&end_of);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_free_lock_is_had_at_once),
        TEST(who_brings_no_lease_gets_one),
        TEST(who_has_it_already_has_it),
        TEST(a_held_lock_is_waited_for),
        TEST(a_lease_that_ran_out_meanwhile_has_no_lock),
        TEST(who_goes_while_waiting_is_taken_out_of_the_line),
        TEST(who_goes_before_it_is_known_to_be_in_is_taken_out_then),
        TEST(who_goes_before_anything_is_put_leaves_nothing_to_do),
        TEST(whose_time_is_over_is_told_and_taken_out),
        TEST(errors_of_the_store_are_told_as_unknown),
        TEST(a_watch_that_fell_behind_is_begun_anew),
        TEST(unlock_deletes_the_key),
        TEST(who_campaigns_alone_is_elected),
        TEST(who_campaigns_again_proclaims_a_new_value),
        TEST(who_goes_while_campaigning_resigns),
        TEST(only_a_leader_proclaims),
        TEST(resign_is_for_the_same_incarnation_only),
        TEST(the_leader_is_the_oldest),
        TEST(who_observes_is_told_of_each_leader),
        TEST(what_is_no_message_is_refused),
        cmocka_unit_test(a_prefix_ends_behind_its_last_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
