#include "actors/store/node/apply.h"

#include <assert.h>

#include "actors/store/node/call_codec.h"

static const uint64_t drop_max = 8192; /* entries a turn: about 1 ms */

static uint64_t cost_of(const struct raft_entry *entry)
{
    return (uint64_t)entry->len + node_entry_bytes;
}

/* ── entries ────────────────────────────────────────────────────────────────*/

/* True: it is done. */
static bool apply_call(struct raft_node *self, uint64_t index, const struct machine_call *call)
{
    bool is_own = call->member == self->settings.member && call->boot == self->settings.boot;
    struct call *pending = is_own ? calls_find(&self->calls, call->number) : NULL;
    size_t body_at = self->bodies.len;

    if (!self->machine->apply(self->machine, index, call, pending != NULL ? &self->bodies : NULL)) {
        self->bodies.len = body_at;
        return false;
    }
    if (pending != NULL) {
        node_answer(self, call->number, ERR_OK, index, body_at);
        calls_answered(&self->calls, pending);
    }
    return true;
}

/* From where the last slice ended. *budget: bytes. True: the entry is done. */
static bool apply_calls(struct raft_node *self, const struct raft_entry *entry, uint64_t *budget)
{
    struct str rest = {entry->data, entry->len};
    struct machine_call call;

    rest = self->apply_offset == 0
               ? rest
               : (struct str){rest.data + self->apply_offset, rest.len - self->apply_offset};
    while (call_next(&rest, &call)) {
        uint64_t cost = call.body.len + call_head_bytes;

        if (!apply_call(self, entry->index, &call)) {
            *budget = 0;
            return false;
        }
        self->apply_offset = entry->len - rest.len;
        *budget -= cost < *budget ? cost : *budget;
        if (*budget == 0 && rest.len > 0) {
            return false;
        }
    }
    return true;
}

static void apply_change(struct raft_node *self, const struct raft_entry *entry)
{
    struct raft_change change;
    enum err err = change_read((struct str){entry->data, entry->len}, &change);

    if (err == ERR_OK) {
        err = raft_change_applied(self->raft, &change, &self->config);
    }
    (void)err; /* nothing is changed, on every member alike */
}

/* raft.md, exactly once: no entry of an earlier term can follow this one. */
static void enter_term(struct raft_node *self, uint64_t term)
{
    assert(term >= self->applied_term);
    if (term > self->applied_term) {
        self->applied_term = term;
        calls_retry(&self->calls, term);
    }
}

static bool apply_entry(struct raft_node *self, const struct raft_entry *entry, uint64_t *budget)
{
    enter_term(self, entry->term);
    if (entry->type == RAFT_ENTRY_NORMAL && !apply_calls(self, entry, budget)) {
        return false;
    }
    if (entry->type == RAFT_ENTRY_CHANGE) {
        apply_change(self, entry);
    }
    self->machine->applied(self->machine, entry->index, entry->term, &self->config);
    self->applied = entry->index;
    self->apply_offset = 0;
    self->log_bytes += cost_of(entry);
    if (entry->term == self->flight_term) {
        uint64_t cost = cost_of(entry);

        self->flight_bytes -= cost < self->flight_bytes ? cost : self->flight_bytes;
    }
    raft_applied(self->raft, entry->index);
    return true;
}

bool node_apply(struct raft_node *self)
{
    uint64_t budget = self->settings.apply_bytes;

    assert(self->apply_to <= disk_log_durable(self->log));
    while (self->applied < self->apply_to && budget > 0) {
        const struct raft_entry *entry = raft_entry_at(self->raft, self->applied + 1);

        assert(entry != NULL);
        if (!apply_entry(self, entry, &budget)) {
            break;
        }
        budget -= budget < node_entry_bytes ? budget : node_entry_bytes;
    }
    return self->applied < self->apply_to;
}

void node_jumped(struct raft_node *self, const struct raft_snapshot *snapshot)
{
    struct call *call;
    uint64_t after = 0;

    self->applied = snapshot->index;
    self->apply_to = snapshot->index;
    self->apply_offset = 0;
    self->applied_term = snapshot->term > self->applied_term ? snapshot->term : self->applied_term;
    self->config = snapshot->config;
    self->mark = *snapshot;
    self->dropped = snapshot->index;
    self->drop_to = snapshot->index;
    self->log_bytes = 0;
    while ((call = calls_under_way(&self->calls, after)) != NULL) { /* it may be in there */
        after = call->number;
        node_answer(self, after, ERR_TIMEOUT, 0, self->bodies.len);
        calls_answered(&self->calls, call);
    }
}

/* ── compaction ─────────────────────────────────────────────────────────────*/

static uint64_t bytes_behind(const struct raft_node *self, uint64_t index)
{
    uint64_t bytes = 0;

    for (uint64_t i = index + 1; i <= self->applied; i++) {
        bytes += cost_of(raft_entry_at(self->raft, i));
    }
    return bytes;
}

/* The last index that goes from memory: members that lag a little find what they lack. */
static uint64_t trail_of(const struct raft_node *self, uint64_t index)
{
    const struct raft_entry *entry = raft_entry_at(self->raft, index);
    uint64_t bytes = 0;

    if (self->config.voters.count + self->config.learners.count < 2) {
        return index;
    }
    while (entry != NULL && bytes + cost_of(entry) <= self->settings.trail_bytes) {
        bytes += cost_of(entry);
        entry = raft_entry_at(self->raft, --index);
    }
    return index;
}

static void mark(struct raft_node *self)
{
    struct machine_position flushed;

    if (self->log_bytes <= self->settings.compact_bytes) {
        return;
    }
    self->machine->flushed(self->machine, &flushed);
    if (flushed.index <= self->mark.index) {
        return;
    }
    assert(flushed.index <= self->applied && flushed.index <= disk_log_durable(self->log));
    self->mark = (struct raft_snapshot){flushed.index, flushed.term, flushed.config};
    self->log_bytes = bytes_behind(self, flushed.index);
    self->drop_to = trail_of(self, flushed.index);
    disk_log_cover(self->log, &self->mark);
}

bool node_compact(struct raft_node *self)
{
    uint64_t left;

    mark(self);
    if (self->drop_to <= self->dropped) {
        return false;
    }
    left = self->drop_to - self->dropped;
    self->dropped += left < drop_max ? left : drop_max;
    raft_compacted(self->raft, self->dropped, &self->mark);
    return self->dropped < self->drop_to;
}
