#include "actors/store/raft/follower.h"

#include <assert.h>

#include "actors/store/raft/outbox.h"

static void acknowledge(struct raft *self, uint64_t to, uint64_t index)
{
    raft_send(self, &(struct raft_msg){.type = RAFT_MSG_APPEND_RESP, .to = to, .index = index});
}

void raft_on_append(struct raft *self, const struct raft_msg *msg)
{
    struct raft_msg refusal = {
        .type = RAFT_MSG_APPEND_RESP, .to = msg->from, .index = msg->index, .reject = true};
    uint64_t last = raft_log_last(&self->log);

    assert(self->role == RAFT_FOLLOWER);
    if (msg->index < self->log.committed) {
        acknowledge(self, msg->from, self->log.committed);
        return;
    }
    if (raft_log_take(&self->log, msg)) {
        /* As far as was compared: what stands behind it here may be another leader's. */
        acknowledge(self, msg->from, msg->index + msg->count);
        return;
    }
    refusal.hint = raft_log_conflict(&self->log, msg->index < last ? msg->index : last,
                                     msg->log_term, &refusal.log_term);
    raft_send(self, &refusal);
}

void raft_on_heartbeat(struct raft *self, const struct raft_msg *msg)
{
    raft_log_commit(&self->log, msg->commit);
    raft_send(self, &(struct raft_msg){
                        .type = RAFT_MSG_HEARTBEAT_RESP, .to = msg->from, .round = msg->round});
}

bool raft_on_snapshot(struct raft *self, const struct raft_msg *msg)
{
    const struct raft_snapshot *snapshot = &msg->snapshot;
    uint64_t id = self->settings.id;
    bool member = raft_members_have(&snapshot->config.voters, id) ||
                  raft_members_have(&snapshot->config.learners, id);
    bool restores = false;

    assert(self->role == RAFT_FOLLOWER);
    if (snapshot->index > self->log.committed && member) {
        if (raft_log_matches(&self->log, snapshot->index, snapshot->term)) {
            raft_log_commit(&self->log, snapshot->index); /* all of it is held */
        } else {
            raft_log_restore(&self->log, snapshot);
            restores = true;
        }
    }
    acknowledge(self, msg->from, self->log.committed);
    return restores;
}
