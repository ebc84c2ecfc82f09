/* What a start finds in the storage's directory: reads everything, changes no
 * file, and says what is there, what is wrong with it and whether anything
 * that was published may be missing.
 */
#ifndef ACTORS_REGISTRY_STORAGE_RECOVERY_H
#define ACTORS_REGISTRY_STORAGE_RECOVERY_H

#include "actors/registry/storage/damage.h"
#include "actors/registry/storage/names.h"
#include "actors/registry/storage/storage.h"
#include "common/journal/segment.h"

struct recovered {
    uint64_t epoch; /* of the newest file; 0: there is none */
    uint64_t seq;   /* of the last change */
    uint64_t above; /* the greatest seq that any file or record speaks of, >= seq */
    int64_t highest_at;
    uint64_t snapshot_seq; /* of the snapshot everything after was replayed onto; 0: none */
    uint64_t snapshot_bytes;
    struct segments segments;   /* owned; without the damaged ones */
    bool closed;                /* the last segment ends in order */
    struct names old_snapshots; /* owned; no longer needed */
    struct names unfinished;    /* owned; *.tmp */
    struct damage damage;  /* owned; its lost: also of earlier damage that nobody has dealt with */
    bool marked_failed;    /* the file "failed" was there */
    const char *new_epoch; /* static: why an epoch must begin; NULL: it goes on */
};

/* On success the caller owns what is in out and ends it with recovered_fini.
 * Errors: ERR_UNSUPPORTED: a file has another format number: nothing was applied;
 * ERR_UNUSABLE: the directory, or a file in it, can't be read, which is no damage: what was
 * applied is worth nothing. Both are logged. */
enum err recovery_run(struct volume *volume, const struct storage_options *options,
                      struct registry *registry, struct recovered *out);
void recovered_fini(struct recovered *self);

#endif
