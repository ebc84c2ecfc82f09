#include "actors/store/raft/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

static const size_t first_cap = 64;

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void check(const struct raft_log *self)
{
    assert(self->applied <= self->applying && self->applying <= self->committed);
    assert(self->begin <= self->committed && self->committed <= raft_log_last(self));
    assert(self->stable <= self->handed && self->handed <= raft_log_last(self));
}

static void drop(struct raft_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(entries[i].data);
    }
}

void raft_log_fini(struct raft_log *self)
{
    if (self->items != NULL) {
        drop(self->items + self->head, self->count);
    }
    free(self->items);
    *self = (struct raft_log){0};
}

const struct raft_entry *raft_log_at(const struct raft_log *self, uint64_t index)
{
    assert(index > self->begin && index <= raft_log_last(self));
    return &self->items[self->head + (size_t)(index - self->begin - 1)];
}

uint64_t raft_log_term(const struct raft_log *self, uint64_t index)
{
    if (index == self->begin) {
        return self->begin_term;
    }
    if (index < self->begin || index > raft_log_last(self)) {
        return 0;
    }
    return raft_log_at(self, index)->term;
}

bool raft_log_matches(const struct raft_log *self, uint64_t index, uint64_t term)
{
    return index >= self->begin && index <= raft_log_last(self) &&
           raft_log_term(self, index) == term;
}

bool raft_log_is_up_to_date(const struct raft_log *self, uint64_t index, uint64_t term)
{
    uint64_t last = raft_log_last(self);
    uint64_t last_term = raft_log_term(self, last);

    return term > last_term || (term == last_term && index >= last);
}

void raft_log_append(struct raft_log *self, const struct raft_entry *entry)
{
    size_t end = self->head + self->count;

    assert(entry->index == raft_log_last(self) + 1);
    assert(entry->term >= raft_log_term(self, raft_log_last(self)));
    ARRAY_ROOM(self->items, end, self->cap, first_cap);
    self->items[end] = *entry;
    self->count++;
}

/* Raft, 5.3: what a leader contradicts goes, with all behind it. */
static void cut(struct raft_log *self, uint64_t index)
{
    size_t kept = (size_t)(index - self->begin - 1);

    assert(index > self->committed && index <= raft_log_last(self));
    drop(self->items + self->head + kept, self->count - kept);
    self->count = kept;
    raft_log_unwrite(self, index);
    check(self);
}

static void append_copy(struct raft_log *self, const struct raft_entry *entry)
{
    struct raft_entry copy = *entry;

    copy.data = NULL;
    if (copy.len > 0) {
        copy.data = malloc(copy.len);
        if (copy.data == NULL) {
            abort(); /* the log's size is bounded by what leaders propose */
        }
        memcpy(copy.data, entry->data, copy.len);
    }
    raft_log_append(self, &copy);
}

bool raft_log_take(struct raft_log *self, const struct raft_msg *msg)
{
    uint64_t end = msg->index + msg->count;
    unsigned held = 0;

    if (!raft_log_matches(self, msg->index, msg->log_term)) {
        return false;
    }
    while (held < msg->count &&
           raft_log_matches(self, msg->index + held + 1, msg->entries[held].term)) {
        held++;
    }
    if (held < msg->count && msg->index + held + 1 <= raft_log_last(self)) {
        cut(self, msg->index + held + 1);
    }
    for (unsigned i = held; i < msg->count; i++) {
        append_copy(self, &msg->entries[i]);
    }
    raft_log_commit(self, least(msg->commit, end));
    return true;
}

uint64_t raft_log_conflict(const struct raft_log *self, uint64_t index, uint64_t term,
                           uint64_t *term_here)
{
    for (; index > 0; index--) {
        *term_here = raft_log_term(self, index);
        if (*term_here <= term) {
            return index;
        }
    }
    *term_here = 0;
    return 0;
}

/* Each committed entry is looked at once. */
static void seek_change(struct raft_log *self)
{
    if (self->change > self->applying) {
        return;
    }
    self->change = raft_log_change(self, most(self->scanned, self->applying) + 1, self->committed);
    self->scanned = self->change != 0 ? self->change : self->committed;
}

void raft_log_commit(struct raft_log *self, uint64_t index)
{
    assert(index <= raft_log_last(self));
    if (index > self->committed) {
        self->committed = index;
        seek_change(self);
    }
}

void raft_log_applying(struct raft_log *self, uint64_t index)
{
    assert(index >= self->applying && index <= self->committed);
    self->applying = index;
    seek_change(self);
}

uint64_t raft_log_change(const struct raft_log *self, uint64_t from, uint64_t to)
{
    for (uint64_t index = from; index <= to; index++) {
        if (raft_log_at(self, index)->type == RAFT_ENTRY_CHANGE) {
            return index;
        }
    }
    return 0;
}

void raft_log_init(struct raft_log *self, const struct raft_snapshot *snapshot,
                   const struct raft_entry *entries, size_t count, uint64_t applied,
                   uint64_t committed)
{
    *self = (struct raft_log){.begin = snapshot->index, .begin_term = snapshot->term};
    for (size_t i = 0; i < count; i++) {
        assert(entries[i].index == raft_log_last(self) + 1);
        raft_log_append(self, &entries[i]);
    }
    assert(self->begin <= applied);
    self->committed = committed;
    self->applying = applied;
    self->applied = applied;
    self->handed = raft_log_last(self);
    self->stable = raft_log_last(self);
    self->commit_syncing = committed;
    self->commit_synced = committed;
    seek_change(self);
    check(self);
}

unsigned raft_log_fitting(const struct raft_log *self, uint64_t first, uint64_t bytes_max,
                          uint64_t *bytes)
{
    uint64_t size = 0; /* also of what is not data: a message of empty ones ends too */
    unsigned count = 0;

    *bytes = 0;
    for (uint64_t index = first; index <= raft_log_last(self); index++) {
        uint32_t len = raft_log_at(self, index)->len;

        size += len + sizeof(struct raft_entry);
        if (count > 0 && size > bytes_max) {
            break;
        }
        *bytes += len;
        count++;
    }
    return count;
}

void raft_log_applied(struct raft_log *self, uint64_t index)
{
    if (index > self->applied) {
        assert(index <= self->applying);
        self->applied = index;
    }
}

void raft_log_compact(struct raft_log *self, uint64_t index)
{
    size_t dropped = (size_t)(index - self->begin);

    if (index <= self->begin) {
        return;
    }
    assert(index <= self->applied && index <= self->stable);
    self->begin_term = raft_log_term(self, index);
    drop(self->items + self->head, dropped);
    self->begin = index;
    self->head += dropped;
    self->count -= dropped;
    if (self->head > self->count) { /* moves each entry at most once for one that was dropped */
        memmove(self->items, self->items + self->head, self->count * sizeof(*self->items));
        self->head = 0;
    }
}

void raft_log_restore(struct raft_log *self, const struct raft_snapshot *snapshot)
{
    assert(snapshot->index > self->committed);
    if (self->items != NULL) {
        drop(self->items + self->head, self->count);
    }
    self->head = 0;
    self->count = 0;
    self->begin = snapshot->index;
    self->begin_term = snapshot->term;
    self->committed = snapshot->index;
    self->change = 0;
    self->scanned = snapshot->index;
    raft_log_unwrite(self, snapshot->index + 1);
    self->handed = snapshot->index;
    self->stable = snapshot->index;
    self->snapshot = *snapshot;
    self->snapshot_state = RAFT_SNAPSHOT_WAITS;
}
