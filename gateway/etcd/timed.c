#include "gateway/etcd/timed.h"

#include <stdlib.h>

#include "common/base/deadlines.h"
#include "common/base/heap.h"

struct timed {
    const struct rpc_server *services;
    const struct moment *moment;
    struct deadlines ends;
};

struct timed_call {
    struct deadline end; /* first */
    struct rpc rpc;      /* its server's */
    struct rpc *client;
    struct timed *all;
};

static struct timed_call *call_of(const struct rpc *rpc)
{
    return (struct timed_call *)((char *)(uintptr_t)rpc - offsetof(struct timed_call, rpc));
}

static const struct rpc_server *server_of(const struct timed *self, const struct rpc *rpc)
{
    return &self->services[rpc->method];
}

static struct rpc *let_go(struct timed_call *call)
{
    struct rpc *client = call->client;

    deadlines_remove(&call->all->ends, &call->end);
    free(call);
    return client;
}

static void drop(struct timed_call *call)
{
    const struct rpc_server *server = server_of(call->all, &call->rpc);

    server->app->gone(server->state, &call->rpc);
}

/* ── as the caller of who serves it ── */

static void on_send(struct rpc *rpc, struct str message)
{
    rpc_send(call_of(rpc)->client, message);
}

static void on_end(struct rpc *rpc, enum grpc_code code, struct str text)
{
    rpc_end(let_go(call_of(rpc)), code, text);
}

static size_t on_unsent(const struct rpc *rpc)
{
    return rpc_unsent(call_of(rpc)->client);
}

static const struct rpc_caller caller = {.send = on_send, .end = on_end, .unsent = on_unsent};

/* ── as who serves its client ── */

static void on_begin(void *state, struct rpc *client)
{
    struct timed *self = state;
    const struct rpc_server *server = server_of(self, client);
    struct timed_call *call = heap_new(sizeof(*call));

    assert(timed_is_for(client));
    *call = (struct timed_call){.rpc = {.caller = &caller,
                                        .method = client->method,
                                        .token = client->token,
                                        .timeout_ms = -1,
                                        .needs_leader = client->needs_leader},
                                .client = client,
                                .all = self};
    client->user = call;
    deadlines_set(&self->ends, &call->end, self->moment->now->mono_ms + client->timeout_ms);
    server->app->begin(server->state, &call->rpc);
}

static void on_message(void *state, struct rpc *client, struct str message)
{
    struct timed_call *call = client->user;
    const struct rpc_server *server = server_of(state, client);

    server->app->message(server->state, &call->rpc, message);
}

static void on_half_closed(void *state, struct rpc *client)
{
    struct timed_call *call = client->user;
    const struct rpc_server *server = server_of(state, client);

    server->app->half_closed(server->state, &call->rpc);
}

static void on_gone(void *state, struct rpc *client)
{
    (void)state;
    drop(client->user);
    (void)let_go(client->user);
}

const struct rpc_app timed_app = {
    .begin = on_begin, .message = on_message, .half_closed = on_half_closed, .gone = on_gone};

void timed_turn(struct timed *self)
{
    struct deadline *first;

    while ((first = deadlines_first(&self->ends)) != NULL &&
           first->due_ms <= self->moment->now->mono_ms) {
        struct timed_call *call = (struct timed_call *)first;

        drop(call);
        rpc_end(let_go(call), GRPC_DEADLINE_EXCEEDED, STR("context deadline exceeded"));
    }
}

int64_t timed_due_ms(const struct timed *self)
{
    const struct deadline *first = deadlines_first(&self->ends);

    return first != NULL ? first->due_ms : INT64_MAX;
}

/* ── its life ── */

struct timed *timed_new(const struct rpc_server *services, const struct moment *moment)
{
    struct timed *self = heap_new(sizeof(*self));

    self->services = services;
    self->moment = moment;
    return self;
}

void timed_destroy(struct timed **self)
{
    if (*self != NULL) {
        assert((*self)->ends.count == 0);
        deadlines_fini(&(*self)->ends);
        free(*self);
        *self = NULL;
    }
}
