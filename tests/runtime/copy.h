/* A follower's copy of a source (source.h), which notes what it hears. Questions are taken and
 * answered by hand. */
#ifndef TESTS_RUNTIME_COPY_H
#define TESTS_RUNTIME_COPY_H

#include "common/runtime/follower.h"
#include "tests/runtime/source.h"

enum { tick_ms = 1000, queue_max = 64 };

struct copy {
    struct source source;
    struct follower *follower;
    struct outbox *out;
    struct clock_virtual clock;
    struct buf wire;     /* the frame in hand */
    struct buf question; /* taken by copy_question; decoded into asked */
    struct msg asked;

    /* the copy */
    uint64_t key_seq[source_keys];
    bool seen[source_keys]; /* since begin */
    unsigned sweep_at;
    bool protect;

    /* what was heard */
    unsigned records;
    unsigned renewed;
    unsigned protects;
    unsigned begins;
    unsigned currents;
    unsigned broken;
    unsigned broken_type;
    uint64_t current_epoch;
    uint64_t current_seq;
};

int copy_setup_with(void **state, const struct follower_owner *callbacks);
int copy_setup(void **state);
int copy_teardown(void **state);
const struct now *copy_now(struct copy *self);
/* Hands over what a source_… call or msg_encode put into wire. */
void copy_hear(struct copy *self);
void copy_turn(struct copy *self, unsigned key, unsigned count);
void copy_tick(struct copy *self);
/* The question that waits, into asked; its type, 0 if there is none. */
unsigned copy_question(struct copy *self);
bool copy_give(struct copy *self, struct str frame);
/* The source answers what was asked last, now. */
void copy_answer(struct copy *self);
/* Answers until nothing is asked and nothing is left to sweep. */
void copy_settle(struct copy *self);
struct follower_state copy_state(struct copy *self);
void assert_copied(struct copy *self);
void expect_question(struct copy *self, unsigned type);
/* With keys 0 … 19 there from before. */
void copy_start(struct copy *self);

/* As follower_owner has them. Whenever the copy says that it is current with the source's present
 * seq, it is equal to it: copy_current looks. */
void copy_fact(void *state, const struct msg *msg, const struct now *now);
void copy_current(void *state, uint64_t epoch, uint64_t seq, const struct now *now);
void copy_broken(void *state, unsigned type);

#endif
