#include "actors/store/raft/replication.h"

#include <assert.h>

#include "actors/store/raft/outbox.h"

void raft_append(struct raft *self, struct raft_entry *entries, unsigned count)
{
    assert(self->role == RAFT_LEADER);
    for (unsigned i = 0; i < count; i++) {
        entries[i].term = self->term;
        entries[i].index = raft_log_last(&self->log) + 1;
        self->uncommitted_bytes += entries[i].len;
        raft_log_append(&self->log, &entries[i]);
    }
}

/* What it holds now, not when it last wrote one: a snapshot older than the addition of the member
 * it goes to names a config without it, and would be refused. */
static bool send_snapshot(struct raft *self, struct raft_progress *to)
{
    uint64_t index =
        self->config_index > self->log.applied ? self->config_index : self->log.applied;
    struct raft_msg msg = {
        .type = RAFT_MSG_SNAP,
        .to = to->id,
        .snapshot = {index, raft_log_term(&self->log, index), self->config},
    };

    if (!to->active) {
        return false; /* one that is down costs no snapshot */
    }
    assert(index > 0 && msg.snapshot.term > 0);
    raft_progress_snapshot(to, index);
    raft_send(self, &msg);
    return true;
}

bool raft_send_append(struct raft *self, struct raft_progress *to, enum raft_empty empty)
{
    struct raft_msg msg = {.type = RAFT_MSG_APPEND, .to = to->id, .index = to->next - 1};
    uint64_t bytes = 0;

    if (raft_progress_is_paused(to)) {
        return false;
    }
    if (msg.index < self->log.begin) {
        return send_snapshot(self, to);
    }
    msg.log_term = raft_log_term(&self->log, msg.index);
    msg.commit = self->log.committed;
    msg.first = to->next;
    /* Full: an empty one still gets through, so that its answer can free what was lost. */
    if (to->state != RAFT_REPLICATE || !raft_inflights_are_full(&to->inflights)) {
        msg.count =
            raft_log_fitting(&self->log, to->next, self->settings.message_bytes_max, &bytes);
    }
    if (msg.count == 0 && empty == RAFT_EMPTY_NEVER) {
        return false;
    }
    raft_send(self, &msg);
    raft_progress_sent(to, msg.count, bytes);
    to->sent_commit = self->log.committed;
    return true;
}

void raft_broadcast_append(struct raft *self, enum raft_empty empty)
{
    for (unsigned i = 0; i < self->member_count; i++) {
        if (self->members[i].id != self->settings.id) {
            raft_send_append(self, &self->members[i], empty);
        }
    }
}

void raft_broadcast_heartbeat(struct raft *self, uint64_t round)
{
    for (unsigned i = 0; i < self->member_count; i++) {
        struct raft_progress *to = &self->members[i];
        uint64_t committed = self->log.committed;
        /* Never beyond what the member is known to hold: behind it its log may differ. */
        struct raft_msg msg = {
            .type = RAFT_MSG_HEARTBEAT,
            .to = to->id,
            .commit = to->match < committed ? to->match : committed,
            .round = round,
        };

        if (to->id != self->settings.id) {
            raft_send(self, &msg);
            to->sent_commit = msg.commit;
        }
    }
}

bool raft_commit_reached(struct raft *self)
{
    uint64_t before = self->log.committed;
    uint64_t values[raft_members_max];
    unsigned count = 0;
    uint64_t reached;

    for (unsigned i = 0; i < self->member_count; i++) {
        if (!self->members[i].learner) {
            values[count++] = self->members[i].match;
        }
    }
    assert(count == self->config.voters.count && count > 0);
    reached = raft_quorum_reached(values, count);
    if (reached <= before || raft_log_term(&self->log, reached) != self->term) {
        return false;
    }
    raft_log_commit(&self->log, reached);
    for (uint64_t index = before + 1; index <= reached && self->uncommitted_bytes > 0; index++) {
        uint64_t len = raft_log_at(&self->log, index)->len;

        /* Those of earlier leaders were not counted. */
        self->uncommitted_bytes -= len < self->uncommitted_bytes ? len : self->uncommitted_bytes;
    }
    return true;
}

bool raft_own_progress(struct raft *self)
{
    struct raft_progress *own = raft_member(self, self->settings.id);

    assert(self->role == RAFT_LEADER);
    return own != NULL && raft_progress_acked(own, self->log.stable) && raft_commit_reached(self);
}

void raft_send_timeout_now(struct raft *self, uint64_t to)
{
    raft_send(self, &(struct raft_msg){.type = RAFT_MSG_TIMEOUT_NOW, .to = to});
}

static void on_refusal(struct raft *self, struct raft_progress *from, const struct raft_msg *msg)
{
    uint64_t hint = msg->hint;
    uint64_t term;

    if (msg->log_term > 0) {
        /* Ours before hint whose terms are above its are not the member's: one probe a term. */
        hint = raft_log_conflict(&self->log, hint, msg->log_term, &term);
    }
    if (raft_progress_refused(from, msg->index, hint)) {
        if (from->state == RAFT_REPLICATE) {
            raft_progress_probe(from);
        }
        raft_send_append(self, from, RAFT_EMPTY_ALWAYS);
    }
}

bool raft_on_append_resp(struct raft *self, struct raft_progress *from, const struct raft_msg *msg)
{
    bool moved;

    from->active = true;
    if (msg->reject) {
        on_refusal(self, from, msg);
        return false;
    }
    if (msg->index > raft_log_last(&self->log)) {
        return false; /* it cannot have had that of this leader */
    }
    if (!raft_progress_acked(from, msg->index) &&
        !(from->match == msg->index && from->state == RAFT_PROBE)) {
        return false;
    }
    if (from->state == RAFT_REPLICATE) {
        raft_progress_free(from, msg->index);
    } else if (from->state == RAFT_PROBE || from->match >= self->log.begin) {
        raft_progress_replicate(from); /* whatever snapshot it installed: the log goes on there */
    }
    moved = raft_commit_reached(self);
    if (moved) {
        raft_broadcast_append(self, RAFT_EMPTY_ALWAYS);
    } else if (raft_progress_lacks_commit(from, self->log.committed)) {
        raft_send_append(self, from, RAFT_EMPTY_ALWAYS);
    }
    while (raft_send_append(self, from, RAFT_EMPTY_NEVER)) {
        assert(from->state != RAFT_PROBE); /* or it would not end */
    }
    if (from->id == self->transferee && from->match == raft_log_last(&self->log)) {
        raft_send_timeout_now(self, from->id);
    }
    return moved;
}

void raft_on_heartbeat_resp(struct raft *self, struct raft_progress *from)
{
    from->active = true;
    from->paused = false;
    if (from->match < raft_log_last(&self->log) || from->state == RAFT_PROBE) {
        raft_send_append(self, from, RAFT_EMPTY_ALWAYS);
    }
}
