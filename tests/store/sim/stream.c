#include "tests/store/sim/stream.h"

#include <stdlib.h>

#include "actors/store/mvcc/key_value.h"
#include "common/base/heap.h"
#include "common/etcdapi/lease.pb-c.h"
#include "tests/store/sim/requests.h"

static struct judge *judge_of(const struct stream *self)
{
    return self->client->judge;
}

static size_t on_unsent(const struct rpc *rpc)
{
    return ((const struct stream *)rpc)->unread *
           ((const struct stream *)rpc)->client->plan->unread_scale;
}

static void end(struct stream *self)
{
    for (unsigned i = 0; i < self->asked_count; i++) {
        judge_gone(judge_of(self), self->asked[i]);
    }
    *self->place = NULL;
    free(self);
}

void stream_gone(struct stream **place, bool told)
{
    struct stream *self = *place;

    if (self == NULL) {
        return;
    }
    if (told) {
        self->client->port.app->gone(self->client->port.state, &self->rpc);
    }
    end(self);
}

static void begin(struct client *client, struct stream **place, enum etcd_method method,
                  const struct rpc_caller *caller)
{
    struct stream *self = heap_new(sizeof(*self));

    self->rpc = (struct rpc){.caller = caller,
                             .method = method,
                             .timeout_ms = -1,
                             .needs_leader = plan_one_in(client->plan, 2)};
    self->client = client;
    self->place = place;
    *place = self;
    client->port.app->begin(client->port.state, &self->rpc); /* may end it */
}

static void send(struct stream *self, struct str message)
{
    self->client->port.app->message(self->client->port.state, &self->rpc, message);
}

/* ── keep-alives ── */

/* The first that was asked of this lease and not answered is answered. */
static void on_kept(struct rpc *rpc, struct str message)
{
    struct stream *self = (struct stream *)rpc;
    struct judge *judge = judge_of(self);

    for (unsigned i = 0; i < self->asked_count; i++) {
        const struct op *op = judge_op(judge, self->asked[i]);

        if (op->said && op->said_code == 0 && str_eq(op->said_body, message)) {
            judge_end(judge, op->id, 0, message);
            self->asked[i] = self->asked[--self->asked_count];
            return;
        }
    }
    judge_fail(judge, "a keep-alive is answered that nobody asked for");
}

static void on_kept_end(struct rpc *rpc, enum grpc_code code, struct str text)
{
    struct stream *self = (struct stream *)rpc;
    struct judge *judge = judge_of(self);

    if (code == GRPC_OK && (!self->half_closed || self->asked_count > 0)) {
        judge_fail(judge, "a stream of keep-alives ends well, before it should");
    }
    if (code != GRPC_OK && self->asked_count > 0) {
        judge_end(judge, self->asked[--self->asked_count], code, text);
    }
    end(self);
}

static const struct rpc_caller kept_caller = {
    .send = on_kept, .end = on_kept_end, .unsent = on_unsent};

static void keep_alive(struct client *client)
{
    Etcdserverpb__LeaseKeepAliveRequest request = ETCDSERVERPB__LEASE_KEEP_ALIVE_REQUEST__INIT;
    struct stream *self;
    struct buf bytes = {0};
    uint32_t op;

    if (client->keep_alives == NULL) {
        begin(client, &client->keep_alives, ETCD_METHOD_LEASE_KEEP_ALIVE, &kept_caller);
    }
    self = client->keep_alives;
    if (self == NULL || self->half_closed || self->asked_count == stream_asked_max) {
        return;
    }
    if (plan_one_in(client->plan, 30)) {
        self->half_closed = true;
        client->port.app->half_closed(client->port.state, &self->rpc);
        return;
    }
    request.id = requests_lease(client->plan);
    op = judge_begin(client->judge, ETCD_METHOD_LEASE_KEEP_ALIVE, &request.base);
    self->asked[self->asked_count++] = op;
    buf_add_str(&bytes, judge_op(client->judge, op)->request);
    op_tag(&bytes, op);
    send(self, buf_str(&bytes));
    buf_fini(&bytes);
}

/* ── watches ── */

static void on_watched(struct rpc *rpc, struct str message)
{
    struct stream *self = (struct stream *)rpc;

    if (judge_of(self)->now_ms < self->client->reads_ms) {
        self->unread += message.len;
    }
    watched_told(judge_of(self), &self->watched, message);
}

static void on_watched_end(struct rpc *rpc, enum grpc_code code, struct str text)
{
    struct stream *self = (struct stream *)rpc;

    watched_end(judge_of(self), code, text);
    end(self);
}

static const struct rpc_caller watched_caller = {
    .send = on_watched, .end = on_watched_end, .unsent = on_unsent};

