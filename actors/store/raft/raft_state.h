/* What the files of one member's Raft share. */
#ifndef ACTORS_STORE_RAFT_RAFT_STATE_H
#define ACTORS_STORE_RAFT_RAFT_STATE_H

#include "actors/store/raft/log.h"
#include "actors/store/raft/progress.h"

/* Those at a leader that wait for a round of heartbeats, and before its first commit for that.
 * Reads have positions in the order they were asked; a round names the position up to which its
 * acknowledgement confirms them, so that one confirms all that were asked before it left. */
struct raft_pending_read {
    struct raft_read read;
    uint64_t index; /* committed when it was asked */
};

struct raft_reads {
    struct raft_pending_read *pending; /* owned */
    size_t count;
    size_t cap;
    size_t placed;      /* of them have a position; those behind wait for the first commit */
    uint64_t confirmed; /* positions */
    bool round_due;     /* heartbeats leave with the next ready */
};

struct raft_msgs {
    struct raft_msg *items; /* owned */
    size_t count;
    size_t cap;
    bool handed; /* out: gone with the next one that is added */
};

struct raft_outbox {
    struct raft_msgs now;
    struct raft_msgs later;
    struct raft_read_state *reads; /* owned */
    size_t read_count;
    size_t read_cap;
    bool reads_handed;
};

struct raft {
    struct raft_settings settings;
    uint64_t term;
    uint64_t vote;
    enum raft_role role;
    uint64_t lead;
    uint64_t transferee; /* leader: to whom it hands over; 0: nobody */
    struct raft_log log;
    struct raft_config config;
    uint64_t config_index;      /* change that config stands at; those up to it are applied */
    uint64_t change_index;      /* leader: no change is proposed until this is applied */
    uint64_t uncommitted_bytes; /* leader: of entries that it has proposed */
    struct raft_progress members[raft_members_max]; /* of config, by id */
    unsigned member_count;
    struct raft_reads reads;
    struct raft_outbox outbox;
    int64_t now_ms;
    int64_t election_began_ms; /* follower: the leader was heard; leader: of the check */
    int64_t election_wait_ms;
    int64_t heartbeat_sent_ms;
    struct raft_hard hard_handed;
    uint64_t vote_serial; /* candidate: its own vote is durable with it; 0: not handed out */
    uint64_t lead_told;
    enum raft_role role_told;
};

/* NULL: no member. */
static inline struct raft_progress *raft_member(struct raft *self, uint64_t id)
{
    for (unsigned i = 0; i < self->member_count; i++) {
        if (self->members[i].id == id) {
            return &self->members[i];
        }
    }
    return NULL;
}

#endif
