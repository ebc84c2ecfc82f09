#include "tests/store/sim/client.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "common/etcdapi/kv.pb-c.h"
#include "tests/store/sim/requests.h"
#include "tests/store/sim/stream.h"

void client_init(struct client *self, unsigned number, struct plan *plan, struct judge *judge)
{
    *self = (struct client){.number = number, .plan = plan, .judge = judge};
    self->gateway = 1 + number % plan->gateways;
    self->next_ms = plan_between(plan, 500, 2000);
}

/* ── calls that are answered once ── */

static void forget(struct client_call *call)
{
    struct client_call **at = &call->client->calls;

    while (*at != call) {
        at = &(*at)->next;
    }
    *at = call->next;
    call->client->call_count--;
}

static void on_send(struct rpc *rpc, struct str message)
{
    struct client_call *call = (struct client_call *)rpc;

    judge_end(call->client->judge, call->op, 0, message);
}

static void on_end(struct rpc *rpc, enum grpc_code code, struct str text)
{
    struct client_call *call = (struct client_call *)rpc;

    if (code != GRPC_OK) {
        judge_end(call->client->judge, call->op, code, text);
    } else if (!judge_op(call->client->judge, call->op)->ended) {
        judge_fail(call->client->judge, "call %u ends well without an answer", call->op);
    }
    forget(call);
    free(call);
}

static size_t nothing_unread(const struct rpc *rpc)
{
    (void)rpc;
    return 0;
}

static const struct rpc_caller call_caller = {
    .send = on_send, .end = on_end, .unsent = nothing_unread};

uint32_t client_call(struct client *self, enum etcd_method method, const ProtobufCMessage *request,
                     int64_t timeout_ms)
{
    struct client_call *made = heap_new(sizeof(*made));
    uint32_t op = judge_begin(self->judge, method, request);
    struct buf bytes = {0};

    made->rpc = (struct rpc){.caller = &call_caller,
                             .method = method,
                             .timeout_ms = timeout_ms,
                             .needs_leader = plan_one_in(self->plan, 4)};
    made->client = self;
    made->op = op;
    made->next = self->calls;
    self->calls = made;
    self->call_count++;
    buf_add_str(&bytes, judge_op(self->judge, op)->request);
    op_tag(&bytes, op);
    self->port.app->begin(self->port.state, &made->rpc);
    if (!judge_op(self->judge, op)->ended) {
        self->port.app->message(self->port.state, &made->rpc, buf_str(&bytes));
    }
    buf_fini(&bytes);
    return op;
}

static void take_back(struct client *self, struct client_call *gone, bool told)
{
    if (told) {
        self->port.app->gone(self->port.state, &gone->rpc);
    }
    judge_gone(self->judge, gone->op);
    forget(gone);
    free(gone);
}

void client_disconnect(struct client *self, bool told)
{
    struct client_call *next;

    for (struct client_call *gone = self->calls; gone != NULL; gone = next) {
        next = gone->next;
        take_back(self, gone, told);
    }
    stream_gone(&self->keep_alives, told);
    stream_gone(&self->watches, told);
}

/* ── what it does ── */

static void make_call(struct client *self)
{
    struct arena arena = {0};
    struct call made = requests_call(self->plan, self->judge, &arena);

    (void)client_call(self, made.method, made.request,
                      plan_one_in(self->plan, 4) ? plan_between(self->plan, 1, 3000) : -1);
    arena_fini(&arena);
}

/* Its share of the run's calls until now is not made yet. */
static bool may_call(const struct client *self)
{
    enum { head_start = 50 };
    const struct plan *plan = self->plan;
    uint64_t until = plan->ops_max * (uint64_t)self->judge->now_ms / (uint64_t)plan->chaos_ms;

    return self->call_count < plan->open_max && self->judge->op_count < until + head_start &&
           self->judge->model.count < model_changes_max / 2;
}

static void act_calls(struct client *self)
{
    uint64_t kind = plan_below(self->plan, 100);

    if (kind < 80) {
        for (uint64_t i = 1 + plan_below(self->plan, self->plan->burst_max);
             i > 0 && may_call(self); i--) {
            make_call(self);
        }
    } else if (kind < 83 && self->calls != NULL) {
        take_back(self, self->calls, true);
    } else if (kind < 85 && self->plan->faults.deaf_client) {
        self->reads_ms = self->judge->now_ms + plan_between(self->plan, 100, 5000);
    } else if (kind < 86) {
        client_disconnect(self, true);
        self->gateway = 1 + (unsigned)plan_below(self->plan, self->plan->gateways);
    }
}

void client_act(struct client *self)
{
    unsigned gateway = self->gateway;

    if (self->asks != NULL) {
        self->asks(self);
        self->asks = NULL;
    }
    if (!self->quiet) {
        act_calls(self);
    }
    if (self->gateway == gateway) {
        stream_act(self);
    }
    self->next_ms = self->judge->now_ms + plan_between(self->plan, 1, 2 * self->plan->pace_ms);
}
