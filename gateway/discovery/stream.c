#include "gateway/discovery/stream.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/deadlines.h"
#include "common/base/heap.h"
#include "gateway/discovery/read_params.h"
#include "gateway/discovery/stream_changes.h"
#include "gateway/discovery/stream_events.h"

enum { slice_max = 512 }; /* streams woken in one turn */

static const size_t text_kept = (size_t)4 << 10; /* of a stream that has nothing to send */
static const int64_t ping_ms = 15000;

static void on_changed(void *state, uint64_t app_hash)
{
    struct streams *self = state;

    watches_wake(self->watches, app_hash);
}

struct streams *streams_new(struct replica *replica)
{
    struct streams *self = heap_new(sizeof(*self));

    self->replica = replica;
    self->watches = watches_new();
    self->mended = delta_mended(replica_delta(replica));
    replica_observe(replica, on_changed, self);
    return self;
}

void streams_destroy(struct streams **self)
{
    if (*self != NULL) {
        assert((*self)->counts.open == 0);
        replica_unobserve((*self)->replica, *self);
        watches_destroy(&(*self)->watches);
        deadlines_fini(&(*self)->pings);
        free(*self);
        *self = NULL;
    }
}

/* ── sending ────────────────────────────────────────────────────────────────*/

static void drop_body(struct stream *self)
{
    if (self->body != NULL) {
        http_release(self->streams->gateway->http, self->body);
        response_unref(&self->body);
    }
}

/* Makes more to send. False: there is nothing now. */
static bool produce(struct stream *self)
{
    struct position_at before;

    self->text.len = 0;
    self->text_at = 0;
    if (self->text.cap > text_kept) { /* it may wait for long now */
        buf_fini(&self->text);
    }
    if (self->body != NULL) {
        drop_body(self);
        buf_add_str(&self->text, STR("\n\n"));
        return true;
    }
    if (self->next_full < self->app_count) {
        stream_add_full(self);
        return true;
    }
    do { /* a slice of changes may hold none to show */
        before = self->at;
        stream_add_changes(self);
    } while (self->text.len == 0 && self->next_full == self->app_count &&
             self->at.seq != before.seq);
    if (self->next_full < self->app_count) {
        stream_add_full(self);
    }
    if (self->text.len == 0 && self->ping_due) {
        buf_add_str(&self->text, STR(": ping\n\n"));
    }
    self->ping_due = false;
    return self->text.len > 0;
}

/* What is to be sent next of what was made; empty: make more. */
static struct str pending(const struct stream *self)
{
    if (self->text_at < self->text.len) {
        return (struct str){self->text.data + self->text_at, self->text.len - self->text_at};
    }
    return self->slice;
}

static int64_t next_bytes(void *context, char *to, size_t max)
{
    struct stream *self = context;
    size_t filled = 0;

    while (filled < max && (pending(self).len > 0 || produce(self))) {
        struct str from = pending(self);
        size_t len = from.len < max - filled ? from.len : max - filled;

        memcpy(to + filled, from.data, len);
        filled += len;
        if (self->text_at < self->text.len) {
            self->text_at += len;
        } else {
            self->slice.data += len;
            self->slice.len -= len;
        }
    }
    self->waiting = filled == 0;
    if (self->request != NULL) {
        request_keeps(self->request, self->bytes + self->text.cap);
    }
    return filled > 0 ? (int64_t)filled : HTTP_STREAM_WAIT;
}

static void end(void *context)
{
    struct stream *self = context;
    struct streams *streams = self->streams;

    for (uint32_t i = 0; i < self->app_count; i++) {
        watches_remove(streams->watches, &self->nodes[i]);
    }
    watches_forget(streams->watches, &self->watcher);
    deadlines_remove(&streams->pings, &self->ping);
    drop_body(self);
    buf_fini(&self->text);
    streams->counts.open--;
    free(self);
}

static void on_gone(struct gateway *gateway, struct parked *parked)
{
    struct stream *self = (struct stream *)(void *)parked;

    (void)gateway;
    self->request = NULL;
    deadlines_remove(&self->streams->pings, &self->ping);
}

static void more(struct stream *self)
{
    if (self->waiting && self->request != NULL) {
        self->waiting = false;
        request_stream_more(self->request);
    }
}

static struct stream *stream_of_watcher(struct watcher *watcher)
{
    return (struct stream *)(void *)((char *)watcher - offsetof(struct stream, watcher));
}

static struct stream *stream_of_ping(struct deadline *deadline)
{
    return (struct stream *)(void *)((char *)deadline - offsetof(struct stream, ping));
}

/* Every stream that is not gone has a ping: the way to all of them. */
static void wake_all(struct streams *self)
{
    for (size_t i = 0; i < self->pings.count; i++) {
        watches_push(self->watches, &stream_of_ping(self->pings.items[i])->watcher);
    }
}

