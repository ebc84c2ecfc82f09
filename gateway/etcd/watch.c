#include "gateway/etcd/watch.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "gateway/etcd/watch_ask.h"
#include "gateway/etcd/watch_history.h"
#include "gateway/etcd/watch_live.h"
#include "gateway/etcd/watch_request.h"
#include "gateway/etcd/watch_tell.h"

enum {
    reaped_max = 2000,     /* watchers of streams that are gone, in a turn */
    pulse_again_ms = 1000, /* progress that could not be told */
};

/* ── the app ── */

static void on_begin(void *state, struct rpc *rpc)
{
    struct watches *self = state;
    struct watch_stream *stream = heap_new(sizeof(*stream));

    stream->all = self;
    stream->rpc = rpc;
    stream->number = ++self->stream_count;
    watch_links_init(&stream->blocked);
    watch_links_add(&self->streams, &stream->link);
    self->counts.streams++;
    rpc->user = stream;
}

/* Its watchers may stand in lists that are gone through just now, and may be many: they end in
 * turns to come. */
static void let_go(struct watch_stream *stream)
{
    struct watches *self = stream->all;

    stream->rpc = NULL;
    watch_request_drop(self, stream);
    watch_link_remove(&stream->link);
    watch_link_remove(&stream->waiting);
    watch_link_remove(&stream->blocks);
    watch_links_add(&self->gone, &stream->link);
    self->counts.streams--;
}

static void end(struct watch_stream *stream, enum grpc_code code, struct str text)
{
    struct rpc *rpc = stream->rpc;

    let_go(stream);
    rpc_end(rpc, code, text);
}

static void on_message(void *state, struct rpc *rpc, struct str message)
{
    struct watch_stream *stream = rpc->user;
    enum grpc_code code;
    struct str text;

    if (!watch_request(state, stream, message, &code, &text)) {
        end(stream, code, text);
    }
}

static void on_half_closed(void *state, struct rpc *rpc)
{
    (void)state;
    (void)rpc; /* it goes on */
}

static void on_gone(void *state, struct rpc *rpc)
{
    (void)state;
    let_go(rpc->user);
}

const struct rpc_app watch_app = {
    .begin = on_begin, .message = on_message, .half_closed = on_half_closed, .gone = on_gone};

/* ── the store ── */

void watches_answer(struct watches *self, const struct msg *msg)
{
    if (msg->type == MSG_TYPE_WATCHED) {
        watch_request_answer(self, &msg->as_watched);
    } else if (msg->type == MSG_TYPE_EVENTS_READ) {
        struct watch_read *read = watch_read_of(self, msg->as_events_read.id);

        if (read == &self->gap) {
            watch_live_read(self, &msg->as_events_read);
        } else if (read != NULL) {
            watch_history_read(self, read, &msg->as_events_read);
        }
    }
}

static void follow_run(struct watches *self)
{
    if (relay_is_up(self->relay) && relay_boot(self->relay) != self->boot) {
        self->boot = relay_boot(self->relay);
        watch_live_forget(self);
        watch_history_forget(self);
        watch_ask_all_again(self);
        self->interest_ms = 0;
    }
}

static void end_streams(struct watches *self, bool all, enum etcd_error error)
{
    struct watch_link *next;

    for (struct watch_link *link = watch_links_first(&self->streams); link != NULL; link = next) {
        struct watch_stream *stream = (struct watch_stream *)link;

        next = watch_links_next(&self->streams, link);
        if (all || stream->rpc->needs_leader) {
            end(stream, etcd_error_code(error), etcd_error_text(error));
        }
    }
}

void watches_no_leader(struct watches *self)
{
    end_streams(self, false, ETCD_ERROR_NO_LEADER);
}

static void reap(struct watches *self, unsigned count)
{
    struct watch_link *link;

    while ((link = watch_links_take(&self->gone)) != NULL) {
        struct watch_stream *stream = (struct watch_stream *)link;
        struct watcher *watcher;

        while (count > 0 && (watcher = watch_ids_next(&stream->ids, &stream->reaped)) != NULL) {
            watcher_reap(self, watcher);
            count--;
        }
        if (count == 0) {
            watch_links_add(&self->gone, link);
            outbox_again(self->moment->out);
            return;
        }
        watch_ids_fini(&stream->ids);
        free(stream);
    }
}

void watches_store_changed(struct watches *self)
{
    end_streams(self, true, ETCD_ERROR_LEADER_CHANGED);
    watch_live_forget(self);
    watch_history_forget(self);
    for (size_t i = 0; i < self->told_count; i++) {
        self->told_bytes -= self->told[i]->body->bytes.len;
        watch_body_clear(self->told[i]->body);
    }
    watch_live_flush(self);
    reap(self, UINT32_MAX); /* nobody is left whom revisions of another history could reach */
    watch_recent_begin(&self->recent, 0);
    self->position = self->known = self->ticked = self->gap_to = 0;
    self->compacted = self->compacted_fact = -1;
    self->compaction = false;
}

/* Another run may stand behind what was told of the one before: by facts, which the gateway has not
 * compared, or by answers. */
static void compare_run(struct watches *self, const struct msg_revision *fact)
{
    if (self->fact_boot != 0 && (fact->epoch != self->fact_epoch ||
                                 (fact->boot != self->fact_boot && fact->revision < self->known))) {
        watches_store_changed(self);
    }
    self->fact_epoch = fact->epoch;
    self->fact_boot = fact->boot;
}

