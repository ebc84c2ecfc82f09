#include "tests/store/raft/player.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void player_say(struct player *self, const char *format, ...)
{
    va_list args;
    char text[4096];

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (const char *at = text; *at != '\0' && self->out_len < out_max - 8; at++) {
        for (unsigned i = 0; !self->line_open && i < self->indent; i++) {
            self->out[self->out_len++] = ' ';
            self->out[self->out_len++] = ' ';
        }
        self->line_open = *at != '\n';
        self->out[self->out_len++] = *at;
    }
    self->out[self->out_len] = '\0';
}

const char *const player_msg_names[] = {
    [RAFT_MSG_PREVOTE] = "MsgPreVote",     [RAFT_MSG_PREVOTE_RESP] = "MsgPreVoteResp",
    [RAFT_MSG_VOTE] = "MsgVote",           [RAFT_MSG_VOTE_RESP] = "MsgVoteResp",
    [RAFT_MSG_APPEND] = "MsgApp",          [RAFT_MSG_APPEND_RESP] = "MsgAppResp",
    [RAFT_MSG_HEARTBEAT] = "MsgHeartbeat", [RAFT_MSG_HEARTBEAT_RESP] = "MsgHeartbeatResp",
    [RAFT_MSG_SNAP] = "MsgSnap",           [RAFT_MSG_TIMEOUT_NOW] = "MsgTimeoutNow",
    [RAFT_MSG_READ] = "MsgReadIndex",      [RAFT_MSG_READ_RESP] = "MsgReadIndexResp",
};

static const char *const role_names[] = {
    [RAFT_FOLLOWER] = "StateFollower",
    [RAFT_PRECANDIDATE] = "StatePreCandidate",
    [RAFT_CANDIDATE] = "StateCandidate",
    [RAFT_LEADER] = "StateLeader",
};

/* A change's data is its text, behind the kind etcd would give the entry: "V2 v4". */
static void say_entry(struct player *self, const struct raft_entry *entry)
{
    player_say(self, "%" PRIu64 "/%" PRIu64, entry->term, entry->index);
    if (entry->type == RAFT_ENTRY_CHANGE) {
        const char *text = strchr(entry->data, ' ');

        player_say(self, " EntryConfChange%.*s%s", (int)(text - entry->data), entry->data, text);
    } else {
        player_say(self, " EntryNormal \"");
        for (uint32_t i = 0; i < entry->len; i++) {
            player_say(self, "%s%c", entry->data[i] == '"' ? "\\" : "", entry->data[i]);
        }
        player_say(self, "\"");
    }
}

static void say_members(struct player *self, const struct raft_members *members)
{
    for (unsigned i = 0; i < members->count; i++) {
        player_say(self, "%s%" PRIu64, i > 0 ? " " : "", members->ids[i]);
    }
}

static void say_snapshot(struct player *self, const struct raft_snapshot *snapshot)
{
    player_say(self, "Index:%" PRIu64 " Term:%" PRIu64 " ConfState:Voters:[", snapshot->index,
               snapshot->term);
    say_members(self, &snapshot->config.voters);
    player_say(self, "] VotersOutgoing:[] Learners:[");
    say_members(self, &snapshot->config.learners);
    player_say(self, "] LearnersNext:[] AutoLeave:false\n");
}

void player_say_msg(struct player *self, const struct raft_msg *msg)
{
    player_say(self, "%" PRIu64 "->%" PRIu64 " %s Term:%" PRIu64 " Log:%" PRIu64 "/%" PRIu64,
               msg->from, msg->to, player_msg_names[msg->type], msg->term, msg->log_term,
               msg->index);
    if (msg->reject) {
        player_say(self, " Rejected (Hint: %" PRIu64 ")", msg->hint);
    }
    if (msg->commit != 0) {
        player_say(self, " Commit:%" PRIu64, msg->commit);
    }
    if (msg->count == 1) {
        player_say(self, " Entries:[");
        say_entry(self, msg->entries);
        player_say(self, "]");
    } else if (msg->count > 1) {
        player_say(self, " Entries:[");
        for (unsigned i = 0; i < msg->count; i++) {
            player_say(self, "\n  ");
            say_entry(self, &msg->entries[i]);
        }
        player_say(self, "\n]");
    }
    player_say(self, "\n");
    if (msg->type == RAFT_MSG_SNAP) {
        player_say(self, "  Snapshot: ");
        say_snapshot(self, &msg->snapshot);
    }
}

