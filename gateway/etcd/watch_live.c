#include "gateway/etcd/watch_live.h"

#include "common/base/array.h"
#include "gateway/etcd/watch_ask.h"
#include "gateway/etcd/watch_tell.h"

enum { told_bytes_max = 1024 * 1024 };

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ── whom it concerns ── */

static void tell_group(struct watches *self, struct watch_group *group)
{
    struct watch_link *next;

    for (struct watch_link *link = watch_links_first(&group->live); link != NULL; link = next) {
        next = watch_links_next(&group->live, link);
        (void)watch_tell_events(self, (struct watcher *)link, group->body, self->position);
    }
    self->told_bytes -= group->body->bytes.len;
    watch_body_clear(group->body);
}

void watch_live_flush(struct watches *self)
{
    for (size_t i = 0; i < self->told_count; i++) {
        struct watch_group *group = self->told[i];

        if (group->body->count > 0) {
            tell_group(self, group);
        }
        watch_body_give(self, &group->body);
        watch_group_release(self, group);
    }
    self->told_count = 0;
    assert(self->told_bytes == 0);
}

static void add(struct watches *self, struct watch_group *group, const struct msg_event *event)
{
    size_t before;

    if (group->body == NULL) {
        group->body = watch_body_take(self);
        /* of pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
        ARRAY_ROOM(self->told, self->told_count, self->told_cap, 16);
        self->told[self->told_count++] = group;
    }
    before = group->body->bytes.len;
    watch_body_add(group->body, event->revision, watch_event_bytes(self, event, group->wish.prev));
    self->told_bytes += group->body->bytes.len - before;
}

/* They are to read revision, and what follows, by themselves. */
static void leave_behind(struct watches *self, struct watch_group *group, int64_t revision)
{
    struct watch_link *link;

    if (group->body != NULL && group->body->count > 0) {
        self->told_bytes -= group->body->bytes.len;
        watch_body_cut(group->body, revision);
        self->told_bytes += group->body->bytes.len;
        tell_group(self, group);
    }
    while ((link = watch_links_first(&group->live)) != NULL) {
        struct watcher *watcher = (struct watcher *)link;

        watcher->next = later(watcher->next, revision);
        watcher_is(self, watcher, WATCHER_LAGS, NULL);
    }
}

/* The store does not know that what was before is wanted. */
static void tell_interest_soon(struct watches *self)
{
    int64_t soon_ms = self->moment->now->mono_ms + watch_again_ms;

    self->interest_ms = self->interest_ms < soon_ms ? self->interest_ms : soon_ms;
}

/* whole: all of the event's revision is at hand. */
static void take_event(struct watches *self, const struct msg_event *event, bool whole)
{
    watch_groups_find(&self->groups, event->key);
    watch_event_next(self);
    self->position = later(self->position, event->revision - 1);
    for (size_t i = 0; i < self->groups.found_count; i++) {
        struct watch_group *group = self->groups.found[i];

        if (watch_links_empty(&group->live) || !watch_wish_wants(&group->wish, event->kind)) {
            continue;
        }
        if (!whole) {
            leave_behind(self, group, event->revision);
        } else if (group->wish.prev && !event->has_prev) {
            leave_behind(self, group, event->revision);
            tell_interest_soon(self);
        } else {
            add(self, group, event);
        }
    }
}

/* Events above the position, of revisions below `end` all, of `end` a part. What is left of one of
 * which a part has come before is all of it for those who are still SYNCED: nothing in that part
 * concerned them. */
static void take_events(struct watches *self, struct str events, int64_t end)
{
    int64_t position = self->position;
    struct msg msg;

    while (msg_next(&events, &msg)) {
        if (msg.type == MSG_TYPE_EVENT && msg.as_event.revision > position) {
            take_event(self, &msg.as_event, msg.as_event.revision < end);
        }
    }
    self->position = later(self->position, end - 1);
    if (self->told_bytes > told_bytes_max) {
        watch_live_flush(self);
    }
}

/* ── the position ── */

static void advance(struct watches *self)
{
    const struct watch_fact *fact;

    if (self->synced == 0) { /* nobody is to be told of what is between */
        self->position = later(self->position, self->known);
    }
    while ((fact = watch_recent_after(&self->recent, self->position)) != NULL) {
        take_events(self, (struct str){fact->events, fact->len}, fact->revision + 1);
    }
    if (self->position < self->recent.from) {
        self->gap_to = later(self->gap_to, self->recent.from);
    }
}

void watch_live_known(struct watches *self, int64_t revision)
{
    self->known = later(self->known, revision);
    advance(self);
}

static void note_compacted(struct watches *self, int64_t compacted)
{
    watch_note_compacted(self, compacted);
    if (compacted > self->compacted_fact) {
        self->compacted_fact = compacted;
        self->compaction = true;
    }
}

void watch_live_compacted(struct watches *self)
{
    self->position = later(self->position, self->compacted_fact);
    watch_live_known(self, self->position);
}

/* Nobody watches. */
static void follow_idly(struct watches *self, int64_t revision)
{
    self->position = self->known = later(self->known, revision);
    watch_recent_begin(&self->recent, self->position);
    self->gap_to = 0;
}

void watch_live_events(struct watches *self, const struct msg_events *fact)
{
    if (!watch_is_of_interest(self)) {
        follow_idly(self, fact->revision);
        note_compacted(self, fact->compacted);
        return;
    }
    if (fact->revision > self->recent.to && !fact->whole) {
        self->counts.gaps_total++;
        watch_recent_begin(&self->recent, fact->revision);
    } else if (fact->revision > self->recent.to) {
        self->counts.gaps_total += fact->before > self->recent.to;
        watch_recent_add(&self->recent, later(fact->before, self->recent.to), fact->revision,
                         fact->events.bytes);
    }
    watch_live_known(self, fact->revision);
    note_compacted(self, fact->compacted);
}

void watch_live_revision(struct watches *self, const struct msg_revision *fact)
{
    self->source = (struct watch_source){fact->cluster, fact->member, fact->term};
    if (!watch_is_of_interest(self)) {
        follow_idly(self, fact->revision);
    }
    watch_live_known(self, fact->revision);
    if (self->position < self->ticked) { /* the fact of it should have come long ago */
        self->gap_to = later(self->gap_to, self->ticked);
    }
    self->ticked = fact->revision;
    note_compacted(self, fact->compacted);
}

/* ── gaps ── */

void watch_live_forget(struct watches *self)
{
    self->gap.id = 0;
    self->gap.sub = 0;
}

void watch_live_turn(struct watches *self)
{
    struct watch_read *gap = &self->gap;
    int64_t now_ms = self->moment->now->mono_ms;

    if (gap->id != 0 && now_ms - gap->asked_ms >= watch_answer_ms) {
        watch_live_forget(self);
    }
    if (self->gap_to <= self->position || gap->id != 0 || now_ms < self->reads_ms) {
        return;
    }
    if (gap->sub == 0 || gap->from != self->position + 1) {
        gap->from = self->position + 1;
        gap->sub = 0;
    }
    gap->to = self->gap_to;
    if (!watch_ask_read(self, gap)) {
        self->reads_ms = now_ms + 1;
    }
}

void watch_live_read(struct watches *self, const struct msg_events_read *answer)
{
    struct watch_read *gap = &self->gap;
    int64_t next = answer->next > gap->to ? gap->to + 1 : answer->next;
    uint32_t next_sub = next == answer->next ? answer->next_sub : 0;
    bool stuck = next < gap->from || (next == gap->from && next_sub <= gap->sub);

    gap->id = 0;
    gap->sub = 0;
    if (answer->code == 0 && answer->next <= answer->compacted) {
        note_compacted(self, answer->compacted); /* what is missing is gone */
    } else if (answer->code != 0 || stuck) {
        self->reads_ms = self->moment->now->mono_ms + watch_again_ms;
    } else {
        take_events(self, answer->events.bytes, next);
        gap->from = next;
        gap->sub = next_sub;
        advance(self);
    }
}
