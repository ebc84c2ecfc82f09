/* Members in one process, each on a disk of its own that forgets what was not synced, whose state
 * machine is a list of all calls that were applied. Judged at every step: the lists are beginnings
 * of one list, no call is in it twice, an answered one is in it, a read is answered with a list
 * that holds all that was answered before it was asked. Pure virtual time; a seed is a run.
 */
#ifndef TESTS_STORE_NODE_CLUSTER_H
#define TESTS_STORE_NODE_CLUSTER_H

#include "actors/store/node/node.h"
#include "tests/journal/disk_sim.h"
#include "tests/store/node/list_machine.h"

enum { cluster_members = 3, letters_max = 256, asked_max = 8192 };

struct letter {
    struct raft_msg msg; /* to … entries owned */
    struct raft_entry *entries;
    bool forwards;
    struct buf calls; /* forwards */
};

enum asked_state { ASKED_WAITS, ASKED_DONE, ASKED_UNKNOWN };

struct asked {
    uint64_t member;
    uint64_t boot;
    uint64_t number;
    bool reads;
    uint64_t floor; /* of a read: the greatest index answered before it was asked */
    enum asked_state state;
};

struct member {
    uint64_t id;
    uint64_t boot;
    uint64_t number;
    struct disk_sim *sim;
    struct disk_log *log;
    struct raft_node *node; /* NULL: down */
    struct list_machine list;
    struct prng prng;
    bool more;
    bool failed; /* a turn said so */
};

struct cluster {
    uint64_t seed;
    struct clock_virtual clock;
    struct prng prng;
    int64_t now_ms;
    struct raft_node_settings settings;
    uint64_t segment_bytes;
    unsigned count;                             /* of members */
    struct member members[cluster_members + 1]; /* by id, from 1 on */
    struct letter letters[letters_max];
    size_t letter_count;
    bool cut[cluster_members + 1][cluster_members + 1];
    struct asked asked[asked_max];
    size_t asked_count;
    uint64_t answered_index; /* the greatest of a call */
    uint64_t boots;
    int64_t snapshot_ends_ms[cluster_members + 1][cluster_members + 1]; /* from, to; 0: none */
    struct list_item *all; /* what has been applied by anybody */
    size_t all_count;
    size_t letters_lost;
};

void cluster_init(struct cluster *self, uint64_t seed, unsigned count);
void cluster_fini(struct cluster *self);

void cluster_start(struct cluster *self, uint64_t id);
enum err cluster_try_start(struct cluster *self, uint64_t id);
void cluster_kill(struct cluster *self, uint64_t id, bool power, enum disk_sim_keep keep);
void cluster_turn(struct cluster *self, uint64_t id); /* until nothing more is due */
enum err cluster_call(struct cluster *self, uint64_t id, size_t len);
enum err cluster_read(struct cluster *self, uint64_t id);
void cluster_flush(struct cluster *self, uint64_t id);
void cluster_deliver(struct cluster *self, size_t at);
void cluster_lose(struct cluster *self, size_t at);
void cluster_run(struct cluster *self, int64_t ms); /* all settled, in ticks of 10 ms */
/* All up and whole; true when all calls are answered and all lists are one. */
bool cluster_heal(struct cluster *self, int64_t ms);
size_t cluster_applied(const struct cluster *self, uint64_t id); /* calls */
struct raft_node_status cluster_status(const struct cluster *self, uint64_t id);
size_t cluster_waiting(const struct cluster *self);

#endif
