#include <assert.h>

#include "actors/store/raft/election.h"
#include "actors/store/raft/outbox.h"
#include "actors/store/raft/read.h"
#include "actors/store/raft/replication.h"

static struct raft_hard hard_of(const struct raft *self)
{
    return (struct raft_hard){self->term, self->vote, self->log.committed};
}

/* A change that waits to be told asks for its commit index to become durable. */
static bool change_asks_sync(const struct raft *self)
{
    return self->settings.durable_changes && self->log.change > self->log.commit_syncing;
}

static bool must_sync(const struct raft *self)
{
    const struct raft_log *log = &self->log;

    return raft_log_last(log) > log->handed || log->snapshot_state == RAFT_SNAPSHOT_WAITS ||
           self->term != self->hard_handed.term || self->vote != self->hard_handed.vote ||
           change_asks_sync(self);
}

static bool has_unwritten(const struct raft *self)
{
    return must_sync(self) || self->log.committed != self->hard_handed.commit;
}

static bool has_slot(const struct raft *self)
{
    return self->log.write_count < raft_writes_max;
}

static uint64_t applicable(const struct raft *self)
{
    const struct raft_log *log = &self->log;
    uint64_t to = log->committed;

    if (log->snapshot_state != RAFT_SNAPSHOT_NONE) {
        return log->applying;
    }
    if (!self->settings.apply_unstable && to > log->stable) {
        to = log->stable;
    }
    if (self->settings.durable_changes && log->change > log->commit_synced && to >= log->change) {
        to = log->change - 1;
    }
    return to;
}

static bool soft_changed(const struct raft *self)
{
    return self->lead != self->lead_told || self->role != self->role_told;
}

bool raft_has_ready(const struct raft *self)
{
    const struct raft_outbox *outbox = &self->outbox;
    bool later = outbox->later.count > 0 && !outbox->later.handed;

    return self->reads.round_due || (outbox->now.count > 0 && !outbox->now.handed) ||
           (outbox->read_count > 0 && !outbox->reads_handed) || soft_changed(self) ||
           applicable(self) > self->log.applying || (has_unwritten(self) ? has_slot(self) : later);
}

/* Only now do messages get their entries: the log may have moved them since. What was cut or
 * compacted is lost on its way: a leader never cuts in its own term, so an earlier term's message
 * may name what is no longer, and nobody needs it. */
static void resolve(struct raft *self, struct raft_msgs *queue)
{
    size_t kept = 0;

    for (size_t i = 0; i < queue->count; i++) {
        struct raft_msg *msg = &queue->items[i];

        if (msg->count > 0) {
            if (msg->term != self->term || msg->first <= self->log.begin) {
                continue;
            }
            msg->entries = raft_log_at(&self->log, msg->first);
        }
        queue->items[kept++] = *msg;
    }
    queue->count = kept;
}

static void write_all(struct raft *self, struct raft_ready *out)
{
    struct raft_log *log = &self->log;

    out->must_sync = must_sync(self);
    out->append_first = log->handed + 1;
    out->append_count = (unsigned)(raft_log_last(log) - log->handed);
    out->snapshot = log->snapshot_state == RAFT_SNAPSHOT_WAITS ? &log->snapshot : NULL;
    out->serial = raft_log_write(log, out->must_sync);
    self->hard_handed = out->hard;
    if (self->role == RAFT_CANDIDATE && self->vote_serial == 0) {
        self->vote_serial = out->serial;
    }
}

static void hand_out(struct raft *self, struct raft_ready *out)
{
    struct raft_outbox *outbox = &self->outbox;

    if (!outbox->now.handed) {
        resolve(self, &outbox->now);
        out->now = outbox->now.items;
        out->now_count = outbox->now.count;
        outbox->now.handed = true;
    }
    if (!outbox->later.handed && !has_unwritten(self)) {
        out->later = outbox->later.items;
        out->later_count = outbox->later.count;
        outbox->later.handed = true;
    }
    if (!outbox->reads_handed) {
        out->reads = outbox->reads;
        out->read_count = outbox->read_count;
        outbox->reads_handed = true;
    }
}

void raft_ready(struct raft *self, struct raft_ready *out)
{
    uint64_t to;

    if (self->reads.round_due) {
        self->reads.round_due = false;
        raft_broadcast_heartbeat(self, raft_reads_round(self));
    }
    *out = (struct raft_ready){.hard = hard_of(self), .lead = self->lead, .role = self->role};
    if (has_unwritten(self) && has_slot(self)) {
        write_all(self, out);
    }
    out->later_serial = self->log.serial;
    hand_out(self, out);
    to = applicable(self);
    if (to > self->log.applying) {
        out->apply_first = self->log.applying + 1;
        out->apply_count = (unsigned)(to - self->log.applying);
        raft_log_applying(&self->log, to);
    }
    out->soft_changed = soft_changed(self);
    self->lead_told = self->lead;
    self->role_told = self->role;
}

void raft_persisted(struct raft *self, uint64_t serial)
{
    if (serial == 0) {
        return;
    }
    raft_log_written(&self->log, serial);
    if (self->role == RAFT_CANDIDATE && self->vote_serial != 0 && serial >= self->vote_serial) {
        raft_own_vote(self);
    } else if (self->role == RAFT_LEADER && raft_own_progress(self)) {
        raft_reads_committed(self);
        raft_broadcast_append(self, RAFT_EMPTY_ALWAYS);
    }
}
