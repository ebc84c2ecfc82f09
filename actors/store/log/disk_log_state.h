/* What the files of a log share. */
#ifndef ACTORS_STORE_LOG_DISK_LOG_STATE_H
#define ACTORS_STORE_LOG_DISK_LOG_STATE_H

#include "actors/store/log/disk_log.h"
#include "actors/store/log/recovery.h"
#include "actors/store/log/spares.h"
#include "common/journal/journal.h"
#include "common/journal/remover.h"

struct disk_log {
    struct disk_log_options options; /* dir: an owned copy */
    struct volume volume;
    int lock;
    uint64_t id;
    struct log_standing at;    /* behind the last frame written */
    struct raft_hard hard;     /* the newest, also what was put off */
    struct raft_snapshot mark; /* the newest */
    bool mark_waits;           /* it goes into the next frame */
    uint64_t synced;           /* seq */
    uint64_t durable;          /* index */
    bool failed;
    struct buf frame; /* owned; the one being made */

    struct journal journal; /* the segment that is written */
    uint64_t highest;       /* index that it has held */
    struct log_segments older;
    uint64_t from; /* as the last head says: segments up to it may go */
    struct spares spares;
    uint64_t used; /* bytes of room, since room was made last */
    struct remover remover;
};

/* Notes and logs that the disk has failed; ERR_IO. */
enum err disk_log_failed(struct disk_log *self);

/* All that is written is on disk. */
enum err disk_log_sync(struct disk_log *self);

#endif
