/* One member's Raft: leader election and a replicated log, as etcd-io/raft has them (pre-vote,
 * check-quorum, ReadIndex, learners, leadership transfer, flow control, disks that answer late),
 * without joint consensus: members change one at a time. Pure: no clock, file, socket or log.
 *
 * Events go in by calls; what must be done comes out of raft_ready. Nothing is done twice: what
 * was handed out counts as taken. All calls of one turn, then raft_ready until nothing is:
 *
 *   1. send `now`
 *   2. serial ≠ 0: install the snapshot, write the entries and hard, sync if must_sync
 *   3. raft_persisted(serial), in order; serial 0: nothing was to be written, at once
 *   4. send `later` once later_serial is persisted
 *   5. apply; raft_change_applied for each RAFT_ENTRY_CHANGE at its place, raft_applied
 *
 * Steps 2 to 4 may be a thread's that has up to raft_writes_max of them under way. Time is mono
 * milliseconds and moves on by raft_tick only; ids are not 0. A write that failed is never told:
 * the process ends. A broken invariant (a commit beyond the log, a conflict below it) is an assert.
 */
#ifndef ACTORS_STORE_RAFT_RAFT_H
#define ACTORS_STORE_RAFT_RAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/prng.h"

enum { raft_members_max = 16, raft_writes_max = 64 };

struct raft;

enum raft_entry_type {
    RAFT_ENTRY_NORMAL,
    RAFT_ENTRY_CHANGE, /* of the members; what it says is told by raft_change_applied */
    RAFT_ENTRY_TERM    /* empty: every leader's first */
};

struct raft_entry {
    uint64_t term;
    uint64_t index;
    uint32_t type; /* enum raft_entry_type */
    uint32_t len;
    char *data; /* malloc's, owned by the log; NULL with len 0 */
};

struct raft_members {
    unsigned count;
    uint64_t ids[raft_members_max]; /* ascending */
};

/* Together at most raft_members_max; nobody is in both. */
struct raft_config {
    struct raft_members voters;
    struct raft_members learners; /* get everything, count for nothing */
};

enum raft_change_type { RAFT_CHANGE_ADD_VOTER, RAFT_CHANGE_ADD_LEARNER, RAFT_CHANGE_REMOVE };

/* ADD_VOTER promotes a learner, ADD_LEARNER demotes a voter. */
struct raft_change {
    enum raft_change_type type;
    uint64_t id;
};

struct raft_snapshot {
    uint64_t index;
    uint64_t term;
    struct raft_config config;
};

struct raft_hard {
    uint64_t term;
    uint64_t vote; /* 0: for nobody */
    uint64_t commit;
};

struct raft_read {
    uint64_t member; /* who asked */
    uint64_t number; /* its own */
};

enum raft_msg_type {
    RAFT_MSG_PREVOTE,
    RAFT_MSG_PREVOTE_RESP,
    RAFT_MSG_VOTE,
    RAFT_MSG_VOTE_RESP,
    RAFT_MSG_APPEND,
    RAFT_MSG_APPEND_RESP,
    RAFT_MSG_HEARTBEAT,
    RAFT_MSG_HEARTBEAT_RESP,
    RAFT_MSG_SNAP, /* ends in an APPEND_RESP or in raft_snapshot_failed */
    RAFT_MSG_TIMEOUT_NOW,
    RAFT_MSG_READ,
    RAFT_MSG_READ_RESP
};

struct raft_msg {
    enum raft_msg_type type;
    uint64_t from;
    uint64_t to;
    uint64_t term;
    uint64_t log_term; /* of index; of hint in a refusing APPEND_RESP */
    uint64_t index;    /* before the entries; acknowledged; the candidate's last; read */
    uint64_t commit;
    uint64_t hint;        /* refusing APPEND_RESP: where the logs may agree */
    uint64_t round;       /* heartbeats: all reads up to it are confirmed; 0: none wait */
    uint64_t known_index; /* refusing vote: committed, and its term */
    uint64_t known_term;
    struct raft_read read;
    bool reject;
    bool transfer; /* VOTE: the leader wants it, its lease does not count */
    uint64_t first;
    unsigned count;
    const struct raft_entry *entries; /* count from first on; borrowed */
    struct raft_snapshot snapshot;
};

struct raft_settings {
    uint64_t id;
    int election_ms; /* a follower waits one to two of them */
    int heartbeat_ms;
    uint64_t message_bytes_max;  /* entries of one message; a larger one goes alone */
    uint64_t inflight_bytes_max; /* to one member, not acknowledged; 0: not bounded */
    uint64_t uncommitted_bytes_max;
    unsigned inflight_max; /* messages with entries to one member */
    bool pre_vote;
    bool check_quorum;
    bool apply_unstable;  /* committed entries are applied before they are durable here */
    bool durable_changes; /* a change is applied when the commit index that covers it is durable:
                             a restart never goes back behind it */
    struct prng *prng;    /* borrowed */
};

