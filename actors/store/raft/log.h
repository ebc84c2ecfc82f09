/* A member's log in memory, and how far each thing has come with it. Pure.
 *
 *   begin ≤ applied ≤ applying ≤ committed ≤ last      what is known and done
 *   begin ≤ stable ≤ handed ≤ last                     what is on the disk
 *
 *          begin   applied  applying  committed                 last
 *            │        │        │          │                      │
 *     ·······┌────────┬────────┬──────────┬──────────┬───────────┐
 *     dropped│        │handed  │          │          │           │
 *            └────────┴────────┴──────────┴────┬─────┴──┬────────┘
 *                                           stable    handed
 *
 * A cut takes stable, handed and every write under way back with it: a write that began before
 * says nothing of what was appended at the same place after it (etcd: append ABA race).
 */
#ifndef ACTORS_STORE_RAFT_LOG_H
#define ACTORS_STORE_RAFT_LOG_H

#include "actors/store/raft/raft.h"

struct raft_write {
    uint64_t serial;
    uint64_t last;     /* entry that is durable with it */
    uint64_t commit;   /* index that is; 0: it is not synced */
    uint64_t snapshot; /* index; 0: none */
};

struct raft_log {
    struct raft_entry *items; /* owned, with their data */
    size_t cap;
    size_t head; /* place of the first */
    size_t count;
    uint64_t begin; /* index and term before the first */
    uint64_t begin_term;
    uint64_t committed;
    uint64_t applying; /* handed out to be applied */
    uint64_t applied;
    uint64_t change;  /* the first that is committed and not handed out to be applied; 0: none */
    uint64_t scanned; /* committed entries up to here were looked at for that */
    uint64_t handed;  /* out to be written */
    uint64_t stable;
    uint64_t commit_syncing; /* handed out with a sync */
    uint64_t commit_synced;
    struct raft_snapshot snapshot; /* to be installed */
    enum { RAFT_SNAPSHOT_NONE, RAFT_SNAPSHOT_WAITS, RAFT_SNAPSHOT_HANDED } snapshot_state;
    struct raft_write writes[raft_writes_max]; /* under way: a ring */
    unsigned write_begin;
    unsigned write_count;
    uint64_t serial; /* of the last write */
};

/* Takes the data of entries. */
void raft_log_init(struct raft_log *self, const struct raft_snapshot *snapshot,
                   const struct raft_entry *entries, size_t count, uint64_t applied,
                   uint64_t committed);
void raft_log_fini(struct raft_log *self);

static inline uint64_t raft_log_last(const struct raft_log *self)
{
    return self->begin + self->count;
}

uint64_t raft_log_term(const struct raft_log *self, uint64_t index); /* 0: not known */
bool raft_log_matches(const struct raft_log *self, uint64_t index, uint64_t term);
/* Is one that ends there at least as new as this? Raft, 5.4.1 */
bool raft_log_is_up_to_date(const struct raft_log *self, uint64_t index, uint64_t term);
const struct raft_entry *raft_log_at(const struct raft_log *self, uint64_t index); /* it is held */

/* Behind the last one. Takes entry's data. */
void raft_log_append(struct raft_log *self, const struct raft_entry *entry);

/* What a leader sent: entries behind prev. False: prev is not in this log. Else copies those that
 * are not held, having cut what they contradict, and commits no further than the message says and
 * reaches: behind its end this log may differ from the leader's. */
bool raft_log_take(struct raft_log *self, const struct raft_msg *msg);

/* The last place up to index where a log that holds term at its end there may agree, and the term
 * here, 0 where that is not known. */
uint64_t raft_log_conflict(const struct raft_log *self, uint64_t index, uint64_t term,
                           uint64_t *term_here);

void raft_log_commit(struct raft_log *self, uint64_t index); /* never back */
/* The first change in from … to; 0: there is none. */
uint64_t raft_log_change(const struct raft_log *self, uint64_t from, uint64_t to);
/* How many of those from first on fit into bytes_max, at least one; bytes: of their data. */
unsigned raft_log_fitting(const struct raft_log *self, uint64_t first, uint64_t bytes_max,
                          uint64_t *bytes);
void raft_log_applying(struct raft_log *self, uint64_t index); /* up to it: handed out */
void raft_log_applied(struct raft_log *self, uint64_t index);
void raft_log_compact(struct raft_log *self, uint64_t index);
void raft_log_restore(struct raft_log *self, const struct raft_snapshot *snapshot);

/* All that is not handed out goes into a write; there is room for one. Its serial. */
uint64_t raft_log_write(struct raft_log *self, bool synced);
/* This one and all before it are done. */
void raft_log_written(struct raft_log *self, uint64_t serial);
/* Nothing from index on is handed out or written any more. */
void raft_log_unwrite(struct raft_log *self, uint64_t index);

#endif
