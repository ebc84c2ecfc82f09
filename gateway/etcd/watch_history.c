#include "gateway/etcd/watch_history.h"

#include "gateway/etcd/watch_ask.h"
#include "gateway/etcd/watch_live.h"
#include "gateway/etcd/watch_tell.h"

enum {
    looked_max = 2000,                /* watchers that lag, in a turn */
    kept_bytes_max = 8 * 1024 * 1024, /* of kept facts gone through for them */
    near_revisions = 1000,            /* who is no farther apart shares a read */
};

/* ── from the facts that are kept ── */

/* False: an event lacks what was before. Its next moves on with what it was told. */
static bool collect(struct watches *self, const struct watcher *watcher, struct watch_body *body,
                    size_t *looked)
{
    const struct watch_wish *wish = &watcher->group->wish;
    int64_t at = watcher->next - 1;
    const struct watch_fact *fact;
    struct msg msg;

    while (at < self->position && (fact = watch_recent_after(&self->recent, at)) != NULL) {
        struct str events = {fact->events, fact->len};

        *looked += fact->len;
        at = fact->revision;
        while (msg_next(&events, &msg)) {
            const struct msg_event *event = &msg.as_event;

            if (msg.type != MSG_TYPE_EVENT || event->revision < watcher->next ||
                event->revision > self->position || !watch_wish_wants(wish, event->kind) ||
                !watch_wish_has(wish, event->key)) {
                continue;
            }
            if (wish->prev && !event->has_prev) {
                return false;
            }
            watch_event_next(self);
            watch_body_add(body, event->revision, watch_event_bytes(self, event, wish->prev));
        }
    }
    return true;
}

enum outcome { DONE, WAITS, IS_TO_READ };

static enum outcome join_live(struct watches *self, struct watcher *watcher)
{
    if (watcher->next <= watch_live_edge(self)) {
        return WAITS;
    }
    watcher_is(self, watcher, WATCHER_SYNCED, NULL);
    return DONE;
}

static enum outcome catch_up(struct watches *self, struct watcher *watcher, size_t *looked)
{
    struct rpc *rpc = watcher->stream->rpc;
    enum outcome outcome = DONE;
    struct watch_body *body;

    if (rpc == NULL) {
        return WAITS; /* for its end */
    }
    if (watcher->next > self->position) {
        return join_live(self, watcher);
    }
    if (rpc_unsent(rpc) > watch_unsent_max) {
        watcher_block(self, watcher);
        return DONE;
    }
    if (watcher->next <= self->recent.from || self->recent.to < self->position) {
        return IS_TO_READ;
    }
    body = watch_body_take(self);
    if (!collect(self, watcher, body, looked)) {
        outcome = IS_TO_READ;
    } else if (watch_tell_events(self, watcher, body, self->position)) {
        watcher->next = self->position + 1;
        outcome = join_live(self, watcher);
    }
    watch_body_give(self, &body);
    return outcome;
}

/* ── reads ── */

static void leave_group(struct watches *self, struct watch_group *group)
{
    watch_body_give(self, &group->history);
    group->read = NULL;
    watch_group_release(self, group);
}

/* Its watchers lag, all of them or only those of other groups than keep. */
static void dissolve(struct watches *self, struct watch_read *read, const struct watch_group *keep)
{
    struct watch_link *next;
    uint32_t kept = 0;

    for (struct watch_link *link = watch_links_first(&read->watchers); link != NULL; link = next) {
        next = watch_links_next(&read->watchers, link);
        if (((struct watcher *)link)->group != keep) {
            watcher_is(self, (struct watcher *)link, WATCHER_LAGS, NULL);
        }
    }
    for (uint32_t i = 0; i < read->count; i++) {
        if (read->groups[i] == keep) {
            read->groups[kept++] = read->groups[i];
        } else {
            leave_group(self, read->groups[i]);
        }
    }
    read->count = kept;
    if (keep == NULL) {
        read->id = 0;
    }
}

static bool is_near(const struct watch_read *read, const struct watcher *watcher)
{
    return watcher->next >= read->from - near_revisions &&
           watcher->next <= read->from + near_revisions;
}

/* Takes it along, or begins a read with it. Reads that are not asked yet have no id. */
static bool join(struct watches *self, struct watcher *watcher)
{
    struct watch_group *group = watcher->group;

    for (unsigned i = 0; i < watch_reads_max; i++) {
        struct watch_read *read = &self->reads[i];

        if (read->id != 0 || (group->read != NULL && group->read != read) ||
            (read->count > 0 && !is_near(read, watcher)) ||
            (group->read == NULL && read->count == watch_ranges_max)) {
            continue;
        }
        if (read->count == 0 || watcher->next < read->from) {
            read->from = watcher->next;
        }
        if (group->read == NULL) {
            group->read = read;
            read->groups[read->count++] = group;
        }
        watcher_is(self, watcher, WATCHER_READS, read);
        return true;
    }
    return false;
}

static void ask(struct watches *self)
{
    int64_t now_ms = self->moment->now->mono_ms;

    for (unsigned i = 0; i < watch_reads_max; i++) {
        struct watch_read *read = &self->reads[i];

        if (read->id != 0 && now_ms - read->asked_ms >= watch_answer_ms) {
            dissolve(self, read, NULL);
        }
        if (read->id == 0 && read->count > 0) {
            read->sub = 0;
            read->to = self->position;
            if (!watch_ask_read(self, read)) {
                dissolve(self, read, NULL);
                self->reads_ms = now_ms + 1;
            }
        }
    }
}

