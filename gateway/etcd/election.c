#include "gateway/etcd/election.h"

#include "common/etcdapi/election.pb-c.h"
#include "gateway/etcd/queue.h"

static Etcdserverpb__TxnResponse *read_txn(const struct errand *self)
{
    return etcdserverpb__txn_response__unpack(NULL, self->answer.len,
                                              (const uint8_t *)self->answer.data);
}

static Etcdserverpb__RangeResponse *read_range(const struct errand *self)
{
    return etcdserverpb__range_response__unpack(NULL, self->answer.len,
                                                (const uint8_t *)self->answer.data);
}

static void fail(struct errand *self, enum grpc_code code, struct str text)
{
    errand_fail(self, code != GRPC_OK ? code : GRPC_INTERNAL, text);
}

static void fail_error(struct errand *self, enum etcd_error error)
{
    errand_fail(self, etcd_error_code(error), etcd_error_text(error));
}

/* ── transactions on one's own key, if it was created at a revision ── */

enum own { OWN_PUT, OWN_DELETE };

/* other: what is read instead; NULL: nothing. */
static void ask_txn(struct errand *self, int64_t created, enum own own,
                    Etcdserverpb__RangeRequest *other, errand_step *done)
{
    Etcdserverpb__TxnRequest txn = ETCDSERVERPB__TXN_REQUEST__INIT;
    Etcdserverpb__Compare compare = ETCDSERVERPB__COMPARE__INIT;
    Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;
    Etcdserverpb__DeleteRangeRequest gone = ETCDSERVERPB__DELETE_RANGE_REQUEST__INIT;
    Etcdserverpb__RequestOp ops[2] = {ETCDSERVERPB__REQUEST_OP__INIT,
                                      ETCDSERVERPB__REQUEST_OP__INIT};
    Etcdserverpb__Compare *compares[] = {&compare};
    Etcdserverpb__RequestOp *success[] = {&ops[0]};
    Etcdserverpb__RequestOp *failure[] = {&ops[1]};

    compare.key = put.key = gone.key = errand_bytes(&self->key);
    compare.target = ETCDSERVERPB__COMPARE__COMPARE_TARGET__CREATE;
    compare.target_union_case = ETCDSERVERPB__COMPARE__TARGET_UNION_CREATE_REVISION;
    compare.create_revision = created;
    put.value = errand_bytes(&self->value);
    put.lease = self->lease;
    if (own == OWN_PUT) {
        ops[0].request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT;
        ops[0].request_put = &put;
    } else {
        ops[0].request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_DELETE_RANGE;
        ops[0].request_delete_range = &gone;
    }
    ops[1].request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE;
    ops[1].request_range = other;
    txn.n_compare = 1;
    txn.compare = compares;
    txn.n_success = 1;
    txn.success = success;
    txn.n_failure = other != NULL;
    txn.failure = failure;
    errand_ask(self, ETCD_METHOD_TXN, &txn.base, done);
}

/* ── campaign ── */

static void on_undone(struct errand *self, enum grpc_code code, struct str text)
{
    (void)code; /* its lease ends it otherwise */
    (void)text;
    errand_over(self);
}

static void undo(struct errand *self)
{
    ask_txn(self, self->revision, OWN_DELETE, NULL, on_undone);
}

static void answer_elected(struct errand *self, enum grpc_code code, struct str text)
{
    V3electionpb__CampaignResponse response = V3ELECTIONPB__CAMPAIGN_RESPONSE__INIT;
    V3electionpb__LeaderKey leader = V3ELECTIONPB__LEADER_KEY__INIT;
    Etcdserverpb__ResponseHeader *header = etcdserverpb__response_header__unpack(
        NULL, self->header.len, (const uint8_t *)self->header.data);

    (void)code;
    (void)text;
    leader.name = (ProtobufCBinaryData){self->prefix.len - 1, (uint8_t *)self->prefix.data};
    leader.key = errand_bytes(&self->key);
    leader.rev = self->revision;
    leader.lease = self->lease;
    response.header = header;
    response.leader = &leader;
    errand_answer(self, &response.base);
    if (header != NULL) {
        etcdserverpb__response_header__free_unpacked(header, NULL);
    }
}

