/* Who plays a transcript (interaction.h), and how it prints in etcd-io/raft's words. */
#ifndef TESTS_STORE_RAFT_PLAYER_H
#define TESTS_STORE_RAFT_PLAYER_H

#include "actors/store/raft/raft_state.h"

enum { nodes_max = 9, out_max = 1 << 16, words_max = 24 };

struct letter {
    struct raft_msg msg; /* owns its entries */
};

struct player {
    struct raft *nodes[nodes_max + 1]; /* by id */
    struct raft_hard hard[nodes_max + 1];
    unsigned count;
    struct prng prng;
    int64_t now_ms[nodes_max + 1];
    struct letter *letters;
    size_t letter_count;
    size_t letter_cap;
    bool quiet;
    bool unsupported;
    bool steps_down; /* a leader that is removed; ours always does */
    unsigned indent;
    bool line_open;
    char out[out_max];
    size_t out_len;
};

extern const char *const player_msg_names[]; /* by enum raft_msg_type */

void player_say(struct player *self, const char *format, ...);
void player_say_msg(struct player *self, const struct raft_msg *msg);
void player_say_ready(struct player *self, uint64_t id, const struct raft_ready *ready);
void player_say_status(struct player *self, const struct raft *node);
void player_say_states(struct player *self);
void player_say_log(struct player *self, const struct raft *node);

#endif
