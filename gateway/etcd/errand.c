#include "gateway/etcd/errand.h"

#include <stdlib.h>

#include "common/base/heap.h"

struct errands {
    const struct rpc_server *calls;
    const struct moment *moment;
    struct deadlines deadlines;
    struct errand *first;
    struct errand *ready;
    struct errand *last_ready;
    uint64_t count;
};

/* ── those whose question is over ── */

static void make_ready(struct errand *self, enum grpc_code code, struct str text)
{
    struct errands *all = self->all;

    self->code = code;
    self->text.len = 0;
    buf_add_str(&self->text, text);
    if (!self->is_ready) {
        self->is_ready = true;
        self->next_ready = NULL;
        *(all->ready != NULL ? &all->last_ready->next_ready : &all->ready) = self;
        all->last_ready = self;
    }
}

static void unready(struct errand *self)
{
    struct errand **at = &self->all->ready;
    struct errand *before = NULL;

    if (!self->is_ready) {
        return;
    }
    while (*at != self) {
        before = *at;
        at = &before->next_ready;
    }
    *at = self->next_ready;
    if (self->all->last_ready == self) {
        self->all->last_ready = before;
    }
    self->is_ready = false;
}

static void unwatch(struct errand *self)
{
    self->event = NULL;
    subcall_drop(&self->call);
    unready(self);
}

/* ── questions ── */

static void on_message(struct subcall *call, struct str message)
{
    struct errand *errand = call->user;
    Etcdserverpb__WatchResponse *response;

    if (errand->event == NULL) {
        errand->answer.len = 0;
        buf_add_str(&errand->answer, message);
        return;
    }
    response =
        etcdserverpb__watch_response__unpack(NULL, message.len, (const uint8_t *)message.data);
    if (response == NULL) {
        return;
    }
    if (!errand->is_ready && errand->event(errand, response)) {
        make_ready(errand, GRPC_OK, STR(""));
    } else if (!errand->is_ready && response->canceled) { /* nothing more will come of it */
        make_ready(errand, GRPC_UNAVAILABLE, str_from(response->cancel_reason));
    }
    etcdserverpb__watch_response__free_unpacked(response, NULL);
}

static void on_end(struct subcall *call, enum grpc_code code, struct str text)
{
    struct errand *errand = call->user;

    if (errand->event != NULL && errand->is_ready) {
        return; /* it has come, and the watch would end now */
    }
    make_ready(errand, errand->event != NULL && code == GRPC_OK ? GRPC_UNAVAILABLE : code, text);
}

static const struct subcall_owner owner = {.message = on_message, .end = on_end};

static void ask(struct errand *self, enum etcd_method method, const ProtobufCMessage *request)
{
    const struct subcall_options options = {.server = self->all->calls,
                                            .owner = &owner,
                                            .method = method,
                                            .token = buf_str(&self->token),
                                            .timeout_ms = -1};

    subcall_begin(&self->call, &options, request, self);
}

void errand_ask(struct errand *self, enum etcd_method method, const ProtobufCMessage *request,
                errand_step *done)
{
    self->answer.len = 0;
    self->done = done;
    ask(self, method, request);
}

void errand_watch(struct errand *self, const Etcdserverpb__WatchCreateRequest *create,
                  errand_event *event, errand_step *done)
{
    Etcdserverpb__WatchRequest request = ETCDSERVERPB__WATCH_REQUEST__INIT;

    request.request_union_case = ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_CREATE_REQUEST;
    request.create_request = (Etcdserverpb__WatchCreateRequest *)(uintptr_t)create;
    self->event = event;
    self->done = done;
    ask(self, ETCD_METHOD_WATCH, &request.base);
}

ProtobufCBinaryData errand_bytes(const struct buf *buf)
{
    return (ProtobufCBinaryData){buf->len, (uint8_t *)buf->data};
}

/* ── its life ── */

struct errand *errand_new(struct errands *self, struct rpc *client)
{
    struct errand *errand;

    if (self->count >= errands_max) {
        rpc_end_error(client, ETCD_ERROR_TOO_MANY_REQUESTS);
        return NULL;
    }
    errand = heap_new(sizeof(*errand));
    errand->all = self;
    errand->client = client;
    client->user = errand;
    buf_add_str(&errand->token, client->token);
    errand->next = self->first;
    if (self->first != NULL) {
        self->first->before = errand;
    }
    self->first = errand;
    self->count++;
    if (client->timeout_ms >= 0) {
        deadlines_set(&self->deadlines, &errand->due,
                      self->moment->now->mono_ms + client->timeout_ms);
    }
    return errand;
}

