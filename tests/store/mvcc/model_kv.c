/* The model's ranges, puts, deletes and transactions, and what is wrong with their shape. */
#include "actors/store/mvcc/key_value.h"
#include "tests/store/mvcc/model.h"

typedef Etcdserverpb__TxnRequest Txn;
typedef Etcdserverpb__RequestOp Op;

enum { paths_max = 512, names_max = 512 };

Etcdserverpb__ResponseHeader *model_header(int64_t revision, struct arena *arena)
{
    Etcdserverpb__ResponseHeader *made = arena_get(arena, sizeof(*made));

    etcdserverpb__response_header__init(made);
    made->revision = revision;
    return made;
}

static Mvccpb__KeyValue *copy(const Mvccpb__KeyValue *kv, struct arena *arena)
{
    Mvccpb__KeyValue *made = arena_get(arena, sizeof(*made));

    *made = *kv;
    return made;
}

static bool is_after(int target, bool descends, const Mvccpb__KeyValue *a,
                     const Mvccpb__KeyValue *b)
{
    int64_t order = 0;

    switch (target) {
    case ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__KEY:
        order = str_cmp(str_of_bytes(a->key), str_of_bytes(b->key));
        break;
    case ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__VERSION:
        order = a->version - b->version;
        break;
    case ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__CREATE:
        order = a->create_revision - b->create_revision;
        break;
    case ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__MOD:
        order = a->mod_revision - b->mod_revision;
        break;
    default:
        order = str_cmp(str_of_bytes(a->value), str_of_bytes(b->value));
        break;
    }
    return descends ? order < 0 : order > 0;
}

static size_t filter(const Etcdserverpb__RangeRequest *request, const struct model_change **found,
                     size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        const Mvccpb__KeyValue *kv = &found[i]->kv;

        if ((request->max_mod_revision != 0 && kv->mod_revision > request->max_mod_revision) ||
            (request->min_mod_revision != 0 && kv->mod_revision < request->min_mod_revision) ||
            (request->max_create_revision != 0 &&
             kv->create_revision > request->max_create_revision) ||
            (request->min_create_revision != 0 &&
             kv->create_revision < request->min_create_revision)) {
            continue;
        }
        found[kept++] = found[i];
    }
    return kept;
}

enum etcd_error model_do_range(struct model *self, const Etcdserverpb__RangeRequest *request,
                               struct arena *arena, Etcdserverpb__RangeResponse **answer)
{
    const struct model_change *found[model_keys_max];
    int64_t at = request->revision <= 0 ? model_now(self) : request->revision;
    bool all = request->sort_order != 0 || request->min_mod_revision != 0 ||
               request->max_mod_revision != 0 || request->min_create_revision != 0 ||
               request->max_create_revision != 0;
    Etcdserverpb__RangeResponse *made = arena_get(arena, sizeof(*made));
    size_t count;

    if (at > model_now(self)) {
        return ETCD_ERROR_FUTURE_REVISION;
    }
    if (at < self->compacted) {
        return ETCD_ERROR_COMPACTED;
    }
    etcdserverpb__range_response__init(made);
    made->header = model_header(model_now(self), arena);
    *answer = made;
    count =
        model_range(self, str_of_bytes(request->key), str_of_bytes(request->range_end), at, found);
    made->count = (int64_t)count;
    if (request->count_only) {
        return ETCD_OK;
    }
    if (request->limit > 0 && !all && count > (size_t)request->limit + 1) {
        count = (size_t)request->limit + 1;
    }
    count = filter(request, found, count);
    for (size_t i = 1; i < count && (request->sort_order != 0 || request->sort_target != 0); i++) {
        for (size_t k = i; k > 0 && is_after((int)request->sort_target, request->sort_order == 2,
                                             &found[k - 1]->kv, &found[k]->kv);
             k--) {
            const struct model_change *swapped = found[k];

            found[k] = found[k - 1];
            found[k - 1] = swapped;
        }
    }
    if (request->limit > 0 && count > (size_t)request->limit) {
        count = (size_t)request->limit;
        made->more = true;
    }
    made->kvs = arena_get(arena, (count + 1) * sizeof(Mvccpb__KeyValue *));
    for (; made->n_kvs < count; made->n_kvs++) {
        made->kvs[made->n_kvs] = copy(&found[made->n_kvs]->kv, arena);
        if (request->keys_only) {
            made->kvs[made->n_kvs]->value = (ProtobufCBinaryData){0};
        }
    }
    return ETCD_OK;
}

