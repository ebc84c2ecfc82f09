#include "gateway/discovery/stream.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "gateway/discovery/deadline.h"
#include "gateway/discovery/delta.h"
#include "gateway/discovery/read_params.h"
#include "gateway/discovery/replica.h"
#include "gateway/discovery/watch.h"

enum {
    slice_max = 512,   /* streams woken in one turn */
    event_max = 256,   /* changes written at a time, … */
    behind_max = 4096, /* changes of its apps beyond which a reader gets the full state */
};

/* … or as many as fill this; and what a stream with nothing to send keeps of it. */
static const size_t text_max = (size_t)64 << 10;
static const size_t text_kept = (size_t)4 << 10;

static const int64_t ping_ms = 15000;

struct stream_app {
    struct str appid;
    uint64_t app_hash;
};

struct stream {
    struct parked parked; /* first: the request's user */
    struct watcher watcher;
    struct deadline ping;
    struct streams *streams;
    struct request *request; /* NULL: its client has gone, end() will follow */
    struct position_at at;   /* everything up to it is written */
    uint32_t next_full;      /* app whose full state comes next; app_count: none */
    bool waiting;
    bool ping_due;
    size_t bytes; /* of this struct and what stands behind it */

    /* What is to be sent: text, then a shared document's slice, then its end. */
    struct buf text;
    size_t text_at;
    struct response *body; /* counted; NULL: none */
    struct str slice;      /* of body, what is left */

    struct app_query query;
    uint32_t app_count;
    struct stream_app *apps;
    struct watch_node *nodes;
};

struct streams {
    struct replica *replica;       /* borrowed */
    const struct gateway *gateway; /* borrowed; NULL before the first stream */
    struct watches *watches;       /* owns */
    struct deadlines pings;
    struct now now; /* of this turn */
    uint64_t mended;
    struct streams_counts counts;
};

static void on_changed(void *state, uint64_t app_hash)
{
    struct streams *self = state;

    watches_wake(self->watches, app_hash);
}

struct streams *streams_new(struct replica *replica)
{
    struct streams *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        abort();
    }
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

/* ── events ─────────────────────────────────────────────────────────────────*/

/* event: and, for where a client may resume, id: */
static void event_begin(struct stream *self, const char *event, const struct position_at *id)
{
    self->streams->counts.events_total++;
    buf_printf(&self->text, "event: %s\n", event);
    if (id != NULL) {
        buf_add_str(&self->text, STR("id: "));
        position_print(&self->text, *id);
        buf_add_char(&self->text, '\n');
    }
    buf_add_str(&self->text, STR("data: {"));
}

static void event_end(struct stream *self)
{
    buf_add_str(&self->text, STR("}\n\n"));
}

static void add_gone(struct stream *self, const struct stream_app *app,
                     const struct position_at *id)
{
    event_begin(self, "gone", id);
    buf_add_str(&self->text, STR("\"appid\":"));
    json_quote(&self->text, app->appid);
    event_end(self);
}

/* The app's schedule as it is now, without instances too. */
static void add_schedule(struct stream *self, const struct stream_app *app,
                         int64_t latest_timestamp, const struct position_at *id)
{
    const struct registry *registry = replica_registry(self->streams->replica);
    uint32_t number = registry_app_find(registry, self->query.env, app->appid);

    event_begin(self, "schedule", id);
    buf_add_str(&self->text, STR("\"appid\":"));
    json_quote(&self->text, app->appid);
    buf_add_str(&self->text, STR(",\"scheduler\":"));
    if (number == REGISTRY_NONE) {
        buf_add_str(&self->text, STR("null"));
    } else {
        cache_schedule(replica_cache(self->streams->replica), number, &self->text);
    }
    buf_printf(&self->text, ",\"latest_timestamp\":%" PRId64, latest_timestamp);
    event_end(self);
}

