#include "actors/store/raft/election.h"

#include <assert.h>

#include "actors/store/raft/outbox.h"
#include "actors/store/raft/read.h"
#include "actors/store/raft/replication.h"
#include "common/base/phases.h"

static const unsigned follows[RAFT_ROLE_COUNT] = {
    [RAFT_FOLLOWER] = PHASE(RAFT_FOLLOWER) | PHASE(RAFT_PRECANDIDATE) | PHASE(RAFT_CANDIDATE),
    [RAFT_PRECANDIDATE] = PHASE(RAFT_PRECANDIDATE) | PHASE(RAFT_CANDIDATE) | PHASE(RAFT_FOLLOWER),
    [RAFT_CANDIDATE] = PHASE(RAFT_CANDIDATE) | PHASE(RAFT_PRECANDIDATE) | PHASE(RAFT_LEADER) |
                       PHASE(RAFT_FOLLOWER),
    [RAFT_LEADER] = PHASE(RAFT_FOLLOWER),
};

static void enter(struct raft *self, enum raft_role role)
{
    assert(phases_may(follows, self->role, role));
    self->role = role;
}

void raft_election_rewind(struct raft *self)
{
    uint64_t election_ms = (uint64_t)self->settings.election_ms;

    self->election_began_ms = self->now_ms;
    self->election_wait_ms = (int64_t)(election_ms + prng_below(self->settings.prng, election_ms));
}

static void forget_votes(struct raft *self)
{
    self->vote_serial = 0;
    for (unsigned i = 0; i < self->member_count; i++) {
        self->members[i].vote = RAFT_VOTE_NONE;
    }
}

static void reset(struct raft *self, uint64_t term)
{
    assert(term >= self->term);
    if (term != self->term) {
        self->term = term;
        self->vote = 0;
    }
    self->lead = 0;
    self->transferee = 0;
    self->heartbeat_sent_ms = self->now_ms;
    raft_election_rewind(self);
    forget_votes(self);
    for (unsigned i = 0; i < self->member_count; i++) {
        struct raft_progress *member = &self->members[i];
        bool own = member->id == self->settings.id;

        raft_progress_reset(member, own ? self->log.stable : 0, raft_log_last(&self->log) + 1);
    }
    self->change_index = 0;
    self->uncommitted_bytes = 0;
    raft_reads_forget(self);
}

void raft_become_follower(struct raft *self, uint64_t term, uint64_t lead)
{
    reset(self, term);
    enter(self, RAFT_FOLLOWER);
    self->lead = lead;
}

bool raft_is_promotable(const struct raft *self)
{
    return raft_members_have(&self->config.voters, self->settings.id) &&
           self->log.snapshot_state == RAFT_SNAPSHOT_NONE;
}

static void become_leader(struct raft *self)
{
    struct raft_entry first = {.type = RAFT_ENTRY_TERM};
    struct raft_progress *own = raft_member(self, self->settings.id);

    reset(self, self->term);
    enter(self, RAFT_LEADER);
    self->lead = self->settings.id;
    raft_progress_replicate(own);
    own->active = true;
    /* Among what earlier leaders left there may be a change. */
    self->change_index = raft_log_last(&self->log);
    raft_append(self, &first, 1);
    raft_broadcast_append(self, RAFT_EMPTY_ALWAYS);
}

static void ask_votes(struct raft *self, enum raft_msg_type type, uint64_t term, bool transfer)
{
    uint64_t last = raft_log_last(&self->log);
    struct raft_msg msg = {
        .type = type,
        .term = term,
        .index = last,
        .log_term = raft_log_term(&self->log, last),
        .transfer = transfer,
    };

    for (unsigned i = 0; i < self->config.voters.count; i++) {
        msg.to = self->config.voters.ids[i];
        if (msg.to != self->settings.id) {
            raft_send(self, &msg);
        }
    }
}

static void stand(struct raft *self, bool transfer)
{
    reset(self, self->term + 1); /* a sole voter's too: no term has two leaders' entries */
    enter(self, RAFT_CANDIDATE);
    self->vote = self->settings.id;
    ask_votes(self, RAFT_MSG_VOTE, self->term, transfer);
}

static enum raft_election counted(const struct raft *self)
{
    unsigned granted = 0;
    unsigned refused = 0;

    for (unsigned i = 0; i < self->member_count; i++) {
        const struct raft_progress *member = &self->members[i];

        granted += !member->learner && member->vote == RAFT_VOTE_GRANTED;
        refused += !member->learner && member->vote == RAFT_VOTE_REFUSED;
    }
    return raft_quorum_election(granted, refused, self->config.voters.count);
}