Etcdserverpb__PutResponse *model_do_put(struct model *self, const Etcdserverpb__PutRequest *request,
                                        struct arena *arena)
{
    Etcdserverpb__PutResponse *made = arena_get(arena, sizeof(*made));
    const struct model_change *before = model_at(self, str_of_bytes(request->key), model_now(self));
    struct str value = str_of_bytes(request->value);
    int64_t lease = request->lease;

    etcdserverpb__put_response__init(made);
    if (request->prev_kv && before != NULL) {
        made->prev_kv = copy(&before->kv, arena);
    }
    if (request->ignore_value) {
        value = before == NULL ? STR("") : str_of_bytes(before->kv.value);
    }
    if (request->ignore_lease) {
        lease = before == NULL ? 0 : before->kv.lease;
    }
    model_put(self, str_of_bytes(request->key), value, lease);
    made->header = model_header(model_now(self), arena);
    return made;
}

Etcdserverpb__DeleteRangeResponse *
model_do_delete_range(struct model *self, const Etcdserverpb__DeleteRangeRequest *request,
                      struct arena *arena)
{
    Etcdserverpb__DeleteRangeResponse *made = arena_get(arena, sizeof(*made));
    const struct model_change *found[model_keys_max];
    size_t count = model_range(self, str_of_bytes(request->key), str_of_bytes(request->range_end),
                               model_now(self), found);

    etcdserverpb__delete_range_response__init(made);
    made->deleted = (int64_t)count;
    made->prev_kvs = arena_get(arena, (count + 1) * sizeof(Mvccpb__KeyValue *));
    for (size_t i = 0; i < count; i++) {
        if (request->prev_kv) {
            made->prev_kvs[made->n_prev_kvs++] = copy(&found[i]->kv, arena);
        }
        model_delete(self, str_of_bytes(found[i]->kv.key));
    }
    made->header = model_header(model_now(self), arena);
    return made;
}

/* ── transactions ───────────────────────────────────────────────────────────*/

static int64_t target_of(const Mvccpb__KeyValue *kv, int target)
{
    return target == ETCDSERVERPB__COMPARE__COMPARE_TARGET__VERSION  ? kv->version
           : target == ETCDSERVERPB__COMPARE__COMPARE_TARGET__CREATE ? kv->create_revision
           : target == ETCDSERVERPB__COMPARE__COMPARE_TARGET__MOD    ? kv->mod_revision
                                                                     : kv->lease;
}

static int64_t wanted_of(const Etcdserverpb__Compare *compare)
{
    static const Etcdserverpb__Compare__TargetUnionCase cases[] = {
        ETCDSERVERPB__COMPARE__TARGET_UNION_VERSION,
        ETCDSERVERPB__COMPARE__TARGET_UNION_CREATE_REVISION,
        ETCDSERVERPB__COMPARE__TARGET_UNION_MOD_REVISION, ETCDSERVERPB__COMPARE__TARGET_UNION_VALUE,
        ETCDSERVERPB__COMPARE__TARGET_UNION_LEASE};

    return compare->target_union_case == cases[compare->target] ? compare->version : 0;
}

static bool one_holds(const Etcdserverpb__Compare *compare, const Mvccpb__KeyValue *kv)
{
    int64_t order;

    if (compare->target == ETCDSERVERPB__COMPARE__COMPARE_TARGET__VALUE) {
        order = str_cmp(str_of_bytes(kv->value),
                        compare->target_union_case == ETCDSERVERPB__COMPARE__TARGET_UNION_VALUE
                            ? str_of_bytes(compare->value)
                            : STR(""));
    } else {
        int64_t is = target_of(kv, (int)compare->target);
        int64_t wanted = wanted_of(compare);

        order = is < wanted ? -1 : is > wanted;
    }
    return compare->result == ETCDSERVERPB__COMPARE__COMPARE_RESULT__EQUAL     ? order == 0
           : compare->result == ETCDSERVERPB__COMPARE__COMPARE_RESULT__GREATER ? order > 0
           : compare->result == ETCDSERVERPB__COMPARE__COMPARE_RESULT__LESS    ? order < 0
                                                                               : order != 0;
}

static bool holds(const struct model *self, const Etcdserverpb__Compare *compare)
{
    const Mvccpb__KeyValue nothing = MVCCPB__KEY_VALUE__INIT;
    const struct model_change *found[model_keys_max];
    size_t count = model_range(self, str_of_bytes(compare->key), str_of_bytes(compare->range_end),
                               model_now(self), found);

    if (count == 0) {
        return compare->target != ETCDSERVERPB__COMPARE__COMPARE_TARGET__VALUE &&
               one_holds(compare, &nothing);
    }
    for (size_t i = 0; i < count; i++) {
        if (!one_holds(compare, &found[i]->kv)) {
            return false;
        }
    }
    return true;
}