/* Of an app without instances: gone, and the schedule it may have nevertheless. */
static void add_absent(struct stream *self, const struct stream_app *app,
                       const struct position_at *id)
{
    const struct registry *registry = replica_registry(self->streams->replica);
    uint32_t number = registry_app_find(registry, self->query.env, app->appid);
    struct app_info info = {.schedule_slot = REGISTRY_NONE};

    if (number != REGISTRY_NONE) {
        registry_app(registry, number, &info);
    }
    if (info.schedule_slot == REGISTRY_NONE) {
        add_gone(self, app, id);
    } else {
        add_gone(self, app, NULL);
        add_schedule(self, app, info.latest_timestamp, id);
    }
}

static void cost(const struct stream *self, size_t looked_at)
{
    if (self->request != NULL) {
        request_cost(self->request, looked_at);
    }
}

/* The full state of the next app; a document of the cache is sent as it is. */
static void add_full(struct stream *self)
{
    const struct gateway *gateway = self->streams->gateway;
    const struct stream_app *app = &self->apps[self->next_full++];
    const struct position_at *id = self->next_full == self->app_count ? &self->at : NULL;
    struct found found = app_query_find(gateway, &self->query, app->appid);
    struct cache *cache = replica_cache(self->streams->replica);
    const struct now *now = &self->streams->now;

    if (!found.known) {
        add_absent(self, app, id);
        return;
    }
    event_begin(self, "full", id);
    buf_add_str(&self->text, STR("\"appid\":"));
    json_quote(&self->text, app->appid);
    buf_add_char(&self->text, ',');
    if (found.own) {
        size_t brace = self->text.len;

        (void)app_query_write(gateway, &self->query, &found, now, &self->text);
        self->text.data[brace] = ' '; /* its own opening brace */
        buf_add_str(&self->text, STR("\n\n"));
    } else {
        uint64_t before = cache_rendered(cache);

        self->body = response_ref(cache_fetch(cache, found.app, &self->query.key, now));
        http_hold(gateway->http, self->body);
        cost(self, (cache_rendered(cache) - before) / cost_bytes);
        self->slice = cache_app(cache, found.app, &self->query.key, now).json;
        self->slice.data++;
        self->slice.len--;
    }
}

/* A change of ours: which app, and what the history says of it. */
struct event {
    const struct stream_app *app;
    struct delta_item item;
};

static int by_seq(const void *a, const void *b)
{
    const struct event *left = a;
    const struct event *right = b;

    return (left->item.seq > right->item.seq) - (left->item.seq < right->item.seq);
}

/* Where the instance stands now if this is its last change, else false: a later one follows. */
static bool is_last(const struct stream *self, const struct event *event, uint32_t *slot)
{
    const struct registry *registry = replica_registry(self->streams->replica);
    struct identity id = {self->query.env, event->app->appid, event->item.zone,
                          event->item.hostname};
    bool live = change_is_live(event->item.kind);

    *slot = registry_find(registry, identity_key(&id));
    if (*slot == REGISTRY_NONE) {
        return !live;
    }
    return registry_slot_seq(registry, *slot) == event->item.seq &&
           registry_is_live(registry, *slot) == live;
}

static void add_change(struct stream *self, const struct event *event)
{
    struct position_at id = {self->at.epoch, event->item.seq};
    struct buf *to = &self->text;
    uint32_t slot;

    if (!is_last(self, event, &slot)) {
        return;
    }
    if (delta_is_schedule(&event->item)) {
        add_schedule(self, event->app, event->item.latest_timestamp, &id);
        return;
    }
    event_begin(self, "change", &id);
    buf_printf(to, "\"kind\":\"%s\",\"appid\":", change_kind_name(event->item.kind));
    json_quote(to, event->app->appid);
    buf_add_str(to, STR(",\"zone\":"));
    json_quote(to, event->item.zone);
    buf_add_str(to, STR(",\"hostname\":"));
    json_quote(to, event->item.hostname);
    buf_add_str(to, STR(",\"instance\":"));
    if (change_is_live(event->item.kind)) {
        cache_instance(replica_cache(self->streams->replica), slot, to);
    } else {
        buf_add_str(to, STR("null"));
    }
    buf_printf(to, ",\"latest_timestamp\":%" PRId64, event->item.latest_timestamp);
    event_end(self);
}