static void on_value_put(struct errand *self, enum grpc_code code, struct str text)
{
    Etcdserverpb__TxnResponse *txn = code == GRPC_OK ? read_txn(self) : NULL;

    if (txn == NULL) {
        fail(self, code, text);
    } else if (!txn->succeeded) {
        self->stage = ERRAND_FREE;
        fail_error(self, ETCD_ERROR_ELECTION_NOT_LEADER);
    } else {
        queue_wait(self, answer_elected);
    }
    if (txn != NULL) {
        etcdserverpb__txn_response__free_unpacked(txn, NULL);
    }
}

static void keep_header(struct errand *self, const Etcdserverpb__ResponseHeader *header)
{
    size_t len = header != NULL ? etcdserverpb__response_header__get_packed_size(header) : 0;

    if (header != NULL) {
        self->header.len = etcdserverpb__response_header__pack(
            header, (uint8_t *)buf_reserve(&self->header, len + 1));
    }
}

static void stand_in_line(struct errand *self, const Etcdserverpb__TxnResponse *txn)
{
    const Etcdserverpb__RangeResponse *own =
        txn->n_responses > 0 ? txn->responses[0]->response_range : NULL;
    bool was_there = !txn->succeeded && own != NULL && own->n_kvs > 0;
    bool differs = was_there && !str_eq(buf_str(&self->value),
                                        (struct str){(const char *)own->kvs[0]->value.data,
                                                     own->kvs[0]->value.len});

    keep_header(self, txn->header);
    self->revision = was_there             ? own->kvs[0]->create_revision
                     : txn->header != NULL ? txn->header->revision
                                           : 0;
    if (!errand_taken(self, txn->succeeded)) {
        return;
    }
    if (differs) {
        ask_txn(self, self->revision, OWN_PUT, NULL, on_value_put);
    } else {
        queue_wait(self, answer_elected);
    }
}

static void on_put(struct errand *self, enum grpc_code code, struct str text)
{
    Etcdserverpb__TxnResponse *txn = code == GRPC_OK ? read_txn(self) : NULL;

    if (txn == NULL) {
        fail(self, code, text);
        return;
    }
    stand_in_line(self, txn);
    etcdserverpb__txn_response__free_unpacked(txn, NULL);
}

static void on_begun(struct errand *self, enum grpc_code code, struct str text)
{
    Etcdserverpb__RangeRequest own = ETCDSERVERPB__RANGE_REQUEST__INIT;

    (void)code;
    (void)text;
    own.key = errand_bytes(&self->key);
    errand_take(self);
    ask_txn(self, 0, OWN_PUT, &own, on_put);
}

static void begin_campaign(struct errand *self, struct str message)
{
    V3electionpb__CampaignRequest *request =
        v3electionpb__campaign_request__unpack(NULL, message.len, (const uint8_t *)message.data);

    if (request == NULL) {
        errand_fail_malformed(self);
        return;
    }
    self->undo = undo;
    buf_add(&self->value, request->value.data, request->value.len);
    queue_begin(self, request->name, request->lease, on_begun);
    v3electionpb__campaign_request__free_unpacked(request, NULL);
}

/* ── proclaim, resign ── */

static void on_proclaimed(struct errand *self, enum grpc_code code, struct str text)
{
    V3electionpb__ProclaimResponse response = V3ELECTIONPB__PROCLAIM_RESPONSE__INIT;
    Etcdserverpb__TxnResponse *txn = code == GRPC_OK ? read_txn(self) : NULL;

    if (txn == NULL) {
        fail(self, code, text);
        return;
    }
    if (txn->succeeded) {
        response.header = txn->header;
        errand_answer(self, &response.base);
    } else {
        fail_error(self, ETCD_ERROR_ELECTION_NOT_LEADER);
    }
    etcdserverpb__txn_response__free_unpacked(txn, NULL);
}