/* The branch of each transaction that is met, in the order in which they are met. */
struct paths {
    bool taken[paths_max];
    size_t count;
    size_t next;
};

static size_t branch(const Txn *txn, bool success, Op *const **ops)
{
    *ops = success ? txn->success : txn->failure;
    return success ? txn->n_success : txn->n_failure;
}

static void decide(const struct model *self, const Txn *txn, struct paths *paths)
{
    bool success = true;
    Op *const *ops;
    size_t count;

    for (size_t i = 0; i < txn->n_compare; i++) {
        success = success && holds(self, txn->compare[i]);
    }
    assert(paths->count < paths_max);
    paths->taken[paths->count++] = success;
    count = branch(txn, success, &ops);
    for (size_t i = 0; i < count; i++) {
        if (ops[i]->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_TXN) {
            decide(self, ops[i]->request_txn, paths);
        }
    }
}

static enum etcd_error judge_put(const struct model *self, const Etcdserverpb__PutRequest *put)
{
    if ((put->ignore_value || put->ignore_lease) &&
        model_at(self, str_of_bytes(put->key), self->revision) == NULL) {
        return ETCD_ERROR_KEY_NOT_FOUND;
    }
    return put->lease != 0 && !model_has_lease(self, put->lease) ? ETCD_ERROR_LEASE_NOT_FOUND
                                                                 : ETCD_OK;
}

static enum etcd_error judge_range(const struct model *self,
                                   const Etcdserverpb__RangeRequest *range)
{
    return range->revision == 0                ? ETCD_OK
           : range->revision > self->revision  ? ETCD_ERROR_FUTURE_REVISION
           : range->revision < self->compacted ? ETCD_ERROR_COMPACTED
                                               : ETCD_OK;
}

static enum etcd_error judge(const struct model *self, const Txn *txn, struct paths *paths,
                             bool puts)
{
    enum etcd_error error = ETCD_OK;
    Op *const *ops;
    size_t count = branch(txn, paths->taken[paths->next++], &ops);

    for (size_t i = 0; i < count && error == ETCD_OK; i++) {
        if (ops[i]->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_TXN) {
            error = judge(self, ops[i]->request_txn, paths, puts);
        } else if (puts && ops[i]->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT) {
            error = judge_put(self, ops[i]->request_put);
        } else if (!puts &&
                   ops[i]->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE) {
            error = judge_range(self, ops[i]->request_range);
        }
    }
    return error;
}

static Etcdserverpb__TxnResponse *perform(struct model *self, const Txn *txn, struct paths *paths,
                                          struct arena *arena)
{
    Etcdserverpb__TxnResponse *made = arena_get(arena, sizeof(*made));
    Op *const *ops;
    size_t count;

    etcdserverpb__txn_response__init(made);
    made->header = model_header(0, arena);
    made->succeeded = paths->taken[paths->next++];
    count = branch(txn, made->succeeded, &ops);
    made->responses = arena_get(arena, (count + 1) * sizeof(Etcdserverpb__ResponseOp *));
    made->n_responses = count;
    for (size_t i = 0; i < count; i++) {
        Etcdserverpb__ResponseOp *op = arena_get(arena, sizeof(*op));

        etcdserverpb__response_op__init(op);
        made->responses[i] = op;
        op->response_case = (Etcdserverpb__ResponseOp__ResponseCase)ops[i]->request_case;
        switch (ops[i]->request_case) {
        case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE:
            (void)model_do_range(self, ops[i]->request_range, arena, &op->response_range);
            break;
        case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT:
            op->response_put = model_do_put(self, ops[i]->request_put, arena);
            break;
        case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_DELETE_RANGE:
            op->response_delete_range =
                model_do_delete_range(self, ops[i]->request_delete_range, arena);
            break;
        default:
            op->response_txn = perform(self, ops[i]->request_txn, paths, arena);
            break;
        }
    }
    return made;
}

enum etcd_error model_do_txn(struct model *self, const Txn *request, struct arena *arena,
                             Etcdserverpb__TxnResponse **answer)
{
    struct paths paths = {.count = 0};
    enum etcd_error error;

    decide(self, request, &paths);
    error = judge(self, request, &paths, true);
    if (error == ETCD_OK) {
        paths.next = 0;
        error = judge(self, request, &paths, false);
    }
    if (error != ETCD_OK) {
        return error;
    }
    paths.next = 0;
    *answer = perform(self, request, &paths, arena);
    (*answer)->header->revision = model_now(self);
    return ETCD_OK;
}
