#include "tests/gateway/etcd/watch_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/etcdapi/watch.pb-c.h"

static struct watch_wish wish_of(const struct client_wish *wish)
{
    struct watch_wish made = {.key = str_from(wish->key),
                              .end = str_from(wish->end),
                              .prev = wish->prev,
                              .fragment = wish->fragment,
                              .no_put = wish->no_put,
                              .no_delete = wish->no_delete};

    if (made.end.len == 1 && made.end.data[0] == 1) {
        made.end = (struct str){"", 1};
    }
    return made;
}

static bool concerns(const struct client_watcher *watcher, const struct played_event *event)
{
    struct watch_wish wish = wish_of(&watcher->wish);

    return event->revision >= watcher->next && watch_wish_has(&wish, played_key(event)) &&
           watch_wish_wants(&wish, event->kind);
}

/* The next event that it has to be told of; NULL: it has all. */
static const struct played_event *due(const struct watch_client *self,
                                      const struct client_watcher *watcher, size_t *at)
{
    for (*at = watcher->at; *at < self->store->count; (*at)++) {
        if (concerns(watcher, &self->store->events[*at])) {
            return &self->store->events[*at];
        }
    }
    return NULL;
}

/* ── what is asked ── */

static void pack(Etcdserverpb__WatchRequest *request, struct buf *to)
{
    (void)buf_reserve(to, etcdserverpb__watch_request__get_packed_size(request) + 1);
    to->len += etcdserverpb__watch_request__pack(request, (uint8_t *)to->data + to->len);
}

static ProtobufCBinaryData bytes_of(struct str bytes)
{
    return (ProtobufCBinaryData){bytes.len, (uint8_t *)(uintptr_t)bytes.data};
}

void watch_client_create(struct watch_client *self, const struct client_wish *wish, struct buf *to)
{
    Etcdserverpb__WatchRequest request = ETCDSERVERPB__WATCH_REQUEST__INIT;
    Etcdserverpb__WatchCreateRequest create = ETCDSERVERPB__WATCH_CREATE_REQUEST__INIT;
    Etcdserverpb__WatchCreateRequest__FilterType filters[2];
    struct watch_wish made = wish_of(wish);

    if (wish->no_put) {
        filters[create.n_filters++] = ETCDSERVERPB__WATCH_CREATE_REQUEST__FILTER_TYPE__NOPUT;
    }
    if (wish->no_delete) {
        filters[create.n_filters++] = ETCDSERVERPB__WATCH_CREATE_REQUEST__FILTER_TYPE__NODELETE;
    }
    create.filters = filters;
    create.key = bytes_of(made.key);
    create.range_end = bytes_of(made.end);
    create.start_revision = wish->start;
    create.watch_id = wish->id;
    create.prev_kv = wish->prev;
    create.progress_notify = wish->progress;
    create.fragment = wish->fragment;
    request.request_union_case = ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_CREATE_REQUEST;
    request.create_request = &create;
    pack(&request, to);
    assert_true(self->creates_count < client_requests_max);
    self->creates[(self->creates_first + self->creates_count++) % client_requests_max] =
        (struct client_request){*wish, self->store->revision, self->creates_asked++};
}

void watch_client_progress(struct watch_client *self, struct buf *to)
{
    Etcdserverpb__WatchRequest request = ETCDSERVERPB__WATCH_REQUEST__INIT;
    Etcdserverpb__WatchProgressRequest progress = ETCDSERVERPB__WATCH_PROGRESS_REQUEST__INIT;

    request.request_union_case = ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_PROGRESS_REQUEST;
    request.progress_request = &progress;
    pack(&request, to);
    assert_true(self->progress_count < client_requests_max);
    self->progress[(self->progress_first + self->progress_count++) % client_requests_max] =
        self->store->revision;
}

void watch_client_cancel(struct watch_client *self, int64_t id, struct buf *to)
{
    Etcdserverpb__WatchRequest request = ETCDSERVERPB__WATCH_REQUEST__INIT;
    Etcdserverpb__WatchCancelRequest cancel = ETCDSERVERPB__WATCH_CANCEL_REQUEST__INIT;

    cancel.watch_id = id;
    request.request_union_case = ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_CANCEL_REQUEST;
    request.cancel_request = &cancel;
    pack(&request, to);
    assert_true(self->cancels_count < client_requests_max);
    self->cancels[self->cancels_count++] = (struct client_cancel){id, self->creates_asked};
}

