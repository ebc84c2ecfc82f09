/* One member, whose peers are the test. Its log begins behind index 1, term 1. */
#ifndef TESTS_STORE_RAFT_LONE_H
#define TESTS_STORE_RAFT_LONE_H

#include "actors/store/raft/raft_state.h"

enum { lone_sent_max = 512 };

struct lone {
    struct raft_settings settings;
    struct raft *raft;
    struct prng prng;
    int64_t now_ms;
    struct raft_msg sent[lone_sent_max];
    unsigned sent_count;
    struct raft_read_state reads[16];
    unsigned read_count;
    uint64_t applied;
};

/* Entries from index 2 on have these terms; member 1 of voters 1 … voters. */
struct lone_start {
    unsigned voters;
    struct raft_hard hard; /* term 0: that of the last entry; commit 0: 1 */
    const uint64_t *terms;
    unsigned count;
    uint64_t applied; /* 0: 1 */
    uint64_t learner; /* 0: none */
};

void lone_init(struct lone *self); /* settings; no raft yet */
void lone_start(struct lone *self, struct lone_start start);
void lone_fini(struct lone *self);

/* Does all that is ready, the disk's part at once; what is sent stays in sent, without entries. */
void lone_drain(struct lone *self);
/* Forgets what was sent, then takes it and drains. from is 2, to is 1, where they are 0. */
enum err lone_receive(struct lone *self, struct raft_msg msg);
/* An APPEND with entries of these terms behind (index, log_term). */
void lone_append(struct lone *self, uint64_t term, uint64_t index, uint64_t log_term,
                 uint64_t commit, const uint64_t *terms, unsigned count);
void lone_tick(struct lone *self, int64_t ms); /* forgets what was sent, time goes on, drains */
void lone_lead(struct lone *self);             /* of three or five, by votes of 2 and 3 */
/* Starts and leads term 2 of three, its first entry is 2; 2 and 3 hold it, 2 is replicated to. */
void lone_lead_three(struct lone *self);
/* An APPEND of 2 for 1 with these entries, borrowed. */
struct raft_msg lone_append_of(struct raft_entry *entries, unsigned count, uint64_t term,
                               uint64_t index, uint64_t log_term, uint64_t commit);
/* len bytes; drains. */
enum err lone_propose(struct lone *self, uint32_t len);
enum err lone_change(struct lone *self, enum raft_change_type type, uint64_t id);
void lone_ack(struct lone *self, uint64_t from, uint64_t index);

/* The first of the type that was sent to it, 0: to whomever. NULL: none. */
const struct raft_msg *lone_sent(const struct lone *self, enum raft_msg_type type, uint64_t to);
unsigned lone_count(const struct lone *self, enum raft_msg_type type, uint64_t to);

#endif
