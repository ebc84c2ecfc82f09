/* Members in one process, in virtual time: their disks, their state machines, what is on its way
 * between them, and a judge that looks at each after every step. An entry's data is a number.
 */
#ifndef TESTS_STORE_RAFT_WORLD_H
#define TESTS_STORE_RAFT_WORLD_H

#include "actors/store/raft/raft_state.h"

enum { world_nodes = 7, world_index_max = 2048, world_term_max = 4096, world_configs_max = 256 };

struct record {
    uint64_t term;
    uint32_t type;
    uint64_t value;
};

struct parcel {
    struct raft_msg msg;
    struct record *records; /* owned */
    uint64_t serial;        /* held back: leaves with this write */
};

struct parcels {
    struct parcel *items;
    size_t count;
    size_t cap;
};

struct pending_write {
    uint64_t serial;
    bool sync;
    struct raft_hard hard;
    bool installs;
    struct raft_snapshot snapshot;
    uint64_t first;
    unsigned count;
    struct record *records; /* owned */
};

struct disk {
    struct raft_hard hard;
    uint64_t commit_synced; /* what a power cut leaves of hard.commit */
    uint64_t begin;
    uint64_t begin_term;
    struct record records[world_index_max]; /* by index */
    uint64_t last;
};

struct config_at {
    uint64_t index;
    struct raft_config config;
};

struct node {
    uint64_t id;
    struct raft *raft; /* NULL: down */
    struct prng prng;
    struct disk disk;
    struct pending_write writes[raft_writes_max];
    unsigned write_count;
    struct parcels held;
    uint64_t persisted;
    uint64_t applied;
    uint64_t apply_to; /* handed out */
    uint64_t flushed;  /* what the state machine has after a crash */
    uint64_t judged;   /* committed up to here was compared */
    struct config_at configs[world_configs_max];
    unsigned config_count;
    int64_t snapshot_since_ms[world_nodes + 1];
    uint64_t read_floor[1024]; /* by number: what anybody had applied when it was asked */
    uint64_t read_count;
    uint64_t reads_answered;
};

struct world {
    struct raft_settings settings;
    struct prng prng;
    int64_t now_ms;
    struct node nodes[world_nodes + 1]; /* by id, from 1 on */
    unsigned node_count;
    struct parcels wire;
    bool cut[world_nodes + 1][world_nodes + 1]; /* from, to */
    uint64_t next_value;
    /* the judge's */
    uint64_t leader_of[world_term_max];
    struct record committed[world_index_max];
    uint64_t committed_max;
    uint64_t applied_max;
};

/* voters 1 … voters of all; the others are blank. */
void world_init(struct world *self, uint64_t seed, unsigned voters, unsigned all);
void world_fini(struct world *self);
struct raft_settings world_settings(void); /* those of etcd's defaults */

/* Takes all that is ready: messages leave, writes begin. */
void world_turn(struct world *self, struct node *node);
void world_persist(struct world *self, struct node *node, unsigned count); /* writes; in order */
void world_apply(struct world *self, struct node *node, uint64_t count);   /* entries */
void world_flush(struct node *node);
void world_compact(struct world *self, struct node *node, uint64_t index);
void world_crash(struct world *self, struct node *node, unsigned writes_kept, bool power);
void world_start(struct world *self, struct node *node);

void world_deliver(struct world *self, size_t at); /* a parcel; or not, where the way is cut */
void world_lose(struct world *self, size_t at);
void world_tick(struct world *self, struct node *node);

enum err world_propose(struct world *self, struct node *node);
enum err world_change(struct world *self, struct node *node, enum raft_change_type type,
                      uint64_t id);
void world_read(struct world *self, struct node *node);

/* Everything that is due, disks and state machines too, in order, until nothing is. */
void world_settle(struct world *self);
void world_run(struct world *self, int64_t ms); /* in ticks of 10 ms, all settled between */
void world_isolate(struct world *self, uint64_t id, bool cut);
struct node *world_leader(struct world *self); /* of the latest term; NULL: none */
/* Runs until one leads. */
struct node *world_elect(struct world *self);
/* That one, whoever else might. */
struct node *world_elect_one(struct world *self, uint64_t id);
/* All members of the leader's config hold and have applied what it has. */
bool world_is_even(struct world *self);

#endif
