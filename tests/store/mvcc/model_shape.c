/* What etcd refuses before it looks at any state. */
#include "actors/store/mvcc/key_value.h"
#include "tests/store/mvcc/model.h"

typedef Etcdserverpb__TxnRequest Txn;
typedef Etcdserverpb__RequestOp Op;

enum { ops_max = 128, list_max = 256 };

static enum etcd_error shape_put(const Etcdserverpb__PutRequest *put)
{
    return put->key.len == 0                         ? ETCD_ERROR_EMPTY_KEY
           : put->ignore_value && put->value.len > 0 ? ETCD_ERROR_VALUE_PROVIDED
           : put->ignore_lease && put->lease != 0    ? ETCD_ERROR_LEASE_PROVIDED
                                                     : ETCD_OK;
}

static enum etcd_error shape_txn(const Txn *txn, size_t max);

static enum etcd_error shape_op(const Op *op, size_t max)
{
    switch (op->request_case) {
    case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE:
        return op->request_range->key.len == 0 ? ETCD_ERROR_EMPTY_KEY : ETCD_OK;
    case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT:
        return shape_put(op->request_put);
    case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_DELETE_RANGE:
        return op->request_delete_range->key.len == 0 ? ETCD_ERROR_EMPTY_KEY : ETCD_OK;
    case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_TXN:
        return shape_txn(op->request_txn, max);
    default:
        return ETCD_ERROR_KEY_NOT_FOUND;
    }
}

static enum etcd_error shape_txn(const Txn *txn, size_t max)
{
    size_t longest = txn->n_compare;

    longest = txn->n_success > longest ? txn->n_success : longest;
    longest = txn->n_failure > longest ? txn->n_failure : longest;
    if (longest > max) {
        return ETCD_ERROR_TOO_MANY_OPS;
    }
    for (size_t i = 0; i < txn->n_compare; i++) {
        if (txn->compare[i]->key.len == 0) {
            return ETCD_ERROR_EMPTY_KEY;
        }
    }
    for (size_t i = 0; i < txn->n_success + txn->n_failure; i++) {
        enum etcd_error error = shape_op(
            i < txn->n_success ? txn->success[i] : txn->failure[i - txn->n_success], max - longest);

        if (error != ETCD_OK) {
            return error;
        }
    }
    return ETCD_OK;
}

/* Keys that are put and ranges that are deleted, each in a plain list. */
struct lists {
    struct str puts[list_max];
    size_t put_count;
    struct str from[list_max], end[list_max];
    size_t delete_count;
};

static bool deletes(const struct lists *self, struct str key)
{
    for (size_t i = 0; i < self->delete_count; i++) {
        if (self->end[i].len == 0
                ? str_eq(key, self->from[i])
                : str_cmp(key, self->from[i]) >= 0 && str_cmp(key, self->end[i]) < 0) {
            return true;
        }
    }
    return false;
}

static bool has_put(const struct lists *self, struct str key)
{
    for (size_t i = 0; i < self->put_count; i++) {
        if (str_eq(self->puts[i], key)) {
            return true;
        }
    }
    return false;
}

static void add_deletes(struct lists *self, const struct lists *other)
{
    for (size_t i = 0; i < other->delete_count; i++) {
        assert(self->delete_count < list_max);
        self->from[self->delete_count] = other->from[i];
        self->end[self->delete_count++] = other->end[i];
    }
}

static bool collides(Op *const *ops, size_t count, struct lists *lists, struct arena *arena);

static bool nested_collides(const Txn *txn, struct lists *lists, struct arena *arena)
{
    struct lists *then = arena_zero(arena, sizeof(*then));
    struct lists *otherwise = arena_zero(arena, sizeof(*otherwise));

    if (collides(txn->success, txn->n_success, then, arena) ||
        collides(txn->failure, txn->n_failure, otherwise, arena)) {
        return true;
    }
    for (size_t i = 0; i < then->put_count; i++) {
        if (has_put(lists, then->puts[i]) || deletes(lists, then->puts[i])) {
            return true;
        }
        lists->puts[lists->put_count++] = then->puts[i];
    }
    for (size_t i = 0; i < otherwise->put_count; i++) {
        struct str key = otherwise->puts[i];

        if ((has_put(lists, key) && !has_put(then, key)) || deletes(lists, key)) {
            return true;
        }
        if (!has_put(lists, key)) {
            lists->puts[lists->put_count++] = key;
        }
    }
    add_deletes(lists, then);
    add_deletes(lists, otherwise);
    return false;
}

static bool collides(Op *const *ops, size_t count, struct lists *lists, struct arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        if (ops[i]->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_DELETE_RANGE) {
            lists->from[lists->delete_count] = str_of_bytes(ops[i]->request_delete_range->key);
            lists->end[lists->delete_count++] =
                str_of_bytes(ops[i]->request_delete_range->range_end);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (ops[i]->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_TXN &&
            nested_collides(ops[i]->request_txn, lists, arena)) {
            return true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (ops[i]->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT) {
            struct str key = str_of_bytes(ops[i]->request_put->key);

            if (has_put(lists, key) || deletes(lists, key)) {
                return true;
            }
            lists->puts[lists->put_count++] = key;
        }
    }
    return false;
}

static bool txn_collides(const Txn *txn)
{
    struct arena arena = {0};
    bool either =
        collides(txn->success, txn->n_success, arena_zero(&arena, sizeof(struct lists)), &arena) ||
        collides(txn->failure, txn->n_failure, arena_zero(&arena, sizeof(struct lists)), &arena);

    arena_fini(&arena);
    return either;
}

enum etcd_error model_shape(const struct call *call)
{
    const void *request = call->request;
    enum etcd_error error;

    switch (call->method) {
    case ETCD_METHOD_RANGE:
        return ((const Etcdserverpb__RangeRequest *)request)->key.len == 0 ? ETCD_ERROR_EMPTY_KEY
                                                                           : ETCD_OK;
    case ETCD_METHOD_PUT:
        return shape_put(request);
    case ETCD_METHOD_DELETE_RANGE:
        return ((const Etcdserverpb__DeleteRangeRequest *)request)->key.len == 0
                   ? ETCD_ERROR_EMPTY_KEY
                   : ETCD_OK;
    case ETCD_METHOD_TXN:
        error = shape_txn(request, ops_max);
        return error == ETCD_OK && txn_collides(request) ? ETCD_ERROR_DUPLICATE_KEY : error;
    default:
        return ETCD_OK;
    }
}
