#include "actors/store/node/node.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/store/node/apply.h"
#include "actors/store/node/call_codec.h"
#include "actors/store/node/propose.h"

static const int64_t sweep_ms = 50; /* deadlines are looked at so often */

/* ── what comes in ──────────────────────────────────────────────────────────*/

enum err raft_node_call(struct raft_node *self, uint64_t number, struct str body,
                        int64_t deadline_ms)
{
    const struct raft_node_settings *settings = &self->settings;

    assert(number > 0);
    if (body.len > settings->call_bytes_max) {
        return ERR_TOO_LARGE;
    }
    if (self->calls.count >= settings->queue_count_max ||
        self->calls.bytes + body.len > settings->queue_bytes_max ||
        self->log_bytes > settings->log_bytes_max) {
        return ERR_FULL;
    }
    if (disk_log_is_short(self->log)) {
        return ERR_NO_ROOM;
    }
    calls_add(&self->calls, number, body, deadline_ms);
    return ERR_OK;
}

enum err raft_node_read(struct raft_node *self, uint64_t number, int64_t deadline_ms)
{
    assert(number > 0);
    if (self->reads.count >= self->settings.queue_count_max) {
        return ERR_FULL;
    }
    reads_add(&self->reads, number, deadline_ms);
    return ERR_OK;
}

enum err raft_node_change(struct raft_node *self, const struct raft_change *change)
{
    struct buf data = {0};
    struct raft_entry entry = {.type = RAFT_ENTRY_CHANGE};
    enum err err;

    change_add(&data, change);
    entry.data = data.data;
    entry.len = (uint32_t)data.len;
    err = raft_change(self->raft, change, &entry);
    if (err != ERR_OK) {
        buf_fini(&data);
    }
    return err;
}

enum err raft_node_receive(struct raft_node *self, const struct raft_msg *msg)
{
    for (unsigned i = 0; i < msg->count; i++) {
        if (msg->entries[i].len > log_entry_bytes_max) {
            return ERR_TOO_LARGE;
        }
    }
    return raft_receive(self->raft, msg);
}

void raft_node_unreachable(struct raft_node *self, uint64_t member)
{
    raft_unreachable(self->raft, member);
    if (member == self->lead && member != self->settings.member) {
        self->again_term = self->term;
    }
}

void raft_node_snapshot_failed(struct raft_node *self, uint64_t member)
{
    raft_snapshot_failed(self->raft, member);
}

void raft_node_transfer(struct raft_node *self, uint64_t to)
{
    raft_transfer(self->raft, to);
}

void raft_node_status(const struct raft_node *self, struct raft_node_status *out)
{
    *out = (struct raft_node_status){.term = self->term,
                                     .lead = self->lead,
                                     .role = self->role,
                                     .applied = self->applied,
                                     .durable = disk_log_durable(self->log),
                                     .mark = self->mark.index,
                                     .log_bytes = self->log_bytes,
                                     .flight_bytes = self->flight_bytes,
                                     .call_count = self->calls.count,
                                     .read_count = self->reads.count};
}

/* ── the turn ───────────────────────────────────────────────────────────────*/

static void forget_answers(struct raft_node *self)
{
    if (self->answers_handed) {
        self->answer_count = 0;
        self->bodies.len = 0;
        self->answers_handed = false;
    }
}

static void sweep(struct raft_node *self)
{
    struct call *call;
    struct read read;
    uint64_t after = 0;

    if (self->now_ms - self->swept_ms < sweep_ms) {
        return;
    }
    self->swept_ms = self->now_ms;
    while ((call = calls_past(&self->calls, after, self->now_ms)) != NULL) {
        after = call->number;
        node_answer(self, after, ERR_TIMEOUT, 0, self->bodies.len);
        calls_answered(&self->calls, call);
    }
    while (reads_past(&self->reads, self->now_ms, &read)) {
        node_answer(self, read.number, ERR_TIMEOUT, 0, self->bodies.len);
    }
}