/* All changes of our apps after our position, in order; behind_max + 1: too many. */
static size_t collect(const struct stream *self, struct event *events)
{
    const struct delta *delta = replica_delta(self->streams->replica);
    size_t count = 0;

    for (uint32_t i = 0; i < self->app_count; i++) {
        struct delta_item item;
        uint64_t cursor = 0;

        while (delta_each(delta, self->apps[i].app_hash, self->at.seq, &cursor, &item)) {
            if (self->query.key.zone.len > 0 && !str_eq(self->query.key.zone, item.zone) &&
                !delta_is_schedule(&item)) {
                continue;
            }
            if (count == behind_max) {
                return behind_max + 1;
            }
            events[count++] = (struct event){&self->apps[i], item};
        }
    }
    qsort(events, count, sizeof(*events), by_seq);
    return count;
}

static void begin_full(struct stream *self)
{
    self->at = delta_newest(replica_delta(self->streams->replica));
    self->next_full = 0;
}

/* After the last change of an app that holds no instance any more. */
static void add_gones(struct stream *self, const struct event *events, size_t count)
{
    bool *changed = calloc((size_t)self->app_count + 1, sizeof(*changed));

    if (changed == NULL) {
        abort();
    }
    for (size_t k = 0; k < count; k++) {
        changed[events[k].app - self->apps] |= !delta_is_schedule(&events[k].item);
    }
    for (uint32_t i = 0; i < self->app_count; i++) {
        if (changed[i] &&
            !app_query_find(self->streams->gateway, &self->query, self->apps[i].appid).known) {
            add_gone(self, &self->apps[i], &self->at);
        }
    }
    free(changed);
}

static void add_changes(struct stream *self)
{
    struct position_at newest = delta_newest(replica_delta(self->streams->replica));
    struct event *events;
    size_t count;

    if (newest.epoch == 0 || (newest.epoch == self->at.epoch && newest.seq <= self->at.seq)) {
        return; /* while the history is broken: streams_turn wakes us when it is mended */
    }
    if (!delta_holds(replica_delta(self->streams->replica), self->at)) {
        self->streams->counts.full_total++;
        begin_full(self);
        return;
    }
    events = malloc(behind_max * sizeof(*events));
    if (events == NULL) {
        abort();
    }
    count = collect(self, events);
    cost(self, self->app_count + count);
    if (count > behind_max) {
        self->streams->counts.full_total++;
        begin_full(self);
    } else {
        size_t written = 0;

        while (written < count && written < event_max && self->text.len < text_max) {
            add_change(self, &events[written++]);
        }
        if (written < count) {
            self->at.seq = events[written - 1].item.seq;
        } else {
            self->at = newest;
            add_gones(self, events, count);
        }
    }
    free(events);
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
        add_full(self);
        return true;
    }
    do { /* a slice of changes may hold none to show */
        before = self->at;
        add_changes(self);
    } while (self->text.len == 0 && self->next_full == self->app_count &&
             self->at.seq != before.seq);
    if (self->next_full < self->app_count) {
        add_full(self);
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

static struct str keep(char **text, struct str from)
{
    struct str kept = {*text, from.len};

    if (from.len > 0) {
        memcpy(*text, from.data, from.len);
    }
    *text += from.len;
    return kept;
}

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
    struct stream *self = calloc(1, bytes);
    char *text;

    if (self == NULL) {
        abort();
    }
    self->streams = streams;
    self->bytes = bytes + (size_t)args->app_count * watch_bytes;
    self->apps = (struct stream_app *)(void *)(self + 1);
    self->nodes = (struct watch_node *)(void *)(self->apps + args->app_count);
    text = (char *)(self->nodes + args->app_count);
    self->query.env = keep(&text, args->query.env);
    self->query.key = (struct cache_key){.zone = keep(&text, args->query.key.zone),
                                         .status = STATUS_UP | STATUS_WAITING};
    read_params_sort(args);
    for (uint32_t i = 0; i < args->app_count; i++) {
        struct str appid = args->apps[i].appid;

        if (i == 0 || !str_eq(appid, args->apps[i - 1].appid)) {
            uint64_t hash = replica_app_hash(streams->replica, self->query.env, appid);

            self->apps[self->app_count] = (struct stream_app){keep(&text, appid), hash};
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
        begin_full(stream);
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
