/* What the last snapshot covers: older segments and older snapshots. Each is kept for a while, for
 * followers, for write ids, and in case the last snapshot turns out to be damaged; then they are
 * taken away one after the other, a piece at a time.
 */
#ifndef ACTORS_REGISTRY_STORAGE_RETENTION_H
#define ACTORS_REGISTRY_STORAGE_RETENTION_H

#include "actors/registry/storage/names.h"
#include "common/journal/remover.h"
#include "common/journal/segment.h"

struct retention {
    struct volume *volume;     /* borrowed */
    struct segments *segments; /* borrowed; when one may go is in its free_ms */
    struct names snapshots;    /* owned; older than the last one, added by the caller */
    int64_t keep_ms;
    uint64_t many_bytes;     /* while segments that may go are more, a quarter of keep_ms will do */
    int64_t snapshot_due_ms; /* then the newest of snapshots goes */
    struct remover remover;
};

/* keep_ms, snapshot_bytes: as in struct storage_options. */
void retention_init(struct retention *self, struct volume *volume, struct segments *segments,
                    int64_t keep_ms, uint64_t snapshot_bytes);
void retention_fini(struct retention *self);

/* There is a new last snapshot, up to seq: of each segment in it is now known when it may go. */
void retention_covered(struct retention *self, uint64_t snapshot_seq, int64_t now_ms);
/* All that may go at some time may go now. */
void retention_hurry(struct retention *self, int64_t now_ms);

bool retention_removable(const struct retention *self, int64_t now_ms);
/* Only when removable: a piece of one file. One that can't be removed is left to the next start. */
void retention_remove(struct retention *self, int64_t now_ms);

#endif