void streams_turn(struct gateway *self, const struct now *now)
{
    struct streams *streams = self->streams;
    struct delta *delta = replica_delta(streams->replica);
    struct watcher *watcher;
    struct deadline *ping;
    uint32_t looked = 0;

    streams->now = *now;
    if (streams->mended != delta_mended(delta)) {
        streams->mended = delta_mended(delta);
        wake_all(streams);
    }
    while (looked < slice_max && (watcher = watches_take(streams->watches)) != NULL) {
        looked++;
        more(stream_of_watcher(watcher));
    }
    while (looked < slice_max && (ping = deadlines_first(&streams->pings)) != NULL &&
           ping->due_ms <= now->mono_ms) {
        looked++;
        stream_of_ping(ping)->ping_due = true;
        more(stream_of_ping(ping));
        deadlines_set(&streams->pings, ping, now->mono_ms + ping_ms);
    }
    if (looked == slice_max) {
        outbox_again(self->out);
    }
}

bool streams_spare(struct gateway *self)
{
    struct streams *streams = self->streams;
    struct deadline *first = deadlines_first(&streams->pings);

    if (first == NULL) {
        return false;
    }
    streams->counts.spared_total++;
    request_cut(stream_of_ping(first)->request);
    return true;
}

int64_t streams_due_ms(const struct streams *self)
{
    const struct deadline *first = deadlines_first(&self->pings);

    if (watches_due(self->watches)) {
        return 0;
    }
    return first == NULL ? INT64_MAX : first->due_ms;
}

void streams_counts(const struct streams *self, struct streams_counts *counts)
{
    *counts = self->counts;
}

/* ── a new one ──────────────────────────────────────────────────────────────*/

static size_t text_bytes(const struct read_params *args)
{
    size_t bytes = args->query.env.len + args->query.key.zone.len;

    for (uint32_t i = 0; i < args->app_count; i++) {
        bytes += args->apps[i].appid.len;
    }
    return bytes;
}

/* In one piece of memory, each app once. */
static struct stream *stream_new(struct streams *streams, struct read_params *args)
{
    size_t bytes = sizeof(struct stream) +
                   args->app_count * (sizeof(struct stream_app) + sizeof(struct watch_node)) +
                   text_bytes(args);
    struct stream *self = heap_new(bytes);
    char *text;

    self->streams = streams;
    self->bytes = bytes + (size_t)args->app_count * watch_bytes;
    self->apps = (struct stream_app *)(void *)(self + 1);
    self->nodes = (struct watch_node *)(void *)(self->apps + args->app_count);
    text = (char *)(self->nodes + args->app_count);
    self->query.env = str_put(&text, args->query.env);
    self->query.key = (struct cache_key){.zone = str_put(&text, args->query.key.zone),
                                         .status = STATUS_UP | STATUS_WAITING};
    read_params_sort(args);
    for (uint32_t i = 0; i < args->app_count; i++) {
        struct str appid = args->apps[i].appid;

        if (i == 0 || !str_eq(appid, args->apps[i - 1].appid)) {
            uint64_t hash = replica_app_hash(streams->replica, self->query.env, appid);

            self->apps[self->app_count] = (struct stream_app){str_put(&text, appid), hash};
            watches_add(streams->watches, hash, &self->watcher, &self->nodes[self->app_count]);
            self->app_count++;
        }
    }
    return self;
}

void serve_stream(struct gateway *self, struct request *request, const struct now *now)
{
    struct streams *streams = self->streams;
    const struct delta *delta = replica_delta(streams->replica);
    struct position_at last = {0};
    struct stream *stream;
    struct read_params args;
    char stale[24];

    if (!read_params_bind(request, 0, &args)) {
        return;
    }
    (void)position_parse(request_header(request, HTTP_HEADER_LAST_EVENT_ID), &last);
    streams->gateway = self;
    streams->now = *now;
    stream = stream_new(streams, &args);
    stream->request = request;
    stream->parked.gone = on_gone;
    request_set_user(request, &stream->parked);
    if (delta_holds(delta, last) && last.seq <= delta_newest(delta).seq) {
        stream->at = last;
        stream->next_full = stream->app_count;
    } else {
        stream_begin_full(stream);
    }
    deadlines_set(&streams->pings, &stream->ping, now->mono_ms + ping_ms);
    streams->counts.open++;
    streams->counts.opened_total++;
    request_stream(request, 200, "text/event-stream", next_bytes, end, stream);
    request_stream_header(request, "Cache-Control", "no-store");
    request_stream_header(request, "X-Accel-Buffering", "no"); /* nginx holds it back otherwise */
    request_stream_header(request, "Kratos-Status-Code", "0");
    if (app_query_stale_text(self, now, stale, sizeof(stale))) {
        request_stream_header(request, "Muster-Stale-Ms", stale);
    }
    read_params_fini(&args);
}