static void on_resigned(struct errand *self, enum grpc_code code, struct str text)
{
    V3electionpb__ResignResponse response = V3ELECTIONPB__RESIGN_RESPONSE__INIT;
    Etcdserverpb__TxnResponse *txn = code == GRPC_OK ? read_txn(self) : NULL;

    if (txn == NULL) {
        fail(self, code, text);
        return;
    }
    response.header = txn->header;
    errand_answer(self, &response.base);
    etcdserverpb__txn_response__free_unpacked(txn, NULL);
}

/* False: it names no leader, and the client is told so. */
static bool take_leader(struct errand *self, const V3electionpb__LeaderKey *leader)
{
    if (leader == NULL) {
        errand_fail(self, GRPC_UNKNOWN, STR("\"leader\" field must be provided"));
        return false;
    }
    buf_add(&self->key, leader->key.data, leader->key.len);
    self->revision = leader->rev;
    self->lease = leader->lease;
    return true;
}

static void begin_proclaim(struct errand *self, struct str message)
{
    V3electionpb__ProclaimRequest *request =
        v3electionpb__proclaim_request__unpack(NULL, message.len, (const uint8_t *)message.data);

    if (request == NULL) {
        errand_fail_malformed(self);
        return;
    }
    if (take_leader(self, request->leader)) {
        buf_add(&self->value, request->value.data, request->value.len);
        ask_txn(self, self->revision, OWN_PUT, NULL, on_proclaimed);
    }
    v3electionpb__proclaim_request__free_unpacked(request, NULL);
}

static void begin_resign(struct errand *self, struct str message)
{
    V3electionpb__ResignRequest *request =
        v3electionpb__resign_request__unpack(NULL, message.len, (const uint8_t *)message.data);

    if (request == NULL) {
        errand_fail_malformed(self);
        return;
    }
    if (take_leader(self, request->leader)) {
        ask_txn(self, self->revision, OWN_DELETE, NULL, on_resigned);
    }
    v3electionpb__resign_request__free_unpacked(request, NULL);
}

/* ── leader ── */

static void on_leader(struct errand *self, enum grpc_code code, struct str text)
{
    V3electionpb__LeaderResponse response = V3ELECTIONPB__LEADER_RESPONSE__INIT;
    Etcdserverpb__RangeResponse *found = code == GRPC_OK ? read_range(self) : NULL;

    if (found == NULL) {
        fail(self, code, text);
        return;
    }
    if (found->n_kvs == 0) {
        fail_error(self, ETCD_ERROR_ELECTION_NO_LEADER);
    } else {
        response.header = found->header;
        response.kv = found->kvs[0];
        errand_answer(self, &response.base);
    }
    etcdserverpb__range_response__free_unpacked(found, NULL);
}

/* False: it is none, and the client is told so. */
static bool take_name(struct errand *self, struct str message)
{
    V3electionpb__LeaderRequest *request =
        v3electionpb__leader_request__unpack(NULL, message.len, (const uint8_t *)message.data);

    if (request == NULL) {
        errand_fail_malformed(self);
        return false;
    }
    buf_add(&self->prefix, request->name.data, request->name.len);
    buf_add_char(&self->prefix, '/');
    v3electionpb__leader_request__free_unpacked(request, NULL);
    return true;
}

static void begin_leader(struct errand *self, struct str message)
{
    if (take_name(self, message)) {
        queue_look(self, QUEUE_OLDEST, 0, on_leader);
    }
}

/* ── observe: who leads, and what it proclaims, for as long as the client listens ── */

/* Of what an observer has not read: beyond, it ends. */
enum { observed_unsent_max = 1024 * 1024 };

static void look_for_leader(struct errand *self);

static bool lags(const struct errand *self)
{
    return rpc_unsent(self->client) > observed_unsent_max;
}

static void send_leader(struct errand *self, Etcdserverpb__ResponseHeader *header,
                        Mvccpb__KeyValue *kv)
{
    V3electionpb__LeaderResponse response = V3ELECTIONPB__LEADER_RESPONSE__INIT;

    response.header = header;
    response.kv = kv;
    errand_send(self, &response.base);
}

