#include "gateway/discovery/stream_changes.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "gateway/discovery/stream_events.h"

enum {
    event_max = 256,   /* changes written at a time, … */
    behind_max = 4096, /* changes of its apps beyond which a reader gets the full state */
};

static const size_t text_max = (size_t)64 << 10; /* … or as many as fill this */

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

void stream_begin_full(struct stream *self)
{
    self->at = delta_newest(replica_delta(self->streams->replica));
    self->next_full = 0;
}

/* After the last change of an app that holds no instance any more. */
static void add_gones(struct stream *self, const struct event *events, size_t count)
{
    bool *changed = heap_array(self->app_count, sizeof(*changed));

    for (size_t k = 0; k < count; k++) {
        changed[events[k].app - self->apps] |= !delta_is_schedule(&events[k].item);
    }
    for (uint32_t i = 0; i < self->app_count; i++) {
        if (changed[i] &&
            !app_query_find(self->streams->gateway, &self->query, self->apps[i].appid).known) {
            stream_add_gone(self, &self->apps[i], &self->at);
        }
    }
    free(changed);
}

void stream_add_changes(struct stream *self)
{
    struct position_at newest = delta_newest(replica_delta(self->streams->replica));
    struct event *events;
    size_t count;

    if (newest.epoch == 0 || (newest.epoch == self->at.epoch && newest.seq <= self->at.seq)) {
        return; /* while the history is broken: streams_turn wakes us when it is mended */
    }
    if (!delta_holds(replica_delta(self->streams->replica), self->at)) {
        self->streams->counts.full_total++;
        stream_begin_full(self);
        return;
    }
    events = heap_get(behind_max * sizeof(*events));
    count = collect(self, events);
    stream_cost(self, self->app_count + count);
    if (count > behind_max) {
        self->streams->counts.full_total++;
        stream_begin_full(self);
    } else {
        size_t written = 0;

        while (written < count && written < event_max && self->text.len < text_max) {
            stream_add_change(self, events[written].app, &events[written].item);
            written++;
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
