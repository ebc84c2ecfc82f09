/* What the files of a recovery share. */
#ifndef ACTORS_REGISTRY_STORAGE_RECOVERY_STATE_H
#define ACTORS_REGISTRY_STORAGE_RECOVERY_STATE_H

#include "actors/registry/storage/behind.h"
#include "actors/registry/storage/recovery.h"

struct recovery {
    struct volume *volume; /* borrowed, as all four */
    const struct storage_options *options;
    struct registry *registry;
    struct recovered *out;
    struct names segments;  /* owned; oldest first: 16 digits sort as numbers do */
    struct names snapshots; /* the same */
    bool based;             /* a whole snapshot is loaded */
    bool base_unsound;      /* and will be set aside all the same */
    uint64_t foot_seq;      /* which the segments must reach */
    bool broken;            /* the last segment was damaged: a gap after it is no news */
    struct behind behind;   /* that damage */
};

#endif