struct client_watcher *watch_client_find(struct watch_client *self, int64_t id)
{
    for (unsigned i = 0; i < self->count; i++) {
        if (!self->watchers[i].over && self->watchers[i].id == id) {
            return &self->watchers[i];
        }
    }
    return NULL;
}

/* ── what is answered ── */

static void on_created(struct watch_client *self, const Etcdserverpb__WatchResponse *response)
{
    struct client_request *request = &self->creates[self->creates_first];
    struct client_watcher *watcher;

    assert_true(self->creates_count > 0);
    self->creates_first = (self->creates_first + 1) % client_requests_max;
    self->creates_count--;
    /* what is acknowledged before is no news to it, what is written from now on is */
    assert_true(response->header->revision >= request->revision);
    assert_true(response->header->revision <= self->store->revision);
    if (response->canceled) {
        assert_int_equal(response->watch_id, -1);
        self->refused++;
        return;
    }
    assert_null(watch_client_find(self, response->watch_id));
    assert_true(request->wish.id == 0 || request->wish.id == response->watch_id);
    assert_true(self->count < client_watchers_max);
    watcher = &self->watchers[self->count++];
    *watcher = (struct client_watcher){
        .wish = request->wish, .id = response->watch_id, .number = request->number};
    watcher->next = request->wish.start != 0 ? request->wish.start : response->header->revision + 1;
}

static bool is_to_be_canceled(const struct watch_client *self, const struct client_watcher *watcher)
{
    for (unsigned i = 0; i < self->cancels_count; i++) {
        if (self->cancels[i].id == watcher->id && self->cancels[i].number > watcher->number) {
            return true;
        }
    }
    return false;
}

static void on_canceled(const struct watch_client *self, struct client_watcher *watcher,
                        const Etcdserverpb__WatchResponse *response)
{
    watcher->over = true;
    if (response->compact_revision != 0) {
        watcher->compacted = response->compact_revision;
        assert_true(response->compact_revision <= self->store->compacted);
        assert_true(watcher->next <= response->compact_revision);
        assert_int_equal(response->header->revision, 0);
    } else {
        assert_true(is_to_be_canceled(self, watcher) || response->cancel_reason[0] != '\0');
    }
}

/* All up to revision has come. */
static void has_all(const struct watch_client *self, struct client_watcher *watcher,
                    int64_t revision)
{
    size_t at;
    const struct played_event *event = due(self, watcher, &at);

    assert_false(watcher->cut);
    assert_true(event == NULL || event->revision > revision);
    if (watcher->next <= revision) {
        watcher->next = revision + 1;
    }
}

static void on_progress(struct watch_client *self, const Etcdserverpb__WatchResponse *response)
{
    int64_t revision = response->header->revision;

    self->progress_told++;
    assert_true(revision <= self->store->revision);
    if (response->watch_id != -1) {
        struct client_watcher *watcher = watch_client_find(self, response->watch_id);

        assert_non_null(watcher);
        assert_true(watcher->wish.progress);
        has_all(self, watcher, revision);
        return;
    }
    assert_true(self->progress_count > 0);
    assert_true(revision >= self->progress[self->progress_first]);
    self->progress_first = (self->progress_first + 1) % client_requests_max;
    self->progress_count--;
    for (unsigned i = 0; i < self->count; i++) {
        if (!self->watchers[i].over) {
            has_all(self, &self->watchers[i], revision);
        }
    }
}

static bool is_value(const Mvccpb__KeyValue *kv, const struct played_event *event)
{
    if (kv->mod_revision != event->revision || kv->value.len != event->value_bytes ||
        !str_eq((struct str){(const char *)kv->key.data, kv->key.len}, played_key(event))) {
        return false;
    }
    for (size_t i = 0; i<kv->value.len; i += kv->value.len> 100 ? 1000 : 1) {
        if ((char)kv->value.data[i] != played_digit(event)) {
            return false;
        }
    }
    return true;
}