static void on_votes(struct raft *self)
{
    switch (counted(self)) {
    case RAFT_ELECTION_OPEN:
        break;
    case RAFT_ELECTION_LOST:
        raft_become_follower(self, self->term, 0);
        break;
    case RAFT_ELECTION_WON:
        if (self->role == RAFT_PRECANDIDATE) {
            stand(self, false);
        } else {
            become_leader(self);
        }
        break;
    }
}

/* The config that votes are counted by must be the one that is committed. */
static bool has_unapplied_change(const struct raft *self)
{
    const struct raft_log *log = &self->log;
    uint64_t from = self->config_index > log->applied ? self->config_index : log->applied;

    if (from < log->begin) {
        from = log->begin;
    }
    return raft_log_change(log, from + 1, log->committed) != 0;
}

void raft_campaign(struct raft *self, enum raft_candidacy why)
{
    if (self->role == RAFT_LEADER || !raft_is_promotable(self) || has_unapplied_change(self)) {
        return;
    }
    if (why == RAFT_CANDIDACY_TRANSFER || !self->settings.pre_vote) {
        stand(self, why == RAFT_CANDIDACY_TRANSFER);
        return;
    }
    forget_votes(self);
    self->lead = 0;
    enter(self, RAFT_PRECANDIDATE);
    ask_votes(self, RAFT_MSG_PREVOTE, self->term + 1, false);
    raft_member(self, self->settings.id)->vote = RAFT_VOTE_GRANTED;
    on_votes(self);
}

void raft_own_vote(struct raft *self)
{
    struct raft_progress *own = raft_member(self, self->settings.id);

    assert(self->role == RAFT_CANDIDATE && self->vote == self->settings.id);
    self->vote_serial = 0;
    if (own != NULL) {
        own->vote = RAFT_VOTE_GRANTED;
        on_votes(self);
    }
}

static void refuse(struct raft *self, enum raft_msg_type type, uint64_t to)
{
    struct raft_msg refusal = {
        .type = type,
        .to = to,
        .reject = true,
        .known_index = self->log.committed,
        .known_term = raft_log_term(&self->log, self->log.committed),
    };

    raft_send(self, &refusal);
}

void raft_refuse_prevote(struct raft *self, uint64_t to)
{
    refuse(self, RAFT_MSG_PREVOTE_RESP, to);
}

/* Whether this member thinks of itself as a voter does not matter: one that was promoted may not
 * know it yet, and without its vote nobody would be elected to tell it. */
void raft_on_vote(struct raft *self, const struct raft_msg *msg)
{
    bool pre = msg->type == RAFT_MSG_PREVOTE;
    enum raft_msg_type type = pre ? RAFT_MSG_PREVOTE_RESP : RAFT_MSG_VOTE_RESP;
    bool may = self->vote == msg->from || (self->vote == 0 && self->lead == 0) ||
               (pre && msg->term > self->term);

    assert(msg->term >= self->term);
    if (!may || !raft_log_is_up_to_date(&self->log, msg->index, msg->log_term)) {
        refuse(self, type, msg->from);
        return;
    }
    /* The term asked for, or a pre-candidate that is ahead of us would not hear it. */
    raft_send(self, &(struct raft_msg){.type = type, .to = msg->from, .term = msg->term});
    if (!pre) {
        self->vote = msg->from;
        self->election_began_ms = self->now_ms;
    }
}

void raft_on_vote_resp(struct raft *self, struct raft_progress *from, const struct raft_msg *msg)
{
    bool pre = msg->type == RAFT_MSG_PREVOTE_RESP;

    if (pre && !msg->reject && msg->term != self->term + 1) {
        return; /* granted in an earlier candidacy */
    }
    if (self->role == (pre ? RAFT_PRECANDIDATE : RAFT_CANDIDATE) && from->vote == RAFT_VOTE_NONE) {
        from->vote = msg->reject ? RAFT_VOTE_REFUSED : RAFT_VOTE_GRANTED;
        on_votes(self);
    }
}

/* Else the last voter after a removal could be stuck: the leader that left has the longer log and
 * refuses it, and nobody tells it that the removal is committed (raft-rs has this too). */
void raft_learn_commit(struct raft *self, const struct raft_msg *msg)
{
    if (self->role == RAFT_LEADER || msg->known_index <= self->log.committed ||
        !raft_log_matches(&self->log, msg->known_index, msg->known_term)) {
        return;
    }
    raft_log_commit(&self->log, msg->known_index);
    if (self->role != RAFT_FOLLOWER && has_unapplied_change(self)) {
        raft_become_follower(self, self->term, 0);
    }
}

bool raft_check_quorum(struct raft *self)
{
    unsigned active = 0;

    for (unsigned i = 0; i < self->member_count; i++) {
        struct raft_progress *member = &self->members[i];

        active += !member->learner && (member->active || member->id == self->settings.id);
        member->active = member->id == self->settings.id;
    }
    return raft_quorum_election(active, 0, self->config.voters.count) == RAFT_ELECTION_WON;
}
