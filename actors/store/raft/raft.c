#include "actors/store/raft/raft.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/store/raft/change.h"
#include "actors/store/raft/election.h"
#include "actors/store/raft/follower.h"
#include "actors/store/raft/outbox.h"
#include "actors/store/raft/read.h"
#include "actors/store/raft/replication.h"

struct raft *raft_new(const struct raft_settings *settings, const struct raft_hard *hard,
                      const struct raft_snapshot *snapshot, struct raft_entry *entries,
                      size_t count, uint64_t applied, int64_t now_ms)
{
    struct raft *self = calloc(1, sizeof(*self));
    const struct raft_config *config = &snapshot->config;

    assert(settings->id != 0 && settings->prng != NULL);
    assert(settings->heartbeat_ms > 0 && settings->election_ms > settings->heartbeat_ms);
    assert(snapshot->index > 0 || config->voters.count + config->learners.count == 0);
    if (self == NULL) {
        abort();
    }
    self->settings = *settings;
    self->term = hard->term;
    self->vote = hard->vote;
    self->hard_handed = *hard;
    self->now_ms = now_ms;
    raft_log_init(&self->log, snapshot, entries, count, applied, hard->commit);
    assert(hard->term >= raft_log_term(&self->log, raft_log_last(&self->log)));
    raft_config_restore(self, config);
    raft_become_follower(self, self->term, 0);
    return self;
}

void raft_destroy(struct raft **self)
{
    if (*self == NULL) {
        return;
    }
    for (unsigned i = 0; i < (*self)->member_count; i++) {
        raft_progress_fini(&(*self)->members[i]);
    }
    raft_log_fini(&(*self)->log);
    raft_outbox_fini(&(*self)->outbox);
    free((*self)->reads.pending);
    free(*self);
    *self = NULL;
}

static void heartbeat(struct raft *self)
{
    self->heartbeat_sent_ms = self->now_ms;
    self->reads.round_due = false;
    raft_broadcast_heartbeat(self, raft_reads_round(self));
}

static void tick_leader(struct raft *self)
{
    if (self->now_ms - self->election_began_ms >= self->settings.election_ms) {
        self->election_began_ms = self->now_ms;
        if (self->settings.check_quorum && !raft_check_quorum(self)) {
            raft_become_follower(self, self->term, 0);
            return;
        }
        self->transferee = 0; /* it had its time */
    }
    if (self->now_ms - self->heartbeat_sent_ms >= self->settings.heartbeat_ms) {
        heartbeat(self);
    }
}

void raft_tick(struct raft *self, int64_t now_ms)
{
    assert(now_ms >= self->now_ms);
    self->now_ms = now_ms;
    if (self->role == RAFT_LEADER) {
        tick_leader(self);
    } else if (now_ms - self->election_began_ms >= self->election_wait_ms) {
        raft_election_rewind(self); /* ties of pre-candidates are broken by it too */
        raft_campaign(self, RAFT_CANDIDACY_TIMEOUT);
    }
}

static bool is_from_leader(enum raft_msg_type type)
{
    return type == RAFT_MSG_APPEND || type == RAFT_MSG_HEARTBEAT || type == RAFT_MSG_SNAP;
}

static bool is_answer(enum raft_msg_type type)
{
    return type == RAFT_MSG_PREVOTE_RESP || type == RAFT_MSG_VOTE_RESP ||
           type == RAFT_MSG_APPEND_RESP || type == RAFT_MSG_HEARTBEAT_RESP;
}

/* A leader was heard within the shortest wait: nobody is helped to depose it (thesis, 4.2.3). */
static bool has_lease(const struct raft *self)
{
    return self->settings.check_quorum && self->lead != 0 &&
           self->now_ms - self->election_began_ms < self->settings.election_ms;
}

/* False: the message goes no further. */
static bool enter_term(struct raft *self, const struct raft_msg *msg)
{
    bool asks_vote = msg->type == RAFT_MSG_VOTE || msg->type == RAFT_MSG_PREVOTE;

    if (asks_vote && !msg->transfer && has_lease(self)) {
        return false;
    }
    if (msg->type != RAFT_MSG_PREVOTE && (msg->type != RAFT_MSG_PREVOTE_RESP || msg->reject)) {
        raft_become_follower(self, msg->term, is_from_leader(msg->type) ? msg->from : 0);
    }
    return true;
}