static void ask(struct stream *self, Etcdserverpb__WatchRequest *request)
{
    struct buf bytes = {0};

    bytes.len = etcdserverpb__watch_request__pack(
        request,
        (uint8_t *)buf_reserve(&bytes, 1 + etcdserverpb__watch_request__get_packed_size(request)));
    send(self, buf_str(&bytes));
    buf_fini(&bytes);
}

static int64_t start_of(struct plan *plan, const struct judge *judge)
{
    int64_t now = judge->model.revision;

    switch (plan_below(plan, 6)) {
    case 0:
        return now + plan_between(plan, 0, 4);
    case 1:
        return plan_between(plan, 1, now);
    case 2:
        return judge->model.compacted + plan_between(plan, -1, 1);
    default:
        return 0;
    }
}

static void create(struct stream *self)
{
    struct plan *plan = self->client->plan;
    struct judge *judge = judge_of(self);
    Etcdserverpb__WatchCreateRequest create = ETCDSERVERPB__WATCH_CREATE_REQUEST__INIT;
    Etcdserverpb__WatchRequest request = ETCDSERVERPB__WATCH_REQUEST__INIT;
    Etcdserverpb__WatchCreateRequest__FilterType filters[2];
    struct arena arena = {0};
    struct history history;

    history_init(&history, plan_below(plan, UINT64_MAX), &arena);
    create.key = bytes_of_str(history_key(&history));
    switch (plan_below(plan, 4)) {
    case 0:
        create.key = bytes_of_str(STR("\0"));
        create.range_end = create.key;
        break;
    case 1:
        create.range_end = bytes_of_str(history_key(&history));
        break;
    default:
        break;
    }
    create.filters = filters;
    for (unsigned i = 0; i < 2; i++) {
        if (plan_one_in(plan, 6)) {
            filters[create.n_filters++] = (Etcdserverpb__WatchCreateRequest__FilterType)i;
        }
    }
    create.start_revision = start_of(plan, judge);
    create.prev_kv = plan_one_in(plan, 2);
    create.fragment = plan_one_in(plan, 2);
    create.progress_notify = plan_one_in(plan, 2);
    create.watch_id = plan_one_in(plan, 4) ? plan_between(plan, 1, 9) : 0;
    request.request_union_case = ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_CREATE_REQUEST;
    request.create_request = &create;
    if (watched_create(judge, &self->watched, &create) != NULL) {
        ask(self, &request);
    }
    arena_fini(&arena);
}

static void cancel(struct stream *self)
{
    Etcdserverpb__WatchCancelRequest cancel = ETCDSERVERPB__WATCH_CANCEL_REQUEST__INIT;
    Etcdserverpb__WatchRequest request = ETCDSERVERPB__WATCH_REQUEST__INIT;
    struct watched *watched = &self->watched.items[plan_below(self->client->plan, watched_max)];

    if (watched->state == WATCHED_LIVE && !watched->canceling) {
        watched->canceling = true;
        cancel.watch_id = watched->id;
        request.request_union_case = ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_CANCEL_REQUEST;
        request.cancel_request = &cancel;
        ask(self, &request);
    }
}

static void ask_progress(struct stream *self)
{
    Etcdserverpb__WatchProgressRequest progress = ETCDSERVERPB__WATCH_PROGRESS_REQUEST__INIT;
    Etcdserverpb__WatchRequest request = ETCDSERVERPB__WATCH_REQUEST__INIT;

    request.request_union_case = ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_PROGRESS_REQUEST;
    request.progress_request = &progress;
    if (watched_progress(judge_of(self), &self->watched)) {
        ask(self, &request);
    }
}

static void watch(struct client *client)
{
    struct stream *self = client->watches;
    uint64_t kind = plan_below(client->plan, 100);

    if (self == NULL) {
        begin(client, &client->watches, ETCD_METHOD_WATCH, &watched_caller);
    } else if (kind < 3) {
        stream_gone(&client->watches, true);
    } else if (self->half_closed) {
        return;
    } else if (kind < 55) {
        create(self);
    } else if (kind < 70) {
        cancel(self);
    } else if (kind < 98) {
        ask_progress(self);
    } else {
        self->half_closed = true;
        client->port.app->half_closed(client->port.state, &self->rpc);
    }
}

void stream_act(struct client *client)
{
    uint64_t kind = plan_below(client->plan, 100);

    if (client->watches != NULL && client->judge->now_ms >= client->reads_ms) {
        client->watches->unread = 0;
    }
    if (kind < 15 && !client->resting) {
        keep_alive(client);
    } else if (kind < 16 && client->keep_alives != NULL) {
        stream_gone(&client->keep_alives, true);
    } else if (kind < 40 && !client->resting) {
        watch(client);
    }
}
