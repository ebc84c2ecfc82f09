#include "gateway/etcd/watch_tell.h"

#include <stdlib.h>

#include "common/base/heap.h"

enum {
    warm_bodies = 256,
    warm_bytes = 16 * 1024,
    request_head_max = 512 * 1024, /* etcd's gRPC overhead */
};

void watch_tell(struct watches *self, struct watch_stream *stream, const struct watch_head *head)
{
    if (stream->rpc != NULL) {
        self->scratch.len = 0;
        watch_head_add(&self->scratch, &self->source, head);
        self->counts.responses_total++;
        rpc_send(stream->rpc, buf_str(&self->scratch));
    }
}

/* ── states ── */

static void leave(struct watches *self, struct watcher *watcher)
{
    watch_link_remove(&watcher->link);
    if (watcher->state == WATCHER_SYNCED) {
        self->synced--;
    } else {
        watcher->stream->unsynced--;
    }
}

static void enter(struct watches *self, struct watcher *watcher, enum watcher_state state,
                  struct watch_links *list)
{
    watcher->state = state;
    watch_links_add(list, &watcher->link);
    if (state == WATCHER_SYNCED) {
        self->synced++;
    } else {
        watcher->stream->unsynced++;
    }
}

void watcher_is(struct watches *self, struct watcher *watcher, enum watcher_state state,
                struct watch_read *read)
{
    leave(self, watcher);
    switch (state) {
    case WATCHER_SYNCED:
        enter(self, watcher, state, &watcher->group->live);
        break;
    case WATCHER_LAGS:
        enter(self, watcher, state, &self->lags);
        break;
    case WATCHER_READS:
        enter(self, watcher, state, &read->watchers);
        break;
    case WATCHER_BLOCKED:
        enter(self, watcher, state, &watcher->stream->blocked);
        break;
    }
}

void watcher_block(struct watches *self, struct watcher *watcher)
{
    struct watch_stream *stream = watcher->stream;

    watcher_is(self, watcher, WATCHER_BLOCKED, NULL);
    if (stream->blocks.next == NULL) {
        watch_links_add(&self->blocked_streams, &stream->blocks);
        self->counts.blocked_total++;
    }
}

struct watcher *watcher_new(struct watches *self, struct watch_stream *stream,
                            const struct watch_wish *wish, int64_t id, int64_t next)
{
    struct watcher *watcher = heap_new(sizeof(*watcher));

    watcher->stream = stream;
    watcher->group = watch_groups_get(&self->groups, wish);
    watcher->group->count++;
    watcher->id = id;
    watcher->next = next;
    watch_ids_add(&stream->ids, id, watcher);
    enter(self, watcher, WATCHER_LAGS, &self->lags);
    self->counts.watchers++;
    return watcher;
}

void watcher_reap(struct watches *self, struct watcher *watcher)
{
    struct watch_group *group = watcher->group;

    leave(self, watcher);
    deadlines_remove(&self->pulses, &watcher->pulse);
    group->count--;
    self->counts.watchers--;
    free(watcher);
    watch_group_release(self, group);
}

void watcher_end(struct watches *self, struct watcher *watcher)
{
    watch_ids_remove(&watcher->stream->ids, watcher->id);
    watcher_reap(self, watcher);
}

void watch_group_release(struct watches *self, struct watch_group *group)
{
    if (group->count == 0 && group->body == NULL && group->read == NULL) {
        watch_groups_drop(&self->groups, group);
    }
}

/* ── what it is told ── */

static void cancel(struct watches *self, struct watcher *watcher, struct watch_head head)
{
    head.id = watcher->id;
    head.canceled = true;
    watch_tell(self, watcher->stream, &head);
    watcher_end(self, watcher);
}

void watcher_cancel_compacted(struct watches *self, struct watcher *watcher, int64_t compacted)
{
    cancel(self, watcher, (struct watch_head){.compacted = compacted});
}

bool watch_tell_events(struct watches *self, struct watcher *watcher, struct watch_body *body,
                       int64_t revision)
{
    struct rpc *rpc = watcher->stream->rpc;
    size_t part = watch_body_from(body, watcher->next);

    if (part == body->count || rpc == NULL) {
        return true;
    }
    if (rpc_unsent(rpc) > watch_unsent_max) {
        watcher->next = body->parts[part].revision;
        watcher_block(self, watcher);
        return false;
    }
    if (body->bytes.len - body->parts[part].at > self->options.response_max) {
        self->counts.refused_total++;
        cancel(self, watcher,
               (struct watch_head){.revision = revision,
                                   .reason = etcd_error_text(ETCD_ERROR_TOO_MANY_REQUESTS)});
        return false;
    }
    watcher->told_ms = self->moment->now->mono_ms;
    self->counts.responses_total++;
    self->counts.events_total += body->events - body->parts[part].before;
    watch_body_send(body, part, rpc, &self->source,
                    &(struct watch_head){.revision = revision, .id = watcher->id},
                    watcher->group->wish.fragment ? self->options.request_max + request_head_max
                                                  : 0);
    return true;
}

/* ── bytes ── */

struct str watch_event_bytes(struct watches *self, const struct msg_event *event, bool with_prev)
{
    struct buf *bytes = with_prev ? &self->full : &self->plain;

    if (bytes->len == 0) {
        watch_event_add(bytes, event, with_prev);
    }
    return buf_str(bytes);
}

void watch_event_next(struct watches *self)
{
    self->full.len = self->plain.len = 0;
}

struct watch_body *watch_body_take(struct watches *self)
{
    struct watch_body *body = self->bodies;

    if (body == NULL) {
        return heap_new(sizeof(*body));
    }
    self->bodies = body->next;
    self->body_count--;
    return body;
}

void watch_body_give(struct watches *self, struct watch_body **body)
{
    struct watch_body *given = *body;

    *body = NULL;
    if (given == NULL) {
        return;
    }
    if (self->body_count >= warm_bodies || given->bytes.cap > warm_bytes) {
        watch_body_fini(given);
        free(given);
        return;
    }
    watch_body_clear(given);
    given->next = self->bodies;
    self->bodies = given;
    self->body_count++;
}

void watch_note_compacted(struct watches *self, int64_t compacted)
{
    if (compacted > self->compacted) {
        self->compacted = compacted;
        self->compaction = true;
    }
}
