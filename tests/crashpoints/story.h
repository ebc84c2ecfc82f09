/* The life of a registry that is watched: commands of every kind, snapshots, new
 * segments, evictions, ends of tombstones, failing disks, and starts after orderly
 * ends, kills and power cuts. The same seed tells the same story. */
#ifndef TESTS_CRASHPOINTS_STORY_H
#define TESTS_CRASHPOINTS_STORY_H

#include "tests/crashpoints/crash.h"

/* What is made wrong on purpose, to see that it is found. */
enum story_fault {
    STORY_SOUND,
    STORY_SYNC_LIES,      /* the disk says that it has synced a file and has not */
    STORY_SYNC_DIR_LIES,  /* the same of a directory */
    STORY_ANSWERS_EARLY,  /* changes are answered and published before they are synced */
    STORY_BOOT_UNNOTICED, /* a start does not know that the machine was down */
    STORY_SUMS_UNSEEN,    /* nobody looks at checksums */
    STORY_FAULTS,
};
const char *story_fault_name(enum story_fault fault);

struct story_options {
    uint64_t seed;
    const char *journal_sync; /* as registry.journal_sync */
    uint32_t turns;
    uint32_t flip_every; /* so many turns a pass of flipped bits; 0: none */
    enum story_fault fault;
    bool all;
    bool quiet;
};

/* Adds to sums. */
void story_tell(const struct story_options *options, struct crash_sums *sums);

#endif
