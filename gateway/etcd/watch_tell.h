/* One watcher: what it is told, what it waits for, its end. */
#ifndef GATEWAY_ETCD_WATCH_TELL_H
#define GATEWAY_ETCD_WATCH_TELL_H

#include "gateway/etcd/watch_parts.h"

/* A response without events. */
void watch_tell(struct watches *self, struct watch_stream *stream, const struct watch_head *head);

/* Sends what of body the watcher may be told. revision: of the response. False: it was not sent,
 * and the watcher is BLOCKED, or no more. */
bool watch_tell_events(struct watches *self, struct watcher *watcher, struct watch_body *body,
                       int64_t revision);

/* LAGS. */
struct watcher *watcher_new(struct watches *self, struct watch_stream *stream,
                            const struct watch_wish *wish, int64_t id, int64_t next);
/* Not while its stream's watchers are gone through, but for the one at hand. */
void watcher_end(struct watches *self, struct watcher *watcher);
/* The same, but for its stream's ids. */
void watcher_reap(struct watches *self, struct watcher *watcher);
/* READS: also into its read. */
void watcher_is(struct watches *self, struct watcher *watcher, enum watcher_state state,
                struct watch_read *read);
/* BLOCKED, until its client reads. */
void watcher_block(struct watches *self, struct watcher *watcher);
void watcher_cancel_compacted(struct watches *self, struct watcher *watcher, int64_t compacted);

/* Frees it if nobody needs it. */
void watch_group_release(struct watches *self, struct watch_group *group);

/* One event as it is sent; built once, until watch_event_next. */
struct str watch_event_bytes(struct watches *self, const struct msg_event *event, bool with_prev);
void watch_event_next(struct watches *self);

struct watch_body *watch_body_take(struct watches *self);
void watch_body_give(struct watches *self, struct watch_body **body); /* may be NULL */

/* Told by someone: what is at or below it is gone. */
void watch_note_compacted(struct watches *self, int64_t compacted);

#endif
