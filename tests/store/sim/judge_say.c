/* What the store tells its gateways, and these their clients. */
#include <inttypes.h>
#include <stdlib.h>

#include "actors/store/mvcc/request.h"
#include "common/base/array.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"
#include "tests/store/sim/judge.h"

enum { first_cap = 256 };

static struct str keep(struct arena *arena, struct str s)
{
    char *bytes = arena_get(arena, s.len + 1);

    if (s.len > 0) {
        memcpy(bytes, s.data, s.len);
    }
    return (struct str){bytes, s.len};
}

static int64_t revision_of(const ProtobufCMessage *message)
{
    return (*(Etcdserverpb__ResponseHeader *const
                  *)(const void *)((const char *)message + message->descriptor->fields[0].offset))
        ->revision;
}

/* ── what the store says ── */

/* What is hashed is the state as it is when the call comes. */
static void expect_hash(struct judge *self, struct op *op)
{
    struct call call = {.method = op->method};
    struct mvcc_answer expected;
    Etcdserverpb__HashKVResponse *response;
    int64_t revision;
    enum err err = request_unpack(op->method, op->request, &self->scratch, &call.request);

    assert(err == ERR_OK);
    revision = ((Etcdserverpb__HashKVRequest *)call.request)->revision;
    expected = model_call(&self->model, &call, &self->scratch);
    op->error = expected.error;
    if (expected.error == ETCD_OK) {
        response = (Etcdserverpb__HashKVResponse *)expected.message;
        response->hash_revision = revision > 0 ? revision : self->model.revision;
        op->response = judge_pack(&self->arena, expected.message);
    }
    arena_reset(&self->scratch);
}

void judge_asked(struct judge *self, unsigned gateway, uint32_t life, const struct msg *msg)
{
    struct op *op = judge_op_of(self, msg->as_call.request);

    if (op == NULL) {
        judge_fail(self, "the gateway sends a call that nobody has made");
        return;
    }
    if (op->method == ETCD_METHOD_HASH_KV) {
        expect_hash(self, op);
    }
    ARRAY_ROOM(self->asked, self->asked_count, self->asked_cap, first_cap);
    self->asked[self->asked_count++] =
        (struct asked){.gateway = gateway, .life = life, .id = msg->as_call.id, .op = op->id};
}

static struct op *take_asked(struct judge *self, unsigned gateway, uint32_t life, uint64_t id)
{
    for (size_t i = 0; i < self->asked_count; i++) {
        const struct asked *asked = &self->asked[i];

        if (asked->gateway == gateway && asked->life == life && asked->id == id) {
            struct op *op = judge_op(self, asked->op);

            self->asked[i] = self->asked[--self->asked_count];
            return op;
        }
    }
    return NULL;
}

static bool is_text(uint32_t code, struct str text, enum etcd_error error)
{
    return code == etcd_error_code(error) && str_eq(text, etcd_error_text(error));
}

/* Whether a call may be told so whatever the state is; *known: then it is not done. */
static bool is_refusal(uint32_t code, struct str text, bool *known)
{
    static const struct {
        enum etcd_error error;
        bool known;
    } refusals[] = {
        {ETCD_ERROR_TOO_MANY_REQUESTS, true},
        {ETCD_ERROR_NO_SPACE, true},
        {ETCD_ERROR_REQUEST_TOO_LARGE, true},
        {ETCD_ERROR_STOPPED, true},
        {ETCD_ERROR_NO_LEADER, true},
        {ETCD_ERROR_TIMEOUT, false},
        {ETCD_ERROR_TIMEOUT_LEADER_FAILED, false},
    };

    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (is_text(code, text, refusals[i].error)) {
            *known = refusals[i].known;
            return true;
        }
    }
    *known = false;
    return code == GRPC_DEADLINE_EXCEEDED && str_eq(text, STR("context deadline exceeded"));
}

static void judge_error(struct judge *self, struct op *op, const struct msg_answered *answer,
                        enum etcd_error expected)
{
    bool known;

    if (expected != ETCD_OK && is_text(answer->code, answer->text, expected)) {
        op->refused = op->applied == 0;
        self->checked++;
        return;
    }
    if (!is_refusal(answer->code, answer->text, &known)) {
        judge_fail(self, "call %u, %s: \"%s\" is right, \"%.*s\" was the answer", op->id,
                   etcd_method_row(op->method)->method.data, etcd_error_text(expected).data,
                   STR_ARG(answer->text));
        return;
    }
    if (op->applied != 0 && known) {
        judge_fail(self, "call %u is applied, and refused: \"%.*s\"", op->id,
                   STR_ARG(answer->text));
    }
    op->refused = known || is_text(answer->code, answer->text, ETCD_ERROR_TIMEOUT_LEADER_FAILED);
}