/* Copies settings. snapshot: the log begins behind its index; its config is that of applied.
 * The first members of a cluster start alike from an index ≥ 1 that they agree on, so that later
 * ones are sent a snapshot; those start with index 0 and no config. Takes the data of entries, not
 * the array; they follow snapshot->index without a gap. Owed: index ≤ applied ≤ hard->commit ≤ the
 * last entry. What a state machine has durably applied is committed, even where a power cut left an
 * older commit index in hard: the greater one is given. */
struct raft *raft_new(const struct raft_settings *settings, const struct raft_hard *hard,
                      const struct raft_snapshot *snapshot, struct raft_entry *entries,
                      size_t count, uint64_t applied, int64_t now_ms);
void raft_destroy(struct raft **self);

void raft_tick(struct raft *self, int64_t now_ms);

/* Copies. The codec has checked: indexes rise by one from msg->index on, terms do not fall and are
 * not above msg->term.
 * Errors: ERR_NOT_FOUND: an answer of one that is no member. */
enum err raft_receive(struct raft *self, const struct raft_msg *msg);

/* Type, len and data of each are given, the rest is filled in; takes data when it returns ERR_OK.
 * Errors: ERR_NOT_LEADER (or of another term), ERR_TRANSFERRING, ERR_FULL: uncommitted bytes. */
enum err raft_propose(struct raft *self, uint64_t term, struct raft_entry *entries, unsigned count);

/* Proposes entry, which says in its data what change does.
 * Errors: as raft_propose, of the present term, and ERR_CONFLICT: another may not be applied yet,
 * ERR_INVALID: it cannot be made. */
enum err raft_change(struct raft *self, const struct raft_change *change, struct raft_entry *entry);

/* At any member: asks up to which index one must have applied to read what is newest now. Answered
 * in ready->reads or never: ask again then, under a number not used before. */
void raft_read(struct raft *self, uint64_t number);

/* Of the leader, to a voter; given up after an election_ms. */
void raft_transfer(struct raft *self, uint64_t to);

void raft_unreachable(struct raft *self, uint64_t id); /* the connection broke */
void raft_snapshot_failed(struct raft *self, uint64_t id);
void raft_persisted(struct raft *self, uint64_t serial);

/* Of the next RAFT_ENTRY_CHANGE handed out to be applied; what lies before it is applied. out: the
 * config from now on, may be NULL.
 * Errors: ERR_INVALID: changes nothing, on every member alike. */
enum err raft_change_applied(struct raft *self, const struct raft_change *change,
                             struct raft_config *out);
void raft_applied(struct raft *self, uint64_t index);

/* Entries up to index are dropped. index ≤ newest->index ≤ applied: what is dropped is held by a
 * snapshot, durably. */
void raft_compacted(struct raft *self, uint64_t index, const struct raft_snapshot *newest);

enum raft_role { RAFT_FOLLOWER, RAFT_PRECANDIDATE, RAFT_CANDIDATE, RAFT_LEADER, RAFT_ROLE_COUNT };

struct raft_read_state {
    uint64_t number;
    uint64_t index; /* serve when this is applied */
};

/* Borrowed until the next call of anything but raft_entry_at. */
struct raft_ready {
    uint64_t serial;       /* 0: nothing to write */
    uint64_t later_serial; /* what `later` waits for */
    bool must_sync;
    struct raft_hard hard; /* goes with every write, also when only commit moved */
    uint64_t append_first; /* the file's tail from there on is void */
    unsigned append_count;
    const struct raft_snapshot *snapshot; /* NULL: none. Install it first; what was handed out to be
                                             applied and is not yet is void */
    const struct raft_msg *now;           /* may leave before the sync */
    size_t now_count;
    const struct raft_msg *later; /* votes and what is acknowledged */
    size_t later_count;
    uint64_t apply_first;
    unsigned apply_count;
    const struct raft_read_state *reads;
    size_t read_count;
    bool soft_changed; /* lead or role */
    uint64_t lead;     /* 0: unknown */
    enum raft_role role;
};

bool raft_has_ready(const struct raft *self);
void raft_ready(struct raft *self, struct raft_ready *out);

/* Borrowed until it is compacted or cut. NULL: not held. */
const struct raft_entry *raft_entry_at(const struct raft *self, uint64_t index);

#endif
