/* The life of a registry that is watched: commands of every kind, snapshots, new
 * segments, evictions, ends of tombstones, failing disks, and starts after orderly
 * ends, kills and power cuts. The same seed tells the same story. */
#ifndef TESTS_CRASHPOINTS_STORY_H
#define TESTS_CRASHPOINTS_STORY_H

#include "tests/crashpoints/crash.h"

struct story_options {
    uint64_t seed;
    const char *journal_sync; /* as registry.journal_sync */
    uint32_t turns;
    uint32_t flip_every; /* so many turns a pass of flipped bits; 0: none */
    bool all;
};

/* Adds to sums. */
void story_tell(const struct story_options *options, struct crash_sums *sums);

#endif