void watches_fact(struct watches *self, const struct msg *msg)
{
    if (msg->type == MSG_TYPE_EVENTS) {
        watch_live_events(self, &msg->as_events);
    } else if (msg->type == MSG_TYPE_REVISION) {
        compare_run(self, &msg->as_revision);
        watch_live_revision(self, &msg->as_revision);
    }
}

/* ── a turn ── */

static void cancel_compacted(struct watches *self, struct watch_stream *stream)
{
    struct watcher *watcher;
    size_t at = 0;

    while ((watcher = watch_ids_next(&stream->ids, &at)) != NULL) {
        int64_t compacted =
            watcher->state == WATCHER_SYNCED ? self->compacted_fact : self->compacted;

        if (watch_live_next(self, watcher) <= compacted) {
            watcher_cancel_compacted(self, watcher, compacted);
            at--; /* another one may have moved there */
        }
    }
}

static void follow_compaction(struct watches *self)
{
    if (!self->compaction) {
        return;
    }
    self->compaction = false;
    for (struct watch_link *link = watch_links_first(&self->streams); link != NULL;
         link = watch_links_next(&self->streams, link)) {
        cancel_compacted(self, (struct watch_stream *)link);
    }
    watch_live_compacted(self);
    watch_live_flush(self);
}

static void tell_progress(struct watches *self, struct watcher *watcher, int64_t now_ms)
{
    int64_t interval_ms = self->options.progress_interval_ms;
    struct rpc *rpc = watcher->stream->rpc;

    if (watcher->told_ms + interval_ms > now_ms) {
        deadlines_set(&self->pulses, &watcher->pulse, watcher->told_ms + interval_ms);
        return;
    }
    if (rpc == NULL || watcher->state != WATCHER_SYNCED || watcher->next > self->position + 1 ||
        rpc_unsent(rpc) > watch_unsent_max) {
        deadlines_set(&self->pulses, &watcher->pulse, now_ms + pulse_again_ms);
        return;
    }
    watcher->told_ms = now_ms;
    deadlines_set(&self->pulses, &watcher->pulse, now_ms + interval_ms);
    watch_tell(self, watcher->stream,
               &(struct watch_head){.revision = self->position, .id = watcher->id});
}

static void tell_pulses(struct watches *self)
{
    int64_t now_ms = self->moment->now->mono_ms;
    struct deadline *first;

    while ((first = deadlines_first(&self->pulses)) != NULL && first->due_ms <= now_ms) {
        tell_progress(self, (struct watcher *)((char *)first - offsetof(struct watcher, pulse)),
                      now_ms);
    }
}

void watches_turn(struct watches *self)
{
    follow_run(self);
    watch_ask_ops(self);
    watch_live_flush(self);
    watch_history_turn(self);
    follow_compaction(self);
    watch_live_turn(self);
    watch_request_turn(self);
    tell_pulses(self);
    watch_tell_interest(self);
    reap(self, reaped_max);
}

int64_t watches_due_ms(const struct watches *self)
{
    const struct deadline *first = deadlines_first(&self->pulses);
    int64_t due_ms = first != NULL ? first->due_ms : INT64_MAX;
    int64_t again_ms = INT64_MAX;

    if (!watch_links_empty(&self->to_ask)) {
        again_ms = self->ops_ms;
    } else if (!watch_links_empty(&self->lags) || self->gap_to > self->position) {
        again_ms = self->reads_ms;
    } else if (watch_is_of_interest(self)) {
        again_ms = self->interest_ms;
    }
    if (again_ms <= self->moment->now->mono_ms) {
        return due_ms; /* it waits for the store, not for a time */
    }
    return again_ms < due_ms ? again_ms : due_ms;
}

/* ── its life ── */

struct watches *watches_open(const struct watches_options *options, const struct relay *relay,
                             const struct moment *moment)
{
    struct watches *self = heap_new(sizeof(*self));
    struct watch_links *lists[] = {&self->streams,        &self->gone,   &self->waiting_streams,
                                   &self->lags,           &self->to_ask, &self->asked,
                                   &self->blocked_streams};

    self->options = *options;
    self->relay = relay;
    self->moment = moment;
    self->compacted = self->compacted_fact = -1;
    self->recent.bytes_max = watch_recent_max;
    watch_groups_init(&self->groups, options->seed);
    table_init(&self->questions, &self->memory);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        watch_links_init(lists[i]);
    }
    watch_links_init(&self->gap.watchers);
    for (unsigned i = 0; i < watch_reads_max; i++) {
        watch_links_init(&self->reads[i].watchers);
    }
    return self;
}

void watches_close(struct watches **self)
{
    struct watches *it = *self;

    *self = NULL;
    if (it == NULL) {
        return;
    }
    assert(it->counts.streams == 0);
    watches_store_changed(it);
    for (struct watch_body *body = it->bodies; body != NULL;) {
        struct watch_body *next = body->next;

        watch_body_fini(body);
        free(body);
        body = next;
    }
    watch_recent_fini(&it->recent);
    watch_groups_fini(&it->groups);
    table_fini(&it->questions);
    deadlines_fini(&it->pulses);
    buf_fini(&it->plain);
    buf_fini(&it->full);
    buf_fini(&it->scratch);
    free(it->told);
    free(it);
}

void watches_counts(const struct watches *self, struct watches_counts *counts)
{
    *counts = self->counts;
    counts->unsynced = self->counts.watchers - self->synced;
    counts->groups = self->groups.count;
    counts->waiting = self->op_count;
    counts->recent_bytes = self->recent.bytes;
}
