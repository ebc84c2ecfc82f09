/* What the files of one storage share. */
#ifndef ACTORS_REGISTRY_STORAGE_STORAGE_STATE_H
#define ACTORS_REGISTRY_STORAGE_STORAGE_STATE_H

#include "actors/registry/storage/damage.h"
#include "actors/registry/storage/retention.h"
#include "actors/registry/storage/snapshot.h"
#include "actors/registry/storage/storage.h"
#include "common/base/prng.h"
#include "common/journal/journal.h"

/*   OK ──journal fails──► FAILED ──every 10 s──► HEALING ──snapshot in place──► OK
 *                           ▲──────anything fails──────┘
 * While HEALING changes go to the new segment, still a .tmp, as its snapshot is. */
enum storage_state { STORAGE_OK, STORAGE_FAILED, STORAGE_HEALING };

struct storage {
    struct storage_options options; /* dir and machine_boot: owned copies */
    struct volume volume;
    struct prng prng;
    int lock;
    enum storage_state state;
    char reason[sizeof(((struct volume *)0)->reason)]; /* of the failure */
    int64_t trouble;                                   /* its negative errno */
    uint64_t failure_count;

    uint64_t epoch;
    uint64_t seq;  /* of the last committed change */
    uint64_t kept; /* of the last one that no failure can take away any more, as far as we know */
    uint64_t appended; /* of the last appended one; above seq only within a turn */
    int64_t highest_at;
    struct buf turn; /* frames of this turn; in the journal's segment, not in its file yet */

    struct journal journal;   /* the segment that is written; FAILED: none */
    int64_t synced_ms;        /* mode 1s: the last sync */
    struct segments segments; /* the older ones; history ends with the journal's */

    struct snapshot snapshot;  /* being written while its file is >= 0 */
    int64_t checkpoint_due_ms; /* none begins before it, after one could not be made */
    uint64_t snapshot_seq;     /* of the last whole one */
    uint64_t snapshot_bytes;
    struct retention retention;
    struct damage damage;
};

/* The bytes of the journal's segment that are in its file: all without this turn's. */
static inline uint64_t storage_written(const struct storage *self)
{
    return self->journal.segment.bytes - self->turn.len;
}

#endif
