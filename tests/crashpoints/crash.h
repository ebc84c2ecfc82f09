/* Cuts the power at every operation of a disk and looks at what a start makes of it:
 * a watch clones the disk as it is, lets the clone lose what power cuts lose, and
 * opens a storage on it. Verdicts fall once the model knows the states of the turn. */
#ifndef TESTS_CRASHPOINTS_CRASH_H
#define TESTS_CRASHPOINTS_CRASH_H

#include "tests/crashpoints/model.h"
#include "tests/journal/disk_sim.h"

enum { crash_ops = 9, crash_failures_shown = 20 };

struct crash_sums {
    uint64_t cuts[crash_ops]; /* by operation: bit n of enum disk_sim_op */
    uint64_t in_recovery;     /* of all cuts: those during the start after another */
    uint64_t points;
    uint64_t failed;
    uint64_t epochs_kept; /* points at which it had to go on */
    uint64_t new_epochs;  /* starts that could not rule out a loss */
    uint64_t flips;
    uint64_t undetected;
    uint64_t unread; /* flips in files that no start reads */
};

struct crash_point;

struct crash {
    const struct model *model;  /* borrowed */
    const struct disk_sim *sim; /* borrowed: the one that is watched */
    bool all;                   /* every byte, more starts cut again */
    bool epoch_goes_on;         /* nothing published can be missing: starts must see it */
    const char *machine_boot;   /* of the run that is cut */
    uint64_t number;            /* of the cut; seeds all that is random in it */
    struct crash_point *points; /* owned: looked at, not judged */
    size_t point_count;
    size_t point_cap;
    struct crash_sums sums;
};

void crash_fini(struct crash *self);

/* For disk_sim_watch; context: the crash. */
void crash_watch(void *context, enum disk_sim_op op, const void *data, size_t len);

/* Judges all that was looked at: when model knows the turn. */
void crash_judge(struct crash *self);

/* Flips bits of every file that a start would find now, one at a time. */
void crash_flip(struct crash *self);

const char *crash_op_name(unsigned bit);

#endif