/* A leader's own key. */
static bool on_leader_change(struct errand *self, const Etcdserverpb__WatchResponse *response)
{
    for (size_t i = 0; i < response->n_events; i++) {
        if (response->events[i]->type == MVCCPB__EVENT__EVENT_TYPE__DELETE || lags(self)) {
            return true;
        }
        send_leader(self, response->header, response->events[i]->kv);
    }
    return response->canceled && response->compact_revision != 0;
}

/* The first key of all below the name. */
static bool on_first_key(struct errand *self, const Etcdserverpb__WatchResponse *response)
{
    (void)self;
    for (size_t i = 0; i < response->n_events; i++) {
        if (response->events[i]->type == MVCCPB__EVENT__EVENT_TYPE__PUT) {
            return true;
        }
    }
    return response->canceled && response->compact_revision != 0;
}

static void on_watched(struct errand *self, enum grpc_code code, struct str text)
{
    if (code == GRPC_OK) {
        look_for_leader(self);
    } else {
        errand_fail(self, code, text);
    }
}

static void watch_leader(struct errand *self, const Etcdserverpb__RangeResponse *found)
{
    Etcdserverpb__WatchCreateRequest create = ETCDSERVERPB__WATCH_CREATE_REQUEST__INIT;
    struct buf behind = {0};

    create.start_revision = found->header != NULL ? found->header->revision + 1 : 0;
    if (found->n_kvs > 0) {
        create.key = found->kvs[0]->key;
        errand_watch(self, &create, on_leader_change, on_watched);
        return;
    }
    queue_prefix_end(&behind, buf_str(&self->prefix));
    create.key = errand_bytes(&self->prefix);
    create.range_end = errand_bytes(&behind);
    errand_watch(self, &create, on_first_key, on_watched);
    buf_fini(&behind);
}

static void on_looked(struct errand *self, enum grpc_code code, struct str text)
{
    Etcdserverpb__RangeResponse *found = code == GRPC_OK ? read_range(self) : NULL;

    if (found == NULL) {
        fail(self, code, text);
        return;
    }
    if (lags(self)) {
        fail_error(self, ETCD_ERROR_TOO_MANY_REQUESTS);
        etcdserverpb__range_response__free_unpacked(found, NULL);
        return;
    }
    if (found->n_kvs > 0) {
        send_leader(self, found->header, found->kvs[0]);
    }
    watch_leader(self, found);
    etcdserverpb__range_response__free_unpacked(found, NULL);
}

static void look_for_leader(struct errand *self)
{
    queue_look(self, QUEUE_OLDEST, 0, on_looked);
}

/* ── the apps ── */

static void on_message(void *state, struct rpc *rpc, struct str message)
{
    struct errand *errand = errand_new(state, rpc);

    if (errand == NULL) {
        return;
    }
    switch (rpc->method) {
    case ETCD_METHOD_CAMPAIGN:
        begin_campaign(errand, message);
        break;
    case ETCD_METHOD_PROCLAIM:
        begin_proclaim(errand, message);
        break;
    case ETCD_METHOD_RESIGN:
        begin_resign(errand, message);
        break;
    default:
        begin_leader(errand, message);
        break;
    }
}

static void on_observe(void *state, struct rpc *rpc, struct str message)
{
    struct errand *errand = errand_new(state, rpc);

    if (errand != NULL && take_name(errand, message)) {
        look_for_leader(errand);
    }
}

static void on_other(void *state, struct rpc *rpc)
{
    (void)state; /* it begins with its message */
    (void)rpc;
}

static void on_gone(void *state, struct rpc *rpc)
{
    (void)state;
    if (rpc->user != NULL) {
        errand_gone(rpc);
    }
}

const struct rpc_app election_app = {
    .begin = on_other, .message = on_message, .half_closed = on_other, .gone = on_gone};
const struct rpc_app observe_app = {
    .begin = on_other, .message = on_observe, .half_closed = on_other, .gone = on_gone};