static void is_event(const struct watch_client *self, const struct client_watcher *watcher,
                     const Mvccpb__Event *told, const struct played_event *event)
{
    const struct played_event *before =
        event->before > 0 ? &self->store->events[event->before - 1] : NULL;

    assert_int_equal(told->type, event->kind);
    assert_true(is_value(told->kv, event));
    if (!watcher->wish.prev || before == NULL) {
        assert_null(told->prev_kv);
    } else if (told->prev_kv == NULL) {
        assert_true(before->revision <= self->store->compacted);
    } else {
        assert_true(is_value(told->prev_kv, before));
    }
}

static void on_events(struct watch_client *self, struct client_watcher *watcher,
                      const Etcdserverpb__WatchResponse *response)
{
    const struct played_event *event = NULL;
    size_t at = 0;

    for (size_t i = 0; i < response->n_events; i++) {
        event = due(self, watcher, &at);
        assert_non_null(event);
        is_event(self, watcher, response->events[i], event);
        watcher->at = at + 1;
    }
    self->events += response->n_events;
    watcher->events += response->n_events;
    watcher->cut = response->fragment;
    assert_true(response->header->revision >= event->revision);
    assert_true(response->header->revision <= self->store->revision);
    if (!response->fragment) { /* no revision in parts */
        int64_t revision = event->revision;

        event = due(self, watcher, &at);
        assert_true(event == NULL || event->revision > revision);
        watcher->next = revision + 1;
    } else {
        assert_true(watcher->wish.fragment);
        self->fragments++;
    }
}

static void on_send(struct rpc *rpc, struct str message)
{
    struct watch_client *self = (struct watch_client *)rpc;
    Etcdserverpb__WatchResponse *response =
        etcdserverpb__watch_response__unpack(NULL, message.len, (const uint8_t *)message.data);

    assert_non_null(response);
    assert_true(self->open);
    assert_int_equal(response->header->cluster_id, played_cluster);
    assert_int_equal(response->header->member_id, played_member);
    assert_int_equal(response->header->raft_term, played_term);
    self->responses++;
    self->header = response->header->revision;
    (void)snprintf(self->reason, sizeof(self->reason), "%s", response->cancel_reason);
    if (response->created) {
        on_created(self, response);
    } else if (response->canceled || response->n_events > 0) {
        struct client_watcher *watcher = watch_client_find(self, response->watch_id);

        assert_non_null(watcher);
        if (response->canceled) {
            on_canceled(self, watcher, response);
        } else {
            on_events(self, watcher, response);
        }
    } else {
        on_progress(self, response);
    }
    etcdserverpb__watch_response__free_unpacked(response, NULL);
}

static void on_end(struct rpc *rpc, enum grpc_code code, struct str text)
{
    struct watch_client *self = (struct watch_client *)rpc;

    assert_true(self->open);
    self->open = false;
    self->code = code;
    (void)snprintf(self->text, sizeof(self->text), "%.*s", STR_ARG(text));
}

static size_t unsent(const struct rpc *rpc)
{
    return ((const struct watch_client *)rpc)->reads ? 0 : 2 * 1024 * 1024;
}

static const struct rpc_caller caller = {.send = on_send, .end = on_end, .unsent = unsent};

void watch_client_init(struct watch_client *self, const struct played_store *store)
{
    memset(self, 0, offsetof(struct watch_client, watchers));
    self->rpc = (struct rpc){
        .caller = &caller, .method = ETCD_METHOD_WATCH, .timeout_ms = -1, .token = STR("t")};
    self->store = store;
    self->reads = true;
    self->open = true;
    self->count = self->creates_first = self->creates_count = 0;
    self->progress_first = self->progress_count = self->cancels_count = self->creates_asked = 0;
    self->responses = self->events = self->refused = self->progress_told = self->fragments = 0;
}

void watch_client_is_complete(const struct watch_client *self)
{
    assert_int_equal(self->creates_count, 0);
    assert_int_equal(self->progress_count, 0);
    for (unsigned i = 0; i < self->count; i++) {
        const struct client_watcher *watcher = &self->watchers[i];
        size_t at;

        if (!watcher->over) {
            assert_null(due(self, watcher, &at));
            assert_false(watcher->cut);
            assert_false(is_to_be_canceled(self, watcher));
        }
    }
}
