#include "actors/store/raft/change.h"

#include <assert.h>
#include <string.h>

#include "actors/store/raft/election.h"
#include "actors/store/raft/read.h"
#include "actors/store/raft/replication.h"

static void take_out(struct raft_members *members, uint64_t id)
{
    if (raft_members_have(members, id)) {
        raft_members_remove(members, id);
    }
}

enum err raft_config_change(struct raft_config *config, const struct raft_change *change)
{
    struct raft_config next = *config;

    if (change->id == 0) {
        return ERR_INVALID;
    }
    take_out(&next.voters, change->id);
    take_out(&next.learners, change->id);
    if (change->type != RAFT_CHANGE_REMOVE &&
        next.voters.count + next.learners.count == raft_members_max) {
        return ERR_INVALID;
    }
    switch (change->type) {
    case RAFT_CHANGE_ADD_VOTER:
        raft_members_add(&next.voters, change->id);
        break;
    case RAFT_CHANGE_ADD_LEARNER:
        raft_members_add(&next.learners, change->id);
        break;
    case RAFT_CHANGE_REMOVE:
        break;
    default:
        return ERR_INVALID;
    }
    if (next.voters.count == 0) {
        return ERR_INVALID;
    }
    *config = next;
    return ERR_OK;
}

static bool has(const struct raft_config *config, uint64_t id)
{
    return raft_members_have(&config->voters, id) || raft_members_have(&config->learners, id);
}

static void drop_strangers(struct raft *self)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < self->member_count; i++) {
        if (has(&self->config, self->members[i].id)) {
            self->members[kept++] = self->members[i];
        } else {
            raft_progress_fini(&self->members[i]);
        }
    }
    self->member_count = kept;
}

static void admit(struct raft *self, uint64_t id, bool learner)
{
    struct raft_progress *known = raft_member(self, id);
    uint64_t last = raft_log_last(&self->log);
    unsigned at = 0;

    if (known != NULL) {
        known->learner = learner;
        return;
    }
    assert(self->member_count < raft_members_max);
    while (at < self->member_count && self->members[at].id < id) {
        at++;
    }
    memmove(&self->members[at + 1], &self->members[at],
            (self->member_count - at) * sizeof(self->members[0]));
    raft_progress_init(&self->members[at], id, learner, last > 0 ? last : 1, &self->settings);
    self->member_count++;
}

static void switch_to(struct raft *self, const struct raft_config *config)
{
    self->config = *config;
    drop_strangers(self);
    for (unsigned i = 0; i < config->voters.count; i++) {
        admit(self, config->voters.ids[i], false);
    }
    for (unsigned i = 0; i < config->learners.count; i++) {
        admit(self, config->learners.ids[i], true);
    }
    assert(self->member_count == config->voters.count + config->learners.count);
}

void raft_config_restore(struct raft *self, const struct raft_config *config)
{
    assert(self->role != RAFT_LEADER);
    switch_to(self, config);
}

static void lead_on(struct raft *self)
{
    if (!raft_members_have(&self->config.voters, self->settings.id)) {
        raft_become_follower(self, self->term, 0);
        return;
    }
    if (self->transferee != 0 && !raft_members_have(&self->config.voters, self->transferee)) {
        self->transferee = 0;
    }
    if (raft_commit_reached(self)) { /* fewer may be a majority now */
        raft_reads_committed(self);
        raft_broadcast_append(self, RAFT_EMPTY_ALWAYS);
    } else {
        raft_broadcast_append(self, RAFT_EMPTY_NEVER);
    }
    raft_reads_confirm(self);
}

enum err raft_change_applied(struct raft *self, const struct raft_change *change,
                             struct raft_config *out)
{
    struct raft_log *log = &self->log;
    uint64_t from = self->config_index > log->applied ? self->config_index : log->applied;
    uint64_t index = raft_log_change(log, from + 1, log->applying);
    struct raft_config config = self->config;
    enum err err = raft_config_change(&config, change);

    assert(index != 0);
    self->config_index = index;
    if (err == ERR_OK) {
        switch_to(self, &config);
        if (self->role == RAFT_LEADER) {
            lead_on(self);
        }
        assert(self->role == RAFT_LEADER || self->role == RAFT_FOLLOWER);
    }
    if (out != NULL) {
        *out = self->config;
    }
    return err;
}
