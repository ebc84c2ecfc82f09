#include "actors/store/mvcc/txn.h"

#include "actors/store/mvcc/compare.h"
#include "actors/store/mvcc/operation.h"
#include "actors/store/mvcc/range.h"

typedef Etcdserverpb__TxnRequest Request;
typedef Etcdserverpb__RequestOp Op;

/* What is taken, in the order the transactions are met. */
struct path {
    const Request *request;
    bool succeeded;
    struct path *first; /* nested in it */
    struct path *next;  /* beside it */
};

static const Request *nested_in(const Op *op)
{
    return op->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_TXN ? op->request_txn
                                                                             : NULL;
}

static size_t taken(const struct path *path, Op *const **ops)
{
    *ops = path->succeeded ? path->request->success : path->request->failure;
    return path->succeeded ? path->request->n_success : path->request->n_failure;
}

static bool branch_reads(Op *const *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Request *nested = nested_in(ops[i]);

        if (nested != NULL
                ? !txn_only_reads(nested)
                : ops[i]->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT ||
                      ops[i]->request_case ==
                          ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_DELETE_RANGE) {
            return false;
        }
    }
    return true;
}

bool txn_only_reads(const Request *request)
{
    return branch_reads(request->success, request->n_success) &&
           branch_reads(request->failure, request->n_failure);
}

static struct path *find_path(struct mvcc *self, const Request *request, struct arena *arena)
{
    struct path *path = arena_zero(arena, sizeof(*path));
    struct path **end = &path->first;
    Op *const *ops;
    size_t count;

    path->request = request;
    path->succeeded = true;
    for (size_t i = 0; i < request->n_compare && path->succeeded; i++) {
        path->succeeded = compare_holds(self, request->compare[i]);
    }
    count = taken(path, &ops);
    for (size_t i = 0; i < count; i++) {
        const Request *nested = nested_in(ops[i]);

        if (nested != NULL) {
            *end = find_path(self, nested, arena);
            end = &(*end)->next;
        }
    }
    return path;
}

/* ── judging ────────────────────────────────────────────────────────────────*/

typedef enum etcd_error judge_fn(const struct mvcc *self, const Op *op);

static enum etcd_error judge_put(const struct mvcc *self, const Op *op)
{
    return op->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT
               ? put_judge_in_txn(self, op->request_put)
               : ETCD_OK;
}

static enum etcd_error judge_range(const struct mvcc *self, const Op *op)
{
    return op->request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE
               ? range_judge_in_txn(self, op->request_range)
               : ETCD_OK;
}

static enum etcd_error judge(const struct mvcc *self, const struct path *path, judge_fn *step)
{
    const struct path *nested = path->first;
    enum etcd_error error = ETCD_OK;
    Op *const *ops;
    size_t count = taken(path, &ops);

    for (size_t i = 0; i < count && error == ETCD_OK; i++) {
        if (nested_in(ops[i]) != NULL) {
            error = judge(self, nested, step);
            nested = nested->next;
        } else {
            error = step(self, ops[i]);
        }
    }
    return error;
}

/* ── doing ──────────────────────────────────────────────────────────────────*/

static Etcdserverpb__TxnResponse *response_new(const struct path *path, size_t count,
                                               struct arena *arena)
{
    Etcdserverpb__TxnResponse *made = arena_get(arena, sizeof(*made));

    etcdserverpb__txn_response__init(made);
    made->header = header_new(0, arena);
    made->succeeded = path->succeeded;
    made->n_responses = count;
    made->responses =
        count > 0 ? arena_get(arena, count * sizeof(Etcdserverpb__ResponseOp *)) : NULL;
    return made;
}

/* Of an Op without a request the answer is empty too. */
static void do_step(struct mvcc *self, const Op *op, struct arena *arena,
                    Etcdserverpb__ResponseOp *answer)
{
    switch (op->request_case) {
    case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE:
        if (range_answer(self, op->request_range, arena, &answer->response_range) == ETCD_OK) {
            answer->response_case = ETCDSERVERPB__RESPONSE_OP__RESPONSE_RESPONSE_RANGE;
        }
        break;
    case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT:
        answer->response_put = put_do(self, op->request_put, arena);
        answer->response_case = ETCDSERVERPB__RESPONSE_OP__RESPONSE_RESPONSE_PUT;
        break;
    case ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_DELETE_RANGE:
        answer->response_delete_range = delete_range_do(self, op->request_delete_range, arena);
        answer->response_case = ETCDSERVERPB__RESPONSE_OP__RESPONSE_RESPONSE_DELETE_RANGE;
        break;
    default:
        break;
    }
}

static Etcdserverpb__TxnResponse *follow(struct mvcc *self, const struct path *path,
                                         struct arena *arena)
{
    const struct path *nested = path->first;
    Op *const *ops;
    size_t count = taken(path, &ops);
    Etcdserverpb__TxnResponse *answer = response_new(path, count, arena);

    for (size_t i = 0; i < count; i++) {
        Etcdserverpb__ResponseOp *step = arena_get(arena, sizeof(*step));

        etcdserverpb__response_op__init(step);
        answer->responses[i] = step;
        if (nested_in(ops[i]) != NULL) {
            step->response_txn = follow(self, nested, arena);
            step->response_case = ETCDSERVERPB__RESPONSE_OP__RESPONSE_RESPONSE_TXN;
            nested = nested->next;
        } else {
            do_step(self, ops[i], arena, step);
        }
    }
    return answer;
}

enum etcd_error txn_answer(struct mvcc *self, const Request *request, struct arena *arena,
                           Etcdserverpb__TxnResponse **answer)
{
    const struct path *path = find_path(self, request, arena);
    enum etcd_error error = judge(self, path, judge_put);

    if (error == ETCD_OK) {
        error = judge(self, path, judge_range);
    }
    if (error != ETCD_OK) {
        return error;
    }
    self->counts.txns++;
    *answer = follow(self, path, arena);
    (*answer)->header->revision = current_revision(self);
    return ETCD_OK;
}
