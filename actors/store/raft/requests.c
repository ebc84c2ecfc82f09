#include <assert.h>

#include "actors/store/raft/change.h"
#include "actors/store/raft/election.h"
#include "actors/store/raft/outbox.h"
#include "actors/store/raft/read.h"
#include "actors/store/raft/replication.h"

/* Proposals to an empty log are of any size: a large one must be able to pass. */
static bool has_room(const struct raft *self, const struct raft_entry *entries, unsigned count)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < count; i++) {
        bytes += entries[i].len;
    }
    return self->uncommitted_bytes == 0 || bytes == 0 ||
           self->uncommitted_bytes + bytes <= self->settings.uncommitted_bytes_max;
}

static enum err propose(struct raft *self, struct raft_entry *entries, unsigned count)
{
    assert(count > 0);
    if (self->transferee != 0) {
        return ERR_TRANSFERRING;
    }
    if (!has_room(self, entries, count)) {
        return ERR_FULL;
    }
    raft_append(self, entries, count);
    raft_broadcast_append(self, RAFT_EMPTY_ALWAYS);
    return ERR_OK;
}

enum err raft_propose(struct raft *self, uint64_t term, struct raft_entry *entries, unsigned count)
{
    if (self->role != RAFT_LEADER || term != self->term) {
        return ERR_NOT_LEADER;
    }
    for (unsigned i = 0; i < count; i++) {
        assert(entries[i].type == RAFT_ENTRY_NORMAL);
    }
    return propose(self, entries, count);
}

enum err raft_change(struct raft *self, const struct raft_change *change, struct raft_entry *entry)
{
    struct raft_config config = self->config;
    enum err err;

    assert(entry->type == RAFT_ENTRY_CHANGE);
    if (self->role != RAFT_LEADER) {
        return ERR_NOT_LEADER;
    }
    /* Two at once could have majorities without a common member. */
    if (self->change_index > self->log.applied) {
        return ERR_CONFLICT;
    }
    err = raft_config_change(&config, change);
    if (err == ERR_OK) {
        err = propose(self, entry, 1);
    }
    if (err == ERR_OK) {
        self->change_index = raft_log_last(&self->log);
    }
    return err;
}

void raft_read(struct raft *self, uint64_t number)
{
    struct raft_msg msg = {.type = RAFT_MSG_READ, .to = self->lead, .read.number = number};

    msg.read.member = self->settings.id;
    if (self->role == RAFT_LEADER) {
        raft_reads_ask(self, &msg.read);
    } else if (self->lead != 0) {
        raft_send(self, &msg);
    }
}

void raft_transfer(struct raft *self, uint64_t to)
{
    struct raft_progress *member = raft_member(self, to);

    if (self->role != RAFT_LEADER || member == NULL || member->learner || to == self->transferee) {
        return;
    }
    self->transferee = 0;
    if (to == self->settings.id) {
        return;
    }
    self->election_began_ms = self->now_ms;
    self->transferee = to;
    if (member->match == raft_log_last(&self->log)) {
        raft_send_timeout_now(self, to);
    } else {
        raft_send_append(self, member, RAFT_EMPTY_ALWAYS);
    }
}

void raft_unreachable(struct raft *self, uint64_t id)
{
    struct raft_progress *member = raft_member(self, id);

    if (self->role == RAFT_LEADER && member != NULL && member->state == RAFT_REPLICATE) {
        raft_progress_probe(member);
    }
}

void raft_snapshot_failed(struct raft *self, uint64_t id)
{
    struct raft_progress *member = raft_member(self, id);

    if (self->role == RAFT_LEADER && member != NULL && member->state == RAFT_SNAPSHOT) {
        member->pending_snapshot = 0;
        raft_progress_probe(member);
        member->paused = true; /* until it is heard */
    }
}

void raft_applied(struct raft *self, uint64_t index)
{
    raft_log_applied(&self->log, index);
}

void raft_compacted(struct raft *self, uint64_t index, const struct raft_snapshot *newest)
{
    assert(index <= newest->index && newest->index <= self->log.applied);
    assert(raft_log_term(&self->log, newest->index) == newest->term);
    raft_log_compact(&self->log, index);
}

const struct raft_entry *raft_entry_at(const struct raft *self, uint64_t index)
{
    if (index <= self->log.begin || index > raft_log_last(&self->log)) {
        return NULL;
    }
    return raft_log_at(&self->log, index);
}