static void ask_reads(struct raft_node *self)
{
    uint64_t round =
        self->lead == 0 ? 0 : reads_ask(&self->reads, self->now_ms, self->settings.election_ms);

    if (round != 0) {
        raft_read(self->raft, round);
    }
}

static void answer_reads(struct raft_node *self)
{
    struct read read;

    while (reads_next(&self->reads, self->applied, &read)) {
        node_answer(self, read.number, ERR_OK, read.index, self->bodies.len);
    }
}

static enum err write_ready(struct raft_node *self, const struct raft_ready *ready)
{
    struct disk_log_write write = {.hard = ready->hard,
                                   .first = ready->append_first,
                                   .count = ready->append_count,
                                   .snapshot = ready->snapshot,
                                   .sync = ready->must_sync};
    enum err err = ERR_OK;

    if (ready->snapshot != NULL) {
        err = self->machine->install(self->machine, ready->snapshot);
    }
    if (write.count > 0) {
        write.entries = raft_entry_at(self->raft, write.first);
        assert(write.entries != NULL);
    }
    return err == ERR_OK ? disk_log_write(self->log, &write) : err;
}

static void take_soft(struct raft_node *self, const struct raft_ready *ready)
{
    if (ready->soft_changed) {
        reads_forget_round(&self->reads);
    }
    self->term = ready->hard.term;
    self->lead = ready->lead;
    self->role = ready->role;
    for (size_t i = 0; i < ready->read_count; i++) {
        reads_told(&self->reads, ready->reads[i].number, ready->reads[i].index);
    }
}

/* raft.h: what is borrowed is used up before the core is called again. */
static enum err do_ready(struct raft_node *self, const struct raft_sink *sink)
{
    struct raft_snapshot snapshot = {0};
    struct raft_ready ready;
    enum err err = ERR_OK;

    raft_ready(self->raft, &ready);
    take_soft(self, &ready);
    if (ready.now_count > 0) {
        sink->send(sink->context, ready.now, ready.now_count);
    }
    if (ready.serial != 0) {
        err = write_ready(self, &ready);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (ready.later_count > 0) {
        sink->send(sink->context, ready.later, ready.later_count);
    }
    if (ready.snapshot != NULL) {
        snapshot = *ready.snapshot;
        node_jumped(self, &snapshot);
    }
    if (ready.apply_count > 0) {
        self->apply_to = ready.apply_first + ready.apply_count - 1;
    }
    raft_persisted(self->raft, ready.serial);
    return ERR_OK;
}

static enum err do_all_ready(struct raft_node *self, const struct raft_sink *sink)
{
    enum err err = ERR_OK;

    while (err == ERR_OK && raft_has_ready(self->raft)) {
        err = do_ready(self, sink);
    }
    return err;
}

/* Proposes once, when it is known who leads: a turn packs all that has come before it. */
static enum err work(struct raft_node *self, const struct raft_sink *sink, bool *more)
{
    bool proposed = false;
    bool knew_leader = false;

    *more = false;
    do {
        enum err err;

        if (!knew_leader) {
            knew_leader = self->lead != 0;
            proposed = node_propose(self, sink);
        }
        ask_reads(self);
        err = do_all_ready(self, sink);
        if (err != ERR_OK) {
            return err;
        }
        *more = node_apply(self);
    } while (!*more && (raft_has_ready(self->raft) || (!knew_leader && self->lead != 0)));
    *more = *more || (proposed && node_may_propose(self));
    return ERR_OK;
}

enum err raft_node_turn(struct raft_node *self, int64_t now_ms, const struct raft_sink *sink,
                        bool *more)
{
    enum err err;

    forget_answers(self);
    self->now_ms = now_ms;
    raft_tick(self->raft, now_ms);
    sweep(self);
    err = work(self, sink, more);
    if (err != ERR_OK) {
        return err;
    }
    answer_reads(self);
    *more = node_compact(self) || *more;
    return ERR_OK;
}