static void judge_keep_alive(struct judge *self, struct op *op,
                             const Etcdserverpb__LeaseKeepAliveResponse *response)
{
    bool there = model_has_lease(&self->model, response->id);
    int64_t ttl_s = 0;

    for (size_t i = 0; i < self->model.lease_count; i++) {
        if (self->model.leases[i].id == response->id) {
            ttl_s = self->model.leases[i].ttl_s;
        }
    }
    if (response->ttl != ttl_s) {
        judge_fail(self, "call %u: lease %" PRId64 " %s, and was told a TTL of %" PRId64, op->id,
                   response->id, there ? "stands" : "does not stand", response->ttl);
    }
    judge_promised(self, response->id, response->ttl);
    self->checked++;
}

static int by_id(const void *a, const void *b)
{
    int64_t left = (*(Etcdserverpb__LeaseStatus *const *)a)->id;
    int64_t right = (*(Etcdserverpb__LeaseStatus *const *)b)->id;

    return (left > right) - (left < right);
}

/* What the model, which has no time, does not know is taken as it was told. */
static void judge_times(struct judge *self, const struct op *op, ProtobufCMessage *got,
                        ProtobufCMessage *expected)
{
    if (op->method == ETCD_METHOD_LEASE_LEASES) { /* by when they end */
        Etcdserverpb__LeaseLeasesResponse *is = (Etcdserverpb__LeaseLeasesResponse *)got;

        if (is->n_leases > 0) {
            qsort(is->leases, is->n_leases, sizeof(Etcdserverpb__LeaseStatus *), by_id);
        }
    } else if (op->method == ETCD_METHOD_LEASE_TIME_TO_LIVE) {
        Etcdserverpb__LeaseTimeToLiveResponse *is = (Etcdserverpb__LeaseTimeToLiveResponse *)got;
        Etcdserverpb__LeaseTimeToLiveResponse *right =
            (Etcdserverpb__LeaseTimeToLiveResponse *)expected;

        if (right->ttl < 0) {
            return;
        }
        if (is->ttl < 0 || is->ttl > right->grantedttl) {
            judge_fail(self, "read %u: lease %" PRId64 " has %" PRId64 " s of %" PRId64, op->id,
                       is->id, is->ttl, right->grantedttl);
        }
        right->ttl = is->ttl;
        judge_promised(self, is->id, is->ttl);
    }
}

/* A read, against the state as it is. */
static void judge_read(struct judge *self, struct op *op, const struct msg_answered *answer)
{
    struct call call = {.method = op->method};
    struct mvcc_answer expected;
    ProtobufCMessage *got;
    enum err err = request_unpack(op->method, op->request, &self->scratch, &call.request);

    assert(err == ERR_OK);
    expected = model_call(&self->model, &call, &self->scratch);

    if (answer->code != 0) {
        judge_error(self, op, answer, expected.error);
        return;
    }
    got = judge_plain(self, op->method, answer->response);
    if (got == NULL || expected.error != ETCD_OK) {
        judge_fail(self, "read %u, %s: answered, though \"%s\" is right", op->id,
                   etcd_method_row(op->method)->method.data, etcd_error_text(expected.error).data);
        return;
    }
    judge_times(self, op, got, expected.message);
    if (!str_eq(judge_pack(&self->scratch, expected.message), judge_pack(&self->scratch, got))) {
        judge_fail(self,
                   "read %u, %s at revision %" PRId64 " (the model: %" PRId64
                   "): its answer is not the model's",
                   op->id, etcd_method_row(op->method)->method.data, revision_of(got),
                   self->model.revision);
    }
    self->checked++;
}

static void judge_hash(struct judge *self, struct op *op, const struct msg_answered *answer)
{
    ProtobufCMessage *got;

    if (answer->code != 0) {
        judge_error(self, op, answer, op->error);
        return;
    }
    got = judge_plain(self, op->method, answer->response);
    if (op->error != ETCD_OK || got == NULL ||
        !str_eq(op->response, judge_pack(&self->scratch, got))) {
        judge_fail(self, "hash %u of revision %" PRId64 " is not the model's", op->id,
                   got != NULL ? revision_of(got) : 0);
    }
    self->checked++;
}

