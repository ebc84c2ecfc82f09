#include "gateway/etcd/lock.h"

#include "common/etcdapi/lock.pb-c.h"
#include "gateway/etcd/queue.h"

/* ── unlock, and what else deletes the key ── */

static void on_undone(struct errand *self, enum grpc_code code, struct str text)
{
    (void)code; /* its lease ends it otherwise */
    (void)text;
    errand_over(self);
}

static void delete_key(struct errand *self, errand_step *done)
{
    Etcdserverpb__DeleteRangeRequest request = ETCDSERVERPB__DELETE_RANGE_REQUEST__INIT;

    request.key = errand_bytes(&self->key);
    errand_ask(self, ETCD_METHOD_DELETE_RANGE, &request.base, done);
}

static void undo(struct errand *self)
{
    delete_key(self, on_undone);
}

static void on_deleted(struct errand *self, enum grpc_code code, struct str text)
{
    V3lockpb__UnlockResponse response = V3LOCKPB__UNLOCK_RESPONSE__INIT;
    Etcdserverpb__DeleteRangeResponse *deleted = NULL;

    if (code == GRPC_OK) {
        deleted = etcdserverpb__delete_range_response__unpack(NULL, self->answer.len,
                                                              (const uint8_t *)self->answer.data);
    }
    if (deleted == NULL) {
        errand_fail(self, code != GRPC_OK ? code : GRPC_INTERNAL, text);
        return;
    }
    response.header = deleted->header;
    errand_answer(self, &response.base);
    etcdserverpb__delete_range_response__free_unpacked(deleted, NULL);
}

/* ── lock ── */

static void answer_locked(struct errand *self, Etcdserverpb__ResponseHeader *header)
{
    V3lockpb__LockResponse response = V3LOCKPB__LOCK_RESPONSE__INIT;

    response.header = header;
    response.key = errand_bytes(&self->key);
    errand_answer(self, &response.base);
}

/* The turn has come; whether its lease has lasted that long is seen by its key. */
static void on_own_key(struct errand *self, enum grpc_code code, struct str text)
{
    Etcdserverpb__RangeResponse *found = NULL;

    if (code == GRPC_OK) {
        found = etcdserverpb__range_response__unpack(NULL, self->answer.len,
                                                     (const uint8_t *)self->answer.data);
    }
    if (found == NULL) {
        errand_fail(self, code != GRPC_OK ? code : GRPC_INTERNAL, text);
    } else if (found->n_kvs == 0) {
        self->stage = ERRAND_FREE;
        errand_fail(self, GRPC_UNKNOWN, STR("mutex: session is expired"));
    } else {
        answer_locked(self, found->header);
    }
    if (found != NULL) {
        etcdserverpb__range_response__free_unpacked(found, NULL);
    }
}

static void on_turn_come(struct errand *self, enum grpc_code code, struct str text)
{
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;

    (void)code;
    (void)text;
    range.key = errand_bytes(&self->key);
    errand_ask(self, ETCD_METHOD_RANGE, &range.base, on_own_key);
}

static const Etcdserverpb__RangeResponse *range_of(const Etcdserverpb__TxnResponse *txn, size_t at)
{
    return at < txn->n_responses ? txn->responses[at]->response_range : NULL;
}

static void stand_in_line(struct errand *self, const Etcdserverpb__TxnResponse *txn)
{
    const Etcdserverpb__RangeResponse *own = range_of(txn, 0);
    const Etcdserverpb__RangeResponse *oldest = range_of(txn, 1);

    self->revision = txn->header != NULL ? txn->header->revision : 0;
    if (!txn->succeeded && own != NULL && own->n_kvs > 0) {
        self->revision = own->kvs[0]->create_revision;
    }
    if (!errand_taken(self, txn->succeeded)) {
        return;
    }
    if (oldest == NULL || oldest->n_kvs == 0 || oldest->kvs[0]->create_revision == self->revision) {
        answer_locked(self, txn->header);
    } else {
        queue_wait(self, on_turn_come);
    }
}

