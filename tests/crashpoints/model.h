/* What a registry was at every seq, learnt from the facts it published, and what it
 * has promised: the seqs that are synced and those that were published, by epoch. Judges
 * what a start has found on the disk. */
#ifndef TESTS_CRASHPOINTS_MODEL_H
#define TESTS_CRASHPOINTS_MODEL_H

#include "common/base/str.h"
#include "common/naming/registry.h"

struct model_state {
    uint64_t seq;
    uint64_t print;
};

struct model_epoch {
    uint64_t epoch;
    uint64_t seq; /* published up to here */
};

struct model {
    struct registry *registry; /* owned: the newest state */
    struct buf records;        /* of all changes, in order */
    size_t *ends;              /* owned: where each state's record ends, as states count them */
    struct model_state *states;
    size_t state_count;
    struct model_epoch *epochs;
    size_t epoch_count;
    uint64_t epoch;    /* that was published last */
    uint64_t *entries; /* owned: rig_entry_print of every entry after its change */
    size_t entry_count;
    uint64_t acked; /* synced: no start may be without it */
};

void model_init(struct model *self);
void model_fini(struct model *self);

uint64_t model_last(const struct model *self);
/* Change records as TURN carries them; those that are known already are passed over. */
void model_take(struct model *self, struct str records);
void model_publish(struct model *self, uint64_t epoch, uint64_t seq);
const struct model_epoch *model_epoch(const struct model *self, uint64_t epoch); /* NULL: none */
/* Whether every entry is as it once was. */
bool model_knows_entries(const struct model *self, const struct registry *registry);

/* A start has found this and goes on from seq: what came after it never was. False: it is no
 * state that was, or an older one than was promised. */
bool model_restart(struct model *self, uint64_t seq, uint64_t print);

struct outcome {
    bool opened; /* the storage opened, and was in order */
    bool stands; /* a change made after it was there again after the next power cut */
    uint64_t epoch;
    uint64_t seq;
    uint64_t print;
    uint32_t damage_count;
};

/* As of the cut. */
struct promise {
    uint64_t acked;
    uint64_t epoch;     /* which must go on; 0: it may end */
    bool known;         /* the outcome's epoch is one that was published … */
    uint64_t published; /* … up to here */
};

/* NULL: as it should be; else what is wrong. */
const char *model_judge(const struct model *self, const struct promise *promise,
                        const struct outcome *outcome);

#endif
