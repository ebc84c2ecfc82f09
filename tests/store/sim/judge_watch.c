#include "tests/store/sim/judge_watch.h"

#include <inttypes.h>

#include "actors/store/mvcc/key_value.h"

/* ── what is to come ── */

static size_t first_from(const struct judge *self, int64_t revision)
{
    size_t low = 0;
    size_t high = self->event_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (self->events[middle].revision < revision) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool concerns(const struct watched *watched, const struct judged_event *event)
{
    if (event->revision < watched->from ||
        (event->deletes ? watched->no_delete : watched->no_put)) {
        return false;
    }
    if (watched->end.len == 0) {
        return str_eq(event->key, watched->key);
    }
    return str_cmp(event->key, watched->key) >= 0 &&
           (str_eq(watched->end, STR("\0")) || str_cmp(event->key, watched->end) < 0);
}

/* NULL: nothing. */
static const struct judged_event *next_of(const struct judge *self, const struct watched *watched,
                                          size_t *place)
{
    for (size_t i = watched->at; i < self->event_count; i++) {
        if (concerns(watched, &self->events[i])) {
            *place = i;
            return &self->events[i];
        }
    }
    return NULL;
}

/* ── requests ── */

struct watched *watched_create(struct judge *self, struct watched_stream *stream,
                               const Etcdserverpb__WatchCreateRequest *request)
{
    struct str key = str_of_bytes(request->key);
    struct str end = str_of_bytes(request->range_end);
    struct watched *made = NULL;
    char *at;

    for (unsigned i = 0; i < watched_max && made == NULL; i++) {
        made = stream->items[i].state == WATCHED_NONE ? &stream->items[i] : NULL;
    }
    if (made == NULL || key.len + end.len > sizeof(made->bytes)) {
        return NULL;
    }
    *made = (struct watched){.state = WATCHED_ASKED,
                             .order = stream->orders++,
                             .prev = request->prev_kv,
                             .fragment = request->fragment,
                             .start = request->start_revision,
                             .floor = self->told};
    at = made->bytes;
    made->key = str_put(&at, key);
    made->end = str_put(&at, end);
    if (made->key.len == 0) { /* etcd: from the first key on */
        made->key = STR("\0");
    }
    for (size_t i = 0; i < request->n_filters; i++) {
        made->no_put |=
            request->filters[i] == ETCDSERVERPB__WATCH_CREATE_REQUEST__FILTER_TYPE__NOPUT;
        made->no_delete |=
            request->filters[i] == ETCDSERVERPB__WATCH_CREATE_REQUEST__FILTER_TYPE__NODELETE;
    }
    return made;
}

bool watched_progress(struct judge *self, struct watched_stream *stream)
{
    if (stream->progress_count == watched_progress_max) {
        return false;
    }
    stream->progress[stream->progress_count++] = self->told;
    return true;
}

unsigned watched_count(const struct watched_stream *stream)
{
    unsigned count = 0;

    for (unsigned i = 0; i < watched_max; i++) {
        count += stream->items[i].state == WATCHED_LIVE;
    }
    return count;
}

static struct watched *live(struct watched_stream *stream, int64_t id)
{
    for (unsigned i = 0; i < watched_max; i++) {
        if (stream->items[i].state == WATCHED_LIVE && stream->items[i].id == id) {
            return &stream->items[i];
        }
    }
    return NULL;
}

/* ── responses ── */

static void on_created(struct judge *self, struct watched_stream *stream,
                       const Etcdserverpb__WatchResponse *response)
{
    struct watched *first = NULL;

    for (unsigned i = 0; i < watched_max; i++) {
        struct watched *item = &stream->items[i];

        if (item->state == WATCHED_ASKED && (first == NULL || item->order < first->order)) {
            first = item;
        }
    }
    if (first == NULL) {
        judge_fail(self, "a watcher is created that nobody asked for");
        return;
    }
    if (response->canceled) {
        first->state = WATCHED_NONE;
        return;
    }
    if (live(stream, response->watch_id) != NULL) {
        judge_fail(self, "two watchers of a stream have id %" PRId64, response->watch_id);
    }
    if (response->header->revision < first->floor) {
        judge_fail(self,
                   "watcher %" PRId64 " begins at revision %" PRId64 ", %" PRId64
                   " had been told when it was asked for",
                   response->watch_id, response->header->revision, first->floor);
    }
    first->state = WATCHED_LIVE;
    first->id = response->watch_id;
    first->low = first->start > 0   ? first->start
                 : first->start < 0 ? 1
                                    : response->header->revision + 1;
    first->from = first->low;
    first->at = first_from(self, first->low);
}

static void on_canceled(struct judge *self, struct watched_stream *stream,
                        const Etcdserverpb__WatchResponse *response)
{
    struct watched *watched = live(stream, response->watch_id);

    if (watched == NULL) {
        judge_fail(self, "watcher %" PRId64 " is canceled, there is none", response->watch_id);
        return;
    }
    if (response->compact_revision > 0) {
        if (response->compact_revision > self->model.compacted ||
            watched->low > response->compact_revision) {
            judge_fail(self,
                       "watcher %" PRId64 " is canceled for compaction of %" PRId64
                       ", has been told all below %" PRId64,
                       response->watch_id, response->compact_revision, watched->low);
        }
    } else if (!watched->canceling) {
        judge_fail(self, "watcher %" PRId64 " is canceled, for no reason: \"%s\"",
                   response->watch_id, response->cancel_reason);
    }
    watched->state = WATCHED_NONE;
}

static bool same_prev(const struct judge *self, const struct judged_event *right, struct str prev)
{
    return str_eq(right->prev, prev) ||
           (prev.len == 0 && right->revision - 1 < self->model.compacted);
}

static bool on_event(struct judge *self, struct watched *watched, const Mvccpb__Event *event)
{
    size_t place = 0;
    const struct judged_event *right = next_of(self, watched, &place);
    struct str kv = event->kv != NULL ? judge_pack(&self->scratch, &event->kv->base) : STR("");
    struct str prev =
        event->prev_kv != NULL ? judge_pack(&self->scratch, &event->prev_kv->base) : STR("");
    int64_t revision = event->kv != NULL ? event->kv->mod_revision : 0;

    if (right == NULL || right->revision != revision ||
        right->deletes != (event->type == MVCCPB__EVENT__EVENT_TYPE__DELETE) ||
        !str_eq(kv, right->kv)) {
        judge_fail(self,
                   "watcher %" PRId64 " (from %" PRId64 ", told all below %" PRId64
                   ") is told of revision %" PRId64 ", of %" PRId64 " it was to be",
                   watched->id, watched->start, watched->low, revision,
                   right != NULL ? right->revision : -1);
        return false;
    }
    if (watched->prev ? !same_prev(self, right, prev) : prev.len > 0) {
        judge_fail(self, "watcher %" PRId64 ", revision %" PRId64 ": what was there before %s",
                   watched->id, revision,
                   prev.len == 0          ? "is not told"
                   : right->prev.len == 0 ? "was nothing"
                                          : "differs");
        return false;
    }
    watched->at = place + 1;
    return true;
}

static void on_events(struct judge *self, struct watched_stream *stream,
                      const Etcdserverpb__WatchResponse *response)
{
    struct watched *watched = live(stream, response->watch_id);
    int64_t last = 0;
    size_t place;
    const struct judged_event *next;

    if (watched == NULL) {
        judge_fail(self, "watcher %" PRId64 " is told events, there is none", response->watch_id);
        return;
    }
    for (size_t i = 0; i < response->n_events; i++) {
        if (!on_event(self, watched, response->events[i])) {
            return;
        }
        last = response->events[i]->kv->mod_revision;
    }
    if (response->header->revision < last) {
        judge_fail(self, "a response at revision %" PRId64 " tells of %" PRId64,
                   response->header->revision, last);
    }
    if (response->fragment) {
        if (!watched->fragment) {
            judge_fail(self, "watcher %" PRId64 " is told in fragments", watched->id);
        }
        return;
    }
    next = next_of(self, watched, &place);
    if (next != NULL && next->revision == last) {
        judge_fail(self, "watcher %" PRId64 " is told of revision %" PRId64 " in parts",
                   watched->id, last);
    }
    watched->low = last + 1 > watched->low ? last + 1 : watched->low;
}

static void progressed(struct judge *self, struct watched *watched, int64_t revision)
{
    size_t place;
    const struct judged_event *next = next_of(self, watched, &place);

    if (next != NULL && next->revision <= revision) {
        judge_fail(self,
                   "watcher %" PRId64 " has progress at %" PRId64 ", was not told of %" PRId64,
                   watched->id, revision, next->revision);
    }
    watched->low = revision + 1 > watched->low ? revision + 1 : watched->low;
}

static void on_progress(struct judge *self, struct watched_stream *stream,
                        const Etcdserverpb__WatchResponse *response)
{
    int64_t revision = response->header->revision;
    struct watched *watched = live(stream, response->watch_id);

    if (response->watch_id != -1) {
        if (watched == NULL) {
            judge_fail(self, "watcher %" PRId64 " has progress, there is none", response->watch_id);
        } else {
            progressed(self, watched, revision);
        }
        return;
    }
    if (stream->progress_count == 0) {
        judge_fail(self, "progress is told that nobody asked for");
        return;
    }
    if (revision < stream->progress[0]) {
        judge_fail(self, "progress is at %" PRId64 ", %" PRId64 " had been told when it was asked",
                   revision, stream->progress[0]);
    }
    memmove(stream->progress, stream->progress + 1,
            --stream->progress_count * sizeof(stream->progress[0]));
    for (unsigned i = 0; i < watched_max; i++) {
        if (stream->items[i].state == WATCHED_LIVE) {
            progressed(self, &stream->items[i], revision);
        }
    }
}

void watched_told(struct judge *self, struct watched_stream *stream, struct str response)
{
    ProtobufCMessage *message = judge_plain(self, ETCD_METHOD_WATCH, response);
    const Etcdserverpb__WatchResponse *told = (Etcdserverpb__WatchResponse *)message;

    if (message == NULL) {
        judge_fail(self, "a watch's response is none");
        return;
    }
    trace_add(self->trace, self->now_ms, -1,
              "watcher %" PRId64 " at %" PRId64 ":%s%s%s %zu events, compacted %" PRId64,
              told->watch_id, told->header->revision, told->created ? " created" : "",
              told->canceled ? " canceled" : "", told->fragment ? " fragment" : "", told->n_events,
              told->compact_revision);
    if (told->header->revision > self->model.revision) {
        judge_fail(self, "a watch is told of revision %" PRId64 ", the last one is %" PRId64,
                   told->header->revision, self->model.revision);
    }
    if (told->created) {
        on_created(self, stream, told);
    } else if (told->canceled) {
        on_canceled(self, stream, told);
    } else if (told->n_events > 0) {
        on_events(self, stream, told);
    } else {
        on_progress(self, stream, told);
    }
    self->told = told->header->revision > self->told ? told->header->revision : self->told;
    self->watch_events += told->n_events;
    arena_reset(&self->scratch);
}

void watched_end(struct judge *self, uint32_t code, struct str text)
{
    static const enum etcd_error allowed[] = {ETCD_ERROR_NO_LEADER, ETCD_ERROR_TOO_MANY_REQUESTS};

    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        if (code == etcd_error_code(allowed[i]) && str_eq(text, etcd_error_text(allowed[i]))) {
            return;
        }
    }
    judge_fail(self, "a stream of watches ends with \"%.*s\"", STR_ARG(text));
}

void watched_at_head(struct judge *self, const struct watched_stream *stream)
{
    for (unsigned i = 0; i < watched_max; i++) {
        const struct watched *item = &stream->items[i];
        size_t place;
        const struct judged_event *next =
            item->state == WATCHED_LIVE ? next_of(self, item, &place) : NULL;

        if (item->state == WATCHED_ASKED) {
            judge_fail(self, "a create of a watcher is not answered");
        } else if (next != NULL) {
            judge_fail(self, "watcher %" PRId64 " was never told of revision %" PRId64, item->id,
                       next->revision);
        }
    }
    if (stream->progress_count > 0) {
        judge_fail(self, "a progress request is not answered");
    }
}