static void on_put(struct errand *self, enum grpc_code code, struct str text)
{
    Etcdserverpb__TxnResponse *txn = NULL;

    if (code == GRPC_OK) {
        txn = etcdserverpb__txn_response__unpack(NULL, self->answer.len,
                                                 (const uint8_t *)self->answer.data);
    }
    if (txn == NULL) {
        errand_fail(self, code != GRPC_OK ? code : GRPC_INTERNAL, text);
        return;
    }
    stand_in_line(self, txn);
    etcdserverpb__txn_response__free_unpacked(txn, NULL);
}

/* If the key is not there: put it; else read it. And read who is the oldest. */
static void on_begun(struct errand *self, enum grpc_code code, struct str text)
{
    Etcdserverpb__TxnRequest txn = ETCDSERVERPB__TXN_REQUEST__INIT;
    Etcdserverpb__Compare compare = ETCDSERVERPB__COMPARE__INIT;
    Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;
    Etcdserverpb__RangeRequest own = ETCDSERVERPB__RANGE_REQUEST__INIT;
    Etcdserverpb__RangeRequest oldest = ETCDSERVERPB__RANGE_REQUEST__INIT;
    Etcdserverpb__RequestOp ops[3] = {ETCDSERVERPB__REQUEST_OP__INIT,
                                      ETCDSERVERPB__REQUEST_OP__INIT,
                                      ETCDSERVERPB__REQUEST_OP__INIT};
    Etcdserverpb__Compare *compares[] = {&compare};
    Etcdserverpb__RequestOp *success[] = {&ops[0], &ops[2]};
    Etcdserverpb__RequestOp *failure[] = {&ops[1], &ops[2]};
    struct buf behind = {0};

    (void)code;
    (void)text;
    compare.key = put.key = own.key = errand_bytes(&self->key);
    compare.target = ETCDSERVERPB__COMPARE__COMPARE_TARGET__CREATE;
    compare.target_union_case = ETCDSERVERPB__COMPARE__TARGET_UNION_CREATE_REVISION;
    put.lease = self->lease;
    queue_prefix_end(&behind, buf_str(&self->prefix));
    oldest.key = errand_bytes(&self->prefix);
    oldest.range_end = errand_bytes(&behind);
    oldest.limit = 1;
    oldest.sort_target = ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__CREATE;
    oldest.sort_order = ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__ASCEND;
    ops[0].request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT;
    ops[0].request_put = &put;
    ops[1].request_case = ops[2].request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE;
    ops[1].request_range = &own;
    ops[2].request_range = &oldest;
    txn.n_compare = 1;
    txn.compare = compares;
    txn.n_success = txn.n_failure = 2;
    txn.success = success;
    txn.failure = failure;
    errand_take(self);
    errand_ask(self, ETCD_METHOD_TXN, &txn.base, on_put);
    buf_fini(&behind);
}

/* ── the app ── */

static void begin_lock(struct errand *self, struct str message)
{
    V3lockpb__LockRequest *request =
        v3lockpb__lock_request__unpack(NULL, message.len, (const uint8_t *)message.data);

    if (request == NULL) {
        errand_fail_malformed(self);
        return;
    }
    self->undo = undo;
    queue_begin(self, request->name, request->lease, on_begun);
    v3lockpb__lock_request__free_unpacked(request, NULL);
}

static void begin_unlock(struct errand *self, struct str message)
{
    V3lockpb__UnlockRequest *request =
        v3lockpb__unlock_request__unpack(NULL, message.len, (const uint8_t *)message.data);

    if (request == NULL) {
        errand_fail_malformed(self);
        return;
    }
    buf_add(&self->key, request->key.data, request->key.len);
    delete_key(self, on_deleted);
    v3lockpb__unlock_request__free_unpacked(request, NULL);
}

static void on_message(void *state, struct rpc *rpc, struct str message)
{
    struct errand *errand = errand_new(state, rpc);

    if (errand == NULL) {
        return;
    }
    if (rpc->method == ETCD_METHOD_LOCK) {
        begin_lock(errand, message);
    } else {
        begin_unlock(errand, message);
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

const struct rpc_app lock_app = {
    .begin = on_other, .message = on_message, .half_closed = on_other, .gone = on_gone};