static void say_entries(struct player *self, const char *title, const struct raft *node,
                        uint64_t first, unsigned count)
{
    if (count > 0) {
        player_say(self, "%s:\n", title);
    }
    for (unsigned i = 0; i < count; i++) {
        say_entry(self, raft_entry_at(node, first + i));
        player_say(self, "\n");
    }
}

void player_say_ready(struct player *self, uint64_t id, const struct raft_ready *ready)
{
    const struct raft_hard *hard = &self->hard[id];
    bool voted = ready->hard.term != hard->term || ready->hard.vote != hard->vote;
    bool sync = ready->append_count > 0 || voted; /* etcd does not count a snapshot */

    player_say(self, "Ready MustSync=%s:\n", sync ? "true" : "false");
    if (ready->soft_changed) {
        player_say(self, "Lead:%" PRIu64 " State:%s\n", ready->lead, role_names[ready->role]);
    }
    if (voted || ready->hard.commit != hard->commit) {
        player_say(self, "HardState Term:%" PRIu64, ready->hard.term);
        if (ready->hard.vote != 0) {
            player_say(self, " Vote:%" PRIu64, ready->hard.vote);
        }
        player_say(self, " Commit:%" PRIu64 "\n", ready->hard.commit);
    }
    say_entries(self, "Entries", self->nodes[id], ready->append_first, ready->append_count);
    if (ready->snapshot != NULL) {
        player_say(self, "Snapshot ");
        say_snapshot(self, ready->snapshot);
    }
    say_entries(self, "CommittedEntries", self->nodes[id], ready->apply_first, ready->apply_count);
    if (ready->now_count + ready->later_count > 0) {
        player_say(self, "Messages:\n");
    }
    for (size_t i = 0; i < ready->now_count; i++) {
        player_say_msg(self, &ready->now[i]);
    }
    for (size_t i = 0; i < ready->later_count; i++) {
        player_say_msg(self, &ready->later[i]);
    }
}

void player_say_status(struct player *self, const struct raft *node)
{
    static const char *const states[] = {"StateProbe", "StateReplicate", "StateSnapshot"};

    for (unsigned i = 0; i < node->member_count; i++) {
        const struct raft_progress *member = &node->members[i];

        player_say(self, "%" PRIu64 ": %s match=%" PRIu64 " next=%" PRIu64 "%s%s", member->id,
                   states[member->state], member->match, member->next,
                   member->learner ? " learner" : "",
                   raft_progress_is_paused(member) ? " paused" : "");
        if (member->pending_snapshot > 0) {
            player_say(self, " pendingSnap=%" PRIu64, member->pending_snapshot);
        }
        player_say(self, "%s", member->active ? "" : " inactive");
        if (member->inflights.count > 0) {
            player_say(self, " inflight=%u%s", member->inflights.count,
                       raft_inflights_are_full(&member->inflights) ? "[full]" : "");
        }
        player_say(self, "\n");
    }
}

void player_say_states(struct player *self)
{
    for (uint64_t id = 1; id <= self->count; id++) {
        const struct raft *node = self->nodes[id];

        player_say(self, "%" PRIu64 ": %s (%s) Term:%" PRIu64 " Lead:%" PRIu64 "\n", id,
                   role_names[node->role],
                   raft_members_have(&node->config.voters, id) ? "Voter" : "Non-Voter", node->term,
                   node->lead);
    }
}

void player_say_log(struct player *self, const struct raft *node)
{
    if (node->log.stable == node->log.begin) {
        player_say(self, "log is empty: first index=%" PRIu64 ", last index=%" PRIu64,
                   node->log.begin + 1, node->log.stable);
        return;
    }
    for (uint64_t index = node->log.begin + 1; index <= node->log.stable; index++) {
        say_entry(self, raft_entry_at(node, index));
        player_say(self, "\n");
    }
}