static void on_earlier_term(struct raft *self, const struct raft_msg *msg)
{
    bool leads = msg->type == RAFT_MSG_APPEND || msg->type == RAFT_MSG_HEARTBEAT;

    if (leads && (self->settings.check_quorum || self->settings.pre_vote)) {
        /* A member with a later term hears no vote request of this leader's term and may depose
         * nobody: the answer's term brings the leader up to it. */
        raft_send(self, &(struct raft_msg){.type = RAFT_MSG_APPEND_RESP, .to = msg->from});
    } else if (msg->type == RAFT_MSG_PREVOTE) {
        raft_refuse_prevote(self, msg->from);
    }
}

static void on_leader(struct raft *self, const struct raft_msg *msg)
{
    if (self->role == RAFT_LEADER) {
        return; /* a term has one */
    }
    if (self->role != RAFT_FOLLOWER) {
        raft_become_follower(self, msg->term, msg->from);
    }
    self->lead = msg->from;
    self->election_began_ms = self->now_ms;
    if (msg->type == RAFT_MSG_APPEND) {
        raft_on_append(self, msg);
    } else if (msg->type == RAFT_MSG_HEARTBEAT) {
        raft_on_heartbeat(self, msg);
    } else if (raft_on_snapshot(self, msg)) {
        self->config_index = msg->snapshot.index;
        raft_config_restore(self, &msg->snapshot.config);
    }
}

static void on_answer(struct raft *self, struct raft_progress *from, const struct raft_msg *msg)
{
    if (msg->type == RAFT_MSG_VOTE_RESP || msg->type == RAFT_MSG_PREVOTE_RESP) {
        raft_on_vote_resp(self, from, msg);
    } else if (self->role != RAFT_LEADER) {
        return;
    } else if (msg->type == RAFT_MSG_HEARTBEAT_RESP) {
        raft_on_heartbeat_resp(self, from);
        raft_reads_acknowledged(self, from, msg->round);
    } else if (raft_on_append_resp(self, from, msg)) {
        raft_reads_committed(self);
    }
}

static void dispatch(struct raft *self, struct raft_progress *from, const struct raft_msg *msg)
{
    switch (msg->type) {
    case RAFT_MSG_PREVOTE:
    case RAFT_MSG_VOTE:
        raft_on_vote(self, msg);
        break;
    case RAFT_MSG_APPEND:
    case RAFT_MSG_HEARTBEAT:
    case RAFT_MSG_SNAP:
        on_leader(self, msg);
        break;
    case RAFT_MSG_TIMEOUT_NOW:
        if (self->role == RAFT_FOLLOWER) {
            raft_campaign(self, RAFT_CANDIDACY_TRANSFER);
        }
        break;
    case RAFT_MSG_READ:
        if (self->role == RAFT_LEADER) {
            raft_reads_ask(self, &(struct raft_read){msg->from, msg->read.number});
        }
        break;
    case RAFT_MSG_READ_RESP:
        if (msg->read.member == self->settings.id) {
            raft_tell_read(self, msg->read.number, msg->index);
        }
        break;
    case RAFT_MSG_PREVOTE_RESP:
    case RAFT_MSG_VOTE_RESP:
    case RAFT_MSG_APPEND_RESP:
    case RAFT_MSG_HEARTBEAT_RESP:
        on_answer(self, from, msg);
        break;
    }
}

enum err raft_receive(struct raft *self, const struct raft_msg *msg)
{
    struct raft_progress *from = raft_member(self, msg->from);

    assert(msg->to == self->settings.id && msg->from != msg->to);
    if (is_answer(msg->type) && from == NULL) {
        return ERR_NOT_FOUND;
    }
    raft_learn_commit(self, msg);
    if (msg->term < self->term) {
        on_earlier_term(self, msg);
    } else if (msg->term == self->term || enter_term(self, msg)) {
        dispatch(self, from, msg);
    }
    return ERR_OK;
}
