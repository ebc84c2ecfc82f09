#include "actors/store/mvcc/shape.h"

#include "actors/store/mvcc/overlap.h"

typedef Etcdserverpb__TxnRequest Txn;

static enum etcd_error check_put(const Etcdserverpb__PutRequest *put)
{
    if (put->key.len == 0) {
        return ETCD_ERROR_EMPTY_KEY;
    }
    if (put->ignore_value && put->value.len != 0) {
        return ETCD_ERROR_VALUE_PROVIDED;
    }
    return put->ignore_lease && put->lease != 0 ? ETCD_ERROR_LEASE_PROVIDED : ETCD_OK;
}

static enum etcd_error check_key(ProtobufCBinaryData key)
{
    return key.len == 0 ? ETCD_ERROR_EMPTY_KEY : ETCD_OK;
}

static enum etcd_error check_txn(const Txn *txn, size_t ops_max);

static enum etcd_error check_ops(Etcdserverpb__RequestOp *const *ops, size_t count, size_t ops_max)
{
    enum etcd_error error = ETCD_OK;

    for (size_t i = 0; i < count && error == ETCD_OK; i++) {
        switch (ops[i]->request_case) {
        case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE:
            error = check_key(ops[i]->request_range->key);
            break;
        case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT:
            error = check_put(ops[i]->request_put);
            break;
        case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_DELETE_RANGE:
            error = check_key(ops[i]->request_delete_range->key);
            break;
        case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_TXN:
            error = check_txn(ops[i]->request_txn, ops_max);
            break;
        default:
            error = ETCD_ERROR_KEY_NOT_FOUND;
            break;
        }
    }
    return error;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static enum etcd_error check_txn(const Txn *txn, size_t ops_max)
{
    size_t ops = most(txn->n_compare, most(txn->n_success, txn->n_failure));
    enum etcd_error error = ETCD_OK;

    if (ops > ops_max) {
        return ETCD_ERROR_TOO_MANY_OPS;
    }
    for (size_t i = 0; i < txn->n_compare && error == ETCD_OK; i++) {
        error = check_key(txn->compare[i]->key);
    }
    if (error == ETCD_OK) {
        error = check_ops(txn->success, txn->n_success, ops_max - ops);
    }
    return error == ETCD_OK ? check_ops(txn->failure, txn->n_failure, ops_max - ops) : error;
}

static size_t count_nested(const Txn *txn);

static size_t count_nested_of(Etcdserverpb__RequestOp *const *ops, size_t count)
{
    size_t steps = 0;

    for (size_t i = 0; i < count; i++) {
        if (ops[i]->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_TXN) {
            const Txn *txn = ops[i]->request_txn;

            steps += txn->n_success + txn->n_failure + count_nested(txn);
        }
    }
    return steps;
}

/* Its own operations are ops_max a branch. */
static size_t count_nested(const Txn *txn)
{
    return count_nested_of(txn->success, txn->n_success) +
           count_nested_of(txn->failure, txn->n_failure);
}

static enum etcd_error check_whole_txn(const Txn *txn, size_t ops_max)
{
    enum etcd_error error = check_txn(txn, ops_max);

    if (error != ETCD_OK) {
        return error;
    }
    if (count_nested(txn) > shape_nested_steps_max) {
        return ETCD_ERROR_TOO_MANY_OPS;
    }
    return overlap_in(txn) ? ETCD_ERROR_DUPLICATE_KEY : ETCD_OK;
}

static enum etcd_error check(enum etcd_method method, const ProtobufCMessage *request,
                             const struct shape_limits *limits)
{
    switch (method) {
    case ETCD_METHOD_RANGE:
        return check_key(((const Etcdserverpb__RangeRequest *)request)->key);
    case ETCD_METHOD_PUT:
        return check_put((const Etcdserverpb__PutRequest *)request);
    case ETCD_METHOD_DELETE_RANGE:
        return check_key(((const Etcdserverpb__DeleteRangeRequest *)request)->key);
    case ETCD_METHOD_TXN:
        return check_whole_txn((const Txn *)request, limits->txn_ops_max);
    default:
        return ETCD_OK;
    }
}

enum etcd_error shape_check(enum etcd_method method, const ProtobufCMessage *request, size_t bytes,
                            const struct shape_limits *limits)
{
    enum etcd_error error = check(method, request, limits);

    return error == ETCD_OK && bytes > limits->request_bytes_max ? ETCD_ERROR_REQUEST_TOO_LARGE
                                                                 : error;
}
