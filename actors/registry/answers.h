/* Answers of one turn that wait for its sync: only the commit says in which epoch a write is held.
 */
#ifndef ACTORS_REGISTRY_ANSWERS_H
#define ACTORS_REGISTRY_ANSWERS_H

#include "common/runtime/actor.h"

/* What a MERGE came to. */
struct merged {
    enum err err;
    struct buf text;
    struct buf want;
    struct buf store; /* of newer */
    struct msg_list newer;
};

struct merged *merged_new(void);
void merged_destroy(struct merged **self);

struct answer {
    struct address to;
    uint64_t id;
    uint64_t seq;
    struct merged *merged; /* owned; NULL: a RESULT */
};

struct answers {
    struct answer *items;
    size_t count;
    size_t cap;
};

/* ERR_OK, held by seq. */
void answers_add(struct answers *self, const struct address *to, uint64_t id, uint64_t seq);
/* MERGED. Takes *merged over. */
void answers_add_merged(struct answers *self, const struct address *to, uint64_t id, uint64_t seq,
                        struct merged **merged);
/* After the sync: all of them, in the order they were added. */
void answers_send(struct answers *self, const struct position *at, struct outbox *out);
void answers_fini(struct answers *self);

/* Before the sync, for what changed nothing: at's epoch and boot, the rest as in result. */
void answer_now(const struct position *at, const struct address *to, const struct msg *result,
                struct outbox *out);

#endif
