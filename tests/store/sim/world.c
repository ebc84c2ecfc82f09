#include "tests/store/sim/world.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"
#include "tests/store/sim/chaos.h"
#include "tests/store/sim/stream.h"

/* ── what the shell asks ── */

static void on_command(void *context, unsigned from, uint32_t life, const struct msg *msg)
{
    if (msg->type == MSG_TYPE_CALL) {
        judge_asked(&((struct world *)context)->judge, from, life, msg);
    }
}

static void on_guest(void *context, unsigned process, const struct now *now)
{
    struct world *self = context;
    struct process *it = &self->shell.processes[process];

    for (unsigned i = 0; process != shell_store && i < self->plan.clients; i++) {
        struct client *client = &self->clients[i];

        if (client->gateway == process && client->next_ms <= self->shell.now_ms) {
            client->port = (struct rpc_server){&upstream_app, it->state};
            client_act(client);
        }
    }
    if (process != shell_store) {
        edge_turn(it->state, now, it->out);
        if (((const struct upstream *)it->state)->failed != ERR_OK) {
            judge_fail(&self->judge, "the gateway has stopped following the store");
        }
    }
}

static bool on_turned(void *context, unsigned process)
{
    struct world *self = context;

    if (process != shell_store || site_lives(&self->site)) {
        return true;
    }
    chaos_store_died(self);
    return false;
}

static void on_sends(void *context, unsigned process, enum outbox_lane lane)
{
    struct world *self = context;

    if (process == shell_store && self->site.store != NULL) {
        site_hear(&self->site);
        memset(self->site.heard[lane], 0, sizeof(self->site.heard[lane]));
    }
}

/* ── time ── */

static void wake_for_clients(struct world *self)
{
    for (unsigned i = 0; i < self->plan.clients; i++) {
        const struct client *client = &self->clients[i];

        if (shell_is_up(&self->shell, client->gateway)) {
            shell_wake(&self->shell, client->gateway, client->next_ms);
        }
    }
}

static void run_to(struct world *self, int64_t until_ms)
{
    while (self->shell.now_ms < until_ms && !self->judge.failed) {
        int64_t next_ms = chaos_due_ms(self);

        wake_for_clients(self);
        (void)shell_step(&self->shell, next_ms < until_ms ? next_ms : until_ms);
        self->judge.now_ms = self->shell.now_ms;
        chaos_turn(self);
    }
}

/* ── the end ── */

static void judge_all_answered(struct world *self)
{
    for (unsigned i = 0; i < self->plan.clients; i++) {
        const struct client *client = &self->clients[i];

        if (client->calls != NULL) {
            judge_fail(&self->judge, "call %u is never answered", client->calls->op);
        }
        if (client->watches != NULL) {
            watched_at_head(&self->judge, &client->watches->watched);
        }
    }
}

static void ask(struct client *client, enum etcd_method method, const ProtobufCMessage *request)
{
    client->quiet_ops[client->quiet_count++] = client_call(client, method, request, -1);
}

/* All that can be seen of the state. */
static void ask_all(struct client *client)
{
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    Etcdserverpb__HashKVRequest hash = ETCDSERVERPB__HASH_KVREQUEST__INIT;
    Etcdserverpb__LeaseLeasesRequest leases = ETCDSERVERPB__LEASE_LEASES_REQUEST__INIT;

    range.key = (ProtobufCBinaryData){1, (uint8_t *)"\0"};
    range.range_end = range.key;
    client->quiet_count = 0;
    ask(client, ETCD_METHOD_RANGE, &range.base);
    ask(client, ETCD_METHOD_HASH_KV, &hash.base);
    ask(client, ETCD_METHOD_LEASE_LEASES, &leases.base);
}

/* A few ask: a gateway may take few calls at once. */
static void judge_state(struct world *self)
{
    enum { askers = 2 };

    for (unsigned i = 0; i < askers; i++) {
        self->clients[i].asks = ask_all;
    }
    run_to(self, self->shell.now_ms + 3000);
    for (unsigned i = 0; i < askers && !self->judge.failed; i++) {
        const struct client *client = &self->clients[i];

        for (unsigned k = 0; k < client->quiet_count; k++) {
            const struct op *op = judge_op(&self->judge, client->quiet_ops[k]);

            if (!op->ended || !op->said || op->said_code != 0) {
                judge_fail(&self->judge, "after calm, read %u of client %u %s: \"%.*s\"", op->id, i,
                           op->ended ? "fails" : "has no answer", STR_ARG(op->said_body));
            }
        }
        if (client->quiet_count == 0) {
            judge_fail(&self->judge, "after calm, client %u has asked for nothing", i);
        }
    }
}

static void judge_end_of_run(struct world *self)
{
    enum { busy_ms = 4000, rest_ms = 22000, start_ms = 4000 };

    chaos_end(self);
    self->shell.drop = self->plan.faults.lost_facts ? 50 : 0; /* the last ones too */
    run_to(self, self->shell.now_ms + busy_ms);
    self->shell.drop = 0;
    for (unsigned i = 0; i < self->plan.clients; i++) {
        self->clients[i].quiet = true;
        self->clients[i].resting = true;
    }
    run_to(self, self->shell.now_ms + rest_ms);
    if (!self->judge.failed) {
        judge_leases_ended(&self->judge, rest_ms);
        judge_all_answered(self);
        judge_state(self);
    }
    if (!self->judge.failed) {
        chaos_restart(self);
        run_to(self, self->shell.now_ms + start_ms);
        judge_state(self);
    }
}

static void result_of(const struct world *self, struct world_result *result)
{
    const struct judge *judge = &self->judge;

    memset(result, 0, sizeof(*result));
    result->seed = self->plan.seed;
    result->ok = !judge->failed;
    result->failed_ms = judge->failed_ms;
    memcpy(result->failure, judge->failure, sizeof(result->failure));
    result->ms = self->shell.now_ms;
    result->ops = judge->op_count;
    result->linearizable = judge->checked;
    result->unknown = judge->unanswered;
    result->watch_events = judge->watch_events;
    result->starts = self->starts;
    result->flushes = self->site.flushes;
    result->messages = self->shell.messages;
    for (size_t i = 0; i < judge->call_count; i++) {
        result->log_hash = result->log_hash * 31 + judge->calls[i].body_hash;
    }
    result->faults = self->faults;
    result->faults.facts_dropped = self->shell.facts_dropped;
}

void world_run(uint64_t seed, enum trace_mode mode, struct world_result *result)
{
    struct world *self = heap_new(sizeof(*self));
    const struct shell_watch watch = {.context = self,
                                      .command = on_command,
                                      .guest = on_guest,
                                      .turned = on_turned,
                                      .sends = on_sends};

    trace_init(&self->trace, mode, 1);
    plan_draw(&self->plan, seed);
    judge_init(&self->judge, &self->plan, &self->trace);
    shell_init(&self->shell, &self->plan, &self->trace, &watch);
    site_init(&self->site, &self->plan, &self->trace, &self->shell, &self->judge);
    for (unsigned i = 0; i < self->plan.clients; i++) {
        client_init(&self->clients[i], i, &self->plan, &self->judge);
    }
    chaos_begin(self);
    run_to(self, self->plan.chaos_ms);
    judge_end_of_run(self);
    result_of(self, result);
    if (mode == TRACE_LAST && !result->ok) {
        trace_print(&self->trace, stdout);
    }
    chaos_fini(self);
    site_fini(&self->site);
    shell_fini(&self->shell);
    judge_fini(&self->judge);
    free(self);
}