static void judge_write(struct judge *self, struct op *op, const struct msg_answered *answer)
{
    ProtobufCMessage *got;

    if (answer->code != 0) {
        judge_error(self, op, answer, op->error);
        return;
    }
    got = judge_plain(self, op->method, answer->response);
    if (op->applied == 0 || op->error != ETCD_OK) {
        judge_fail(self, "call %u is acknowledged, and %s", op->id,
                   op->applied == 0 ? "not applied" : "refused by the model");
    } else if (got == NULL || !str_eq(op->response, judge_pack(&self->scratch, got))) {
        judge_fail(self, "call %u: its answer is not what it was applied with", op->id);
    }
    if (op->method == ETCD_METHOD_LEASE_GRANT && got != NULL) {
        const Etcdserverpb__LeaseGrantResponse *grant = (Etcdserverpb__LeaseGrantResponse *)got;

        judge_promised(self, grant->id, grant->ttl);
    }
    self->checked++;
}

void judge_said(struct judge *self, unsigned gateway, uint32_t life, const struct msg *msg)
{
    const struct msg_answered *answer = &msg->as_answered;
    struct op *op = take_asked(self, gateway, life, answer->id);

    if (op == NULL || op->said) {
        judge_fail(self, "the store answers what nobody has asked");
        return;
    }
    op->said = true;
    op->said_code = answer->code;
    op->said_body = keep(&self->arena, answer->code == 0 ? answer->response : answer->text);
    self->answered++;
    if (answer->code == 0 && self->next_call < self->call_count) {
        judge_fail(self, "call %u is answered before all of the log is applied again", op->id);
    }
    if (op->writes) {
        judge_write(self, op, answer);
    } else if (op->method == ETCD_METHOD_LEASE_KEEP_ALIVE) {
        ProtobufCMessage *got =
            answer->code == 0 ? judge_plain(self, op->method, answer->response) : NULL;

        if (got != NULL) {
            judge_keep_alive(self, op, (Etcdserverpb__LeaseKeepAliveResponse *)got);
        } else {
            judge_error(self, op, answer, ETCD_OK);
        }
    } else if (op->method == ETCD_METHOD_HASH_KV) {
        judge_hash(self, op, answer);
    } else {
        judge_read(self, op, answer);
    }
    arena_reset(&self->scratch);
}

/* ── clients ── */

uint32_t judge_begin(struct judge *self, enum etcd_method method, const ProtobufCMessage *request)
{
    const struct call call = {method, (ProtobufCMessage *)(uintptr_t)request};
    struct op *op;

    ARRAY_ROOM(self->ops, self->op_count, self->op_cap, first_cap);
    op = &self->ops[self->op_count++];
    *op = (struct op){.id = (uint32_t)self->op_count,
                      .method = method,
                      .writes = mvcc_writes(method, request),
                      .begun_ms = self->now_ms,
                      .floor = self->told,
                      .error = model_shape(&call),
                      .request = judge_pack(&self->arena, request)};
    op->serializable =
        method == ETCD_METHOD_RANGE && ((const Etcdserverpb__RangeRequest *)request)->serializable;
    return op->id;
}

static void judge_ok(struct judge *self, struct op *op, struct str body)
{
    ProtobufCMessage *got = judge_plain(self, op->method, body);
    int64_t revision = got != NULL ? revision_of(got) : 0;

    if (!op->said || op->said_code != 0 || !str_eq(op->said_body, body)) {
        judge_fail(self, "call %u: its client is told what the store has not said", op->id);
        return;
    }
    if (revision < op->floor) {
        judge_fail(self,
                   "call %u is answered at revision %" PRId64 ", %" PRId64
                   " had been told when it began",
                   op->id, revision, op->floor);
    }
    self->told = revision > self->told ? revision : self->told;
    arena_reset(&self->scratch);
}

void judge_end(struct judge *self, uint32_t id, uint32_t code, struct str body)
{
    struct op *op = judge_op(self, id);
    bool known;

    assert(op != NULL);
    if (op->ended) {
        judge_fail(self, "call %u ends twice", id);
        return;
    }
    op->ended = true;
    if (code != 0) {
        trace_add(self->trace, self->now_ms, -1, "call %u, %s, ends: %.*s", id,
                  etcd_method_row(op->method)->method.data, STR_ARG(body));
    }
    if (code == 0) {
        judge_ok(self, op, body);
        return;
    }
    if (op->said && op->said_code == code && str_eq(op->said_body, body)) {
        self->unanswered += op->writes && !op->refused && op->applied == 0;
        return;
    }
    if (!is_refusal(code, body, &known)) {
        judge_fail(self, "call %u: its client is told \"%.*s\"", id, STR_ARG(body));
    }
    if (known && op->applied != 0) {
        judge_fail(self, "call %u is applied, and refused: \"%.*s\"", id, STR_ARG(body));
    }
    op->refused = op->refused || known;
    self->unanswered += op->writes && !op->refused;
}

void judge_gone(struct judge *self, uint32_t id)
{
    struct op *op = judge_op(self, id);

    assert(op != NULL && !op->ended);
    op->ended = true;
    self->unanswered += op->writes;
}