void errand_over(struct errand *self)
{
    struct errands *all = self->all;

    assert(self->client == NULL);
    unwatch(self);
    deadlines_remove(&all->deadlines, &self->due);
    *(self->before != NULL ? &self->before->next : &all->first) = self->next;
    if (self->next != NULL) {
        self->next->before = self->before;
    }
    all->count--;
    buf_fini(&self->token);
    buf_fini(&self->text);
    buf_fini(&self->answer);
    buf_fini(&self->prefix);
    buf_fini(&self->key);
    buf_fini(&self->value);
    buf_fini(&self->header);
    free(self);
}

void errand_send(struct errand *self, const ProtobufCMessage *response)
{
    struct buf packed = {0};
    size_t len = protobuf_c_message_get_packed_size(response);

    assert(self->client != NULL);
    packed.len = protobuf_c_message_pack(response, (uint8_t *)buf_reserve(&packed, len + 1));
    rpc_send(self->client, buf_str(&packed));
    buf_fini(&packed);
}

void errand_answer(struct errand *self, const ProtobufCMessage *response)
{
    struct rpc *client = self->client;

    errand_send(self, response);
    self->client = NULL;
    errand_over(self);
    rpc_end(client, GRPC_OK, STR(""));
}

static void undo_or_end(struct errand *self)
{
    if (self->stage == ERRAND_FREE || self->all->moment->now == NULL) {
        errand_over(self);
    } else if (self->stage == ERRAND_HELD && !self->undoing) {
        self->undoing = true;
        unwatch(self);
        self->undo(self);
    } /* else what is under way is awaited */
}

/* The client is told; what it had waited by goes. */
static void tell_failure(struct errand *self, enum grpc_code code, struct str text)
{
    struct rpc *client = self->client;

    self->client = NULL;
    deadlines_remove(&self->all->deadlines, &self->due);
    rpc_end(client, code, text);
    undo_or_end(self);
}

void errand_fail(struct errand *self, enum grpc_code code, struct str text)
{
    bool is_kept = code == GRPC_UNAVAILABLE || code == GRPC_DEADLINE_EXCEEDED;

    if (self->stage ==
        ERRAND_TAKING) { /* by what is answered so it may be in or not; it has a lease */
        self->stage = ERRAND_FREE;
    }
    if (self->client != NULL) {
        tell_failure(self, is_kept ? code : GRPC_UNKNOWN, text);
    } else {
        undo_or_end(self);
    }
}

void errand_fail_malformed(struct errand *self)
{
    tell_failure(self, GRPC_INTERNAL, STR("grpc: failed to unmarshal the received message"));
}

void errand_gone(struct rpc *client)
{
    struct errand *self = client->user;

    self->client = NULL;
    deadlines_remove(&self->all->deadlines, &self->due);
    undo_or_end(self);
}

void errand_take(struct errand *self)
{
    self->stage = ERRAND_TAKING;
}

bool errand_taken(struct errand *self, bool by_this)
{
    self->stage = ERRAND_HELD;
    if (self->client == NULL) {
        self->stage = by_this ? ERRAND_HELD : ERRAND_FREE; /* another call of the session's */
        undo_or_end(self);
        return false;
    }
    return true;
}

/* ── all of them ── */

struct errands *errands_new(const struct rpc_server *calls, const struct moment *moment)
{
    struct errands *self = heap_new(sizeof(*self));

    self->calls = calls;
    self->moment = moment;
    return self;
}

void errands_destroy(struct errands **self)
{
    if (*self == NULL) {
        return;
    }
    for (struct errand *errand = (*self)->first, *next; errand != NULL; errand = next) {
        next = errand->next; /* what was to be undone is not */
        errand_over(errand);
    }
    deadlines_fini(&(*self)->deadlines);
    free(*self);
    *self = NULL;
}

void errands_turn(struct errands *self, const struct now *now)
{
    struct deadline *first;

    while (self->ready != NULL) {
        struct errand *errand = self->ready;
        enum grpc_code code = errand->code;
        struct buf text = errand->text;

        errand->text = (struct buf){0};
        unwatch(errand);
        errand->done(errand, code, buf_str(&text));
        buf_fini(&text);
    }
    while ((first = deadlines_first(&self->deadlines)) != NULL && first->due_ms <= now->mono_ms) {
        tell_failure((struct errand *)first, GRPC_DEADLINE_EXCEEDED,
                     STR("context deadline exceeded"));
    }
}

int64_t errands_due_ms(const struct errands *self)
{
    const struct deadline *first = deadlines_first(&self->deadlines);

    if (self->ready != NULL) {
        return 0;
    }
    return first != NULL ? first->due_ms : INT64_MAX;
}

uint64_t errands_count(const struct errands *self)
{
    return self->count;
}
