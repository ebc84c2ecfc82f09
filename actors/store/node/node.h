/* One member of a replicated state machine: above the Raft core and its log on disk. It takes calls
 * and reads, packs and proposes them, writes what the core wants written, applies what is
 * committed, and answers. Pure: the time is an argument, what goes to other members comes out as
 * lists.
 *
 * Exactly once. A call is named (member, boot, number) by the member that took it, which answers it
 * when it applies it itself, whoever proposed it. Each try is for one term, and a leader of another
 * term refuses it. A member that applies the first entry of a later term knows what it tried before
 * and has not applied to be lost, and only then tries it again. Within a term a leader remembers
 * what it has proposed for others, and a repeat is nothing to it.
 *
 * The caller's turn: what has come (calls, reads, messages), then raft_node_turn until it says that
 * nothing more is due, then its answers, then disk_log_step, once. After an error of a turn the
 * process ends.
 */
#ifndef ACTORS_STORE_NODE_NODE_H
#define ACTORS_STORE_NODE_NODE_H

#include "actors/store/log/disk_log.h"
#include "actors/store/node/machine.h"

struct raft_node;

/* Bounds: 0 takes what stands behind. */
struct raft_node_settings {
    uint64_t member;
    uint64_t boot; /* random, of this run; not 0 */
    int election_ms;
    int heartbeat_ms;
    struct raft_config first; /* of a new log: the first members of a new cluster, the same on each;
                                 none: one that is added to a cluster */
    uint64_t call_bytes_max;  /* 2 MiB: ERR_TOO_LARGE */
    uint64_t queue_bytes_max; /* 64 MiB of calls not answered: ERR_FULL */
    uint32_t queue_count_max; /* 65,536 calls, and as many reads: ERR_FULL */
    uint64_t entry_bytes_max; /* 256 KiB: calls packed into one entry, or one call */
    uint64_t flight_bytes_max; /* 8 MiB of entries proposed and not applied: calls wait */
    uint64_t log_bytes_max;    /* 64 MiB of entries behind the newest mark: ERR_FULL */
    uint64_t compact_bytes;    /* 32 MiB of them: a new mark, where the machine has flushed */
    uint64_t trail_bytes;      /* 16 MiB before the mark stay in memory for members that lag */
    uint64_t apply_bytes;      /* 1 MiB are applied a turn, and what it begins with */
    bool cut_damage;           /* a person's word, as the log was given it: a sole voter's log may
                                  end before its state, and begins anew behind it */
    struct prng *prng;         /* borrowed */
    const struct log *log;     /* borrowed, may be NULL */
};

/* Where messages go; each list is borrowed until the return. */
struct raft_sink {
    void *context;
    void (*send)(void *context, const struct raft_msg *msgs, size_t count);
    /* Calls for the leader of that term, packed (call_codec.h): its raft_node_forwarded. */
    void (*forward)(void *context, uint64_t to, uint64_t term, struct str calls);
};

/* Takes what disk_log_open found (entries too); log and machine are borrowed and outlive it. A new
 * log begins with the first members at index 1.
 * Errors, each logged with what to do: ERR_UNUSABLE: log and machine do not fit: one of them is
 * from another time; nothing was changed. ERR_IO. */
enum err raft_node_new(const struct raft_node_settings *settings, struct disk_log *log,
                       struct disk_log_found *found, struct machine *machine, int64_t now_ms,
                       struct raft_node **self);
void raft_node_destroy(struct raft_node **self); /* NULL is fine */

/* Both are answered in their time, soon after deadline_ms at the latest. number: from 1 on, above
 * all before, of calls and reads together. Copies body. Errors: ERR_TOO_LARGE; ERR_FULL: too many
 * wait; ERR_NO_ROOM: the disk is full. */
enum err raft_node_call(struct raft_node *self, uint64_t number, struct str body,
                        int64_t deadline_ms);
enum err raft_node_read(struct raft_node *self, uint64_t number, int64_t deadline_ms);

/* Proposes change of the members. Errors: as raft_change. */
enum err raft_node_change(struct raft_node *self, const struct raft_change *change);

/* From other members; the codec has checked what raft.h wants checked. Errors: ERR_NOT_FOUND: as
 * raft_receive; ERR_TOO_LARGE: an entry that no log takes. */
enum err raft_node_receive(struct raft_node *self, const struct raft_msg *msg);
/* Calls that `from` has taken. Errors: ERR_MALFORMED: not whole calls of its own; ERR_NOT_LEADER:
 * or of another term; ERR_FULL: too much is under way; ERR_NO_ROOM; ERR_TRANSFERRING. Of none the
 * sender is told: it tries again in a later term. */
enum err raft_node_forwarded(struct raft_node *self, uint64_t from, uint64_t term,
                             struct str calls);
void raft_node_unreachable(struct raft_node *self, uint64_t member);
void raft_node_snapshot_failed(struct raft_node *self, uint64_t member);
void raft_node_transfer(struct raft_node *self, uint64_t to);

/* Proposes what waits, writes and syncs, applies a slice, compacts. *more: call it again, without
 * waiting for anything. Errors: ERR_IO, logged: this member ends. */
enum err raft_node_turn(struct raft_node *self, int64_t now_ms, const struct raft_sink *sink,
                        bool *more);

struct raft_answer {
    uint64_t number;
    enum err err;    /* ERR_OK; ERR_TIMEOUT: whether a call is applied is not known */
    uint64_t index;  /* ERR_OK of a call: of its entry; of a read: it may be served now */
    struct str body; /* what machine->apply appended */
};

/* Those since the last call; borrowed until the next call of anything. */
const struct raft_answer *raft_node_answers(struct raft_node *self, size_t *count);

struct raft_node_status {
    uint64_t term;
    uint64_t lead; /* 0: unknown */
    enum raft_role role;
    uint64_t applied;
    uint64_t durable; /* entries up to it are synced here */
    uint64_t mark;
    uint64_t log_bytes; /* of entries behind the mark */
    uint64_t flight_bytes;
    size_t call_count;
    size_t read_count;
};
void raft_node_status(const struct raft_node *self, struct raft_node_status *out);

#endif
