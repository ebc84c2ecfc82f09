#include "actors/store/log/replay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/heap.h"

static const size_t first_cap = 64;

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void replay_init(struct replay *self, const struct log_head *head, const struct raft_snapshot *base)
{
    *self = (struct replay){.at = {.hard = head->hard, .last = head->last, .mark = *base},
                            .in_past = head->mark.index < base->index};
    replay_head(self, head);
}

void replay_fini(struct replay *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->entries[i].data);
    }
    free(self->entries);
    *self = (struct replay){0};
}

void replay_head(struct replay *self, const struct log_head *head)
{
    self->log = head->log;
    self->at.seq = head->seq;
    self->proven = most(self->proven, head->seq);
    self->highest = 0;
}

static uint64_t behind(uint64_t last, uint64_t mark)
{
    return last > mark ? last - mark : 0;
}

/* 0: not held. */
static uint64_t term_at(const struct replay *self, uint64_t index)
{
    uint64_t begin = self->at.mark.index;

    if (index == begin) {
        return self->in_past ? 0 : self->at.mark.term;
    }
    return index > begin && index - begin <= self->count ? self->entries[index - begin - 1].term
                                                         : 0;
}

/* ── judging ────────────────────────────────────────────────────────────────*/

static const char *judge_write(const struct replay *self, const struct msg_log_write *write)
{
    const struct raft_hard *hard = &self->at.hard;

    if (write->log != self->log) {
        return "a frame of another log";
    }
    if (write->seq != self->at.seq + 1) {
        return "a frame is missing";
    }
    if (write->synced >= write->seq) {
        return "an impossible synced";
    }
    if (write->term < hard->term ||
        (write->term == hard->term && write->vote != hard->vote && hard->vote != 0)) {
        return "a vote that was taken back";
    }
    if (write->commit < hard->commit || write->first <= hard->commit) {
        return "a commit that was taken back";
    }
    return NULL;
}

static const char *judge_mark(const struct replay *self, const struct msg_log_mark *msg,
                              const struct msg_log_write *write, uint64_t *last)
{
    struct raft_snapshot mark;
    uint64_t held;

    if (!log_mark_read(msg, &mark) || mark.term > write->term || mark.index >= write->first) {
        return "an impossible mark";
    }
    held = mark.index <= *last ? term_at(self, mark.index) : 0;
    if (mark.index > *last || (held != 0 && held != mark.term)) {
        if (write->first != mark.index + 1) {
            return "a mark of what is not held";
        }
        *last = mark.index;
    }
    return NULL;
}

static bool is_next_entry(const struct msg_log_entry *entry, uint64_t index, uint64_t term_before,
                          uint64_t term)
{
    return entry->index == index && entry->term >= term_before && entry->term > 0 &&
           entry->term <= term && entry->kind <= RAFT_ENTRY_TERM &&
           entry->data.len <= log_entry_bytes_max && index < log_index_max;
}

/* *write: the frame's first message. */
static const char *judge(const struct replay *self, struct str body, struct msg_log_write *write)
{
    struct msg msg;
    uint64_t last;
    uint64_t term;
    const char *fault;

    if (msg_decode(&body, &msg) != ERR_OK || msg.type != MSG_TYPE_LOG_WRITE) {
        return "no frame of a log";
    }
    *write = msg.as_log_write;
    fault = judge_write(self, write);
    last = write->first - 1 < self->at.last ? write->first - 1 : self->at.last;
    for (bool first = true; fault == NULL && body.len > 0; first = false) {
        struct str rest = body;

        if (msg_decode(&rest, &msg) != ERR_OK) {
            return "no message";
        }
        if (msg.type != MSG_TYPE_LOG_MARK || !first) {
            break;
        }
        fault = judge_mark(self, &msg.as_log_mark, write, &last);
        body = rest;
    }
    if (fault == NULL && write->first != last + 1) {
        return "entries are missing";
    }
    term = term_at(self, last);
    while (fault == NULL && body.len > 0) {
        if (msg_decode(&body, &msg) != ERR_OK || msg.type != MSG_TYPE_LOG_ENTRY ||
            !is_next_entry(&msg.as_log_entry, last + 1, term, write->term)) {
            return "an impossible entry";
        }
        last++;
        term = msg.as_log_entry.term;
    }
    return fault == NULL && write->commit > last ? "a commit beyond the log" : fault;
}