static void unblock(struct watches *self)
{
    struct watch_link *next;

    for (struct watch_link *link = watch_links_first(&self->blocked_streams); link != NULL;
         link = next) {
        struct watch_stream *stream =
            (struct watch_stream *)((char *)link - offsetof(struct watch_stream, blocks));
        struct watch_link *watcher;

        next = watch_links_next(&self->blocked_streams, link);
        if (stream->rpc == NULL || rpc_unsent(stream->rpc) > watch_unsent_max / 2) {
            continue;
        }
        watch_link_remove(link);
        while ((watcher = watch_links_first(&stream->blocked)) != NULL) {
            watcher_is(self, (struct watcher *)watcher, WATCHER_LAGS, NULL);
        }
    }
}

void watch_history_turn(struct watches *self)
{
    bool may_ask = self->moment->now->mono_ms >= self->reads_ms && watch_can_ask(self);
    const struct watch_link *last;
    struct watch_link *link;
    size_t looked = 0;
    bool moved = false;
    bool all = false;

    unblock(self);
    last = self->lags.end.before;
    for (unsigned i = 0; i < looked_max && looked < kept_bytes_max && !all &&
                         (link = watch_links_first(&self->lags)) != NULL;
         i++) {
        struct watcher *watcher = (struct watcher *)link;
        enum outcome outcome;

        all = link == last;
        outcome = catch_up(self, watcher, &looked);
        if (outcome == DONE || (outcome == IS_TO_READ && may_ask && join(self, watcher))) {
            moved = true;
        } else {
            watcher_is(self, watcher, WATCHER_LAGS, NULL); /* behind the others */
        }
    }
    ask(self);
    if (moved && !all && !watch_links_empty(&self->lags)) {
        outbox_again(self->moment->out);
    }
}

void watch_history_forget(struct watches *self)
{
    for (unsigned i = 0; i < watch_reads_max; i++) {
        dissolve(self, &self->reads[i], NULL);
    }
    self->reads_ms = 0;
}

/* ── answers ── */

/* Events of revisions below end; with a part of end itself if that is all there is. */
static void sort_events(struct watches *self, struct watch_read *read, struct str events,
                        int64_t end)
{
    struct msg msg;

    while (msg_next(&events, &msg)) {
        const struct msg_event *event = &msg.as_event;

        if (msg.type != MSG_TYPE_EVENT || event->revision >= end) {
            continue;
        }
        watch_groups_find(&self->groups, event->key);
        watch_event_next(self);
        for (size_t i = 0; i < self->groups.found_count; i++) {
            struct watch_group *group = self->groups.found[i];

            if (group->read == read && watch_wish_wants(&group->wish, event->kind)) {
                if (group->history == NULL) {
                    group->history = watch_body_take(self);
                }
                watch_body_add(group->history, event->revision,
                               watch_event_bytes(self, event, group->wish.prev));
            }
        }
    }
}

static void deliver(struct watches *self, struct watch_read *read, int64_t next)
{
    struct watch_link *link;

    while ((link = watch_links_first(&read->watchers)) != NULL) {
        struct watcher *watcher = (struct watcher *)link;
        struct watch_body *body = watcher->group->history;

        if (body == NULL || watch_tell_events(self, watcher, body, next - 1)) {
            watcher->next = watcher->next < next ? next : watcher->next;
            watcher_is(self, watcher, WATCHER_LAGS, NULL);
        }
    }
    dissolve(self, read, NULL);
}

static struct watch_group *begins_at(const struct watch_read *read, int64_t revision)
{
    const struct watch_link *link = watch_links_first(&read->watchers);

    while (link != NULL && ((const struct watcher *)link)->next > revision) {
        link = watch_links_next(&read->watchers, link);
    }
    return link != NULL ? ((const struct watcher *)link)->group : NULL;
}

/* A revision that does not fit into an answer: one group alone reads it to its end. */
static void go_on_within(struct watches *self, struct watch_read *read,
                         const struct msg_events_read *answer)
{
    struct watch_group *group = begins_at(read, read->from);

    dissolve(self, read, group);
    if (group == NULL) {
        return;
    }
    sort_events(self, read, answer->events.bytes, read->from + 1);
    read->sub = answer->next_sub;
    if (group->history != NULL && group->history->bytes.len > self->options.response_max) {
        deliver(self, read, read->from + 1); /* which cancels them */
    } else if (!watch_ask_read(self, read)) {
        dissolve(self, read, NULL);
    }
}

void watch_history_read(struct watches *self, struct watch_read *read,
                        const struct msg_events_read *answer)
{
    int64_t next = answer->next > read->to ? read->to + 1 : answer->next;

    if (answer->code == 0 && answer->next <= answer->compacted) {
        watch_note_compacted(self, answer->compacted);
        self->compaction = true;
        dissolve(self, read, NULL);
    } else if (answer->code == 0 && next > read->from) {
        sort_events(self, read, answer->events.bytes, next);
        deliver(self, read, next);
    } else if (answer->code == 0 && next == read->from && answer->next_sub > read->sub) {
        go_on_within(self, read, answer);
    } else {
        self->reads_ms = self->moment->now->mono_ms + watch_again_ms;
        dissolve(self, read, NULL);
    }
}
