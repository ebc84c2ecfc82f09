/* What the store tells by itself: facts, in order, up to the position that all who are SYNCED
 * share. Where facts leave something out, it is read; what came meanwhile is kept, and follows it.
 */
#ifndef GATEWAY_ETCD_WATCH_LIVE_H
#define GATEWAY_ETCD_WATCH_LIVE_H

#include "gateway/etcd/watch_parts.h"

void watch_live_events(struct watches *self, const struct msg_events *fact);
void watch_live_revision(struct watches *self, const struct msg_revision *fact);
/* Another way the store's revision was told. */
void watch_live_known(struct watches *self, int64_t revision);
/* Of the gap's READ_EVENTS. */
void watch_live_read(struct watches *self, const struct msg_events_read *answer);

/* Who is SYNCED is told what has come for it: before anything else is, that speaks of the
 * position. */
void watch_live_flush(struct watches *self);
/* Reads what is missing. */
void watch_live_turn(struct watches *self);
/* What was asked for does not come: the store's run is another. */
void watch_live_forget(struct watches *self);

/* Those that are SYNCED and below what is compacted are gone: the position moves on. */
void watch_live_compacted(struct watches *self);
/* Whoever begins behind it may be SYNCED: of a revision that is being read part by part, those who
 * are told of facts have missed parts. */
static inline int64_t watch_live_edge(const struct watches *self)
{
    return self->gap.sub > 0 && self->gap.from > self->position ? self->gap.from : self->position;
}
/* The first revision a watcher has not been told of. */
static inline int64_t watch_live_next(const struct watches *self, const struct watcher *watcher)
{
    return watcher->state == WATCHER_SYNCED && watcher->next <= self->position ? self->position + 1
                                                                               : watcher->next;
}

#endif