/* ── taking ─────────────────────────────────────────────────────────────────*/

static void cut(struct replay *self, uint64_t first)
{
    size_t kept;

    if (first > self->at.last) {
        return;
    }
    self->at.last = first - 1;
    kept = (size_t)behind(self->at.last, self->at.mark.index);
    for (; self->count > kept; self->count--) {
        free(self->entries[self->count - 1].data);
    }
}

static void drop_first(struct replay *self, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(self->entries[i].data);
    }
    self->count -= count;
    if (count > 0) {
        memmove(self->entries, self->entries + count, self->count * sizeof(*self->entries));
    }
}

static void take_mark(struct replay *self, const struct raft_snapshot *mark)
{
    uint64_t dropped = behind(mark->index, self->at.mark.index);

    self->at.last = most(self->at.last, mark->index);
    self->in_past = self->in_past && mark->index < self->at.mark.index;
    if (mark->index <= self->at.mark.index) {
        return;
    }
    drop_first(self, dropped < self->count ? (size_t)dropped : self->count);
    self->at.mark = *mark;
}

static void take_entry(struct replay *self, const struct msg_log_entry *from)
{
    struct raft_entry entry = {.term = from->term,
                               .index = from->index,
                               .type = from->kind,
                               .len = (uint32_t)from->data.len};

    self->at.last = from->index;
    self->highest = most(self->highest, from->index);
    if (from->index <= self->at.mark.index) {
        return;
    }
    if (entry.len > 0) {
        entry.data = heap_get(entry.len);
        memcpy(entry.data, from->data.data, entry.len);
    }
    ARRAY_ROOM(self->entries, self->count, self->cap, first_cap);
    self->entries[self->count++] = entry;
}

const char *replay_frame(struct replay *self, struct str body)
{
    struct msg_log_write write;
    struct raft_snapshot mark;
    const char *fault = judge(self, body, &write);
    struct msg msg;

    if (fault != NULL) {
        return fault;
    }
    cut(self, write.first);
    while (body.len > 0 && msg_decode(&body, &msg) == ERR_OK) {
        if (msg.type == MSG_TYPE_LOG_MARK && log_mark_read(&msg.as_log_mark, &mark)) {
            take_mark(self, &mark);
        } else if (msg.type == MSG_TYPE_LOG_ENTRY) {
            take_entry(self, &msg.as_log_entry);
        }
    }
    self->at.seq = write.seq;
    self->at.hard = (struct raft_hard){write.term, write.vote, write.commit};
    self->proven = most(self->proven, write.synced);
    assert(self->count == behind(self->at.last, self->at.mark.index));
    return NULL;
}

static bool is_older_than_mark(const struct replay *self)
{
    return self->count > 0 && self->entries[0].term < self->at.mark.term;
}

const char *replay_end(const struct replay *self)
{
    if (self->in_past || self->at.last < self->at.mark.index) {
        return "it ends before what its own mark says";
    }
    if (is_older_than_mark(self)) {
        return "entries are older than its mark";
    }
    return self->at.hard.commit < self->at.mark.index || self->at.hard.term < self->at.mark.term
               ? "its mark is not committed"
               : NULL;
}

void replay_settle(struct replay *self)
{
    struct log_standing *at = &self->at;

    if (self->in_past || is_older_than_mark(self)) {
        cut(self, at->mark.index + 1);
    }
    at->last = most(at->last, at->mark.index);
    at->hard.commit = most(at->hard.commit, at->mark.index);
    if (at->hard.term < at->mark.term) {
        at->hard = (struct raft_hard){at->mark.term, 0, at->hard.commit};
    }
    self->in_past = false;
}
