/* The log of one Raft member on its disk: entries, hard state and marks, in segments of one
 * directory.
 *
 *   raft-0000000000000001.log   LOG_HEAD, then a frame a write; named after its first frame's seq,
 *   raft-0000000000000204.log   the last one goes on with zeros
 *   spare-…01.tmp               zeros: room that is reserved
 *   *.tmp                       unfinished; removed at the next start
 *   *.damaged                   set aside for a person; never read again
 *   lock                        held (flock) by the one process that uses the directory
 *
 * Example, of a sole voter: segments of three frames, marks left out.
 *
 *   raft-1  HEAD{seq 0, last 0}  [1: hard 1/0/1, mark 1]  [2: hard 2/1/1, first 2]
 *           [3: hard 2/1/1, first 2, entry 2]
 *   raft-4  HEAD{seq 3, last 2}  [4: hard 2/1/2, first 3, entry 3]  zeros …
 *
 * Frame 4 says `synced 3`: were frame 3 bad now, it was good once. Duties of the caller:
 *   1. disk_log_write for every write of raft_ready, in order, before raft_persisted.
 *   2. The state machine durably holds nothing beyond disk_log_durable; what it holds durably, it
 *      may disk_log_cover, so that older segments go.
 *   3. Nothing new is proposed while disk_log_is_short.
 *   4. disk_log_step once a turn, and no more often while calls wait: a step may take a millisecond
 *      or two, a whole segment's some tens; and at least once a tick.
 *   5. After any error the process ends: what a failed write has left is judged by the next start.
 */
#ifndef ACTORS_STORE_LOG_DISK_LOG_H
#define ACTORS_STORE_LOG_DISK_LOG_H

#include "actors/store/log/frame.h"
#include "common/base/durations.h"
#include "common/base/log.h"
#include "common/journal/disk.h"

struct disk_log;

struct disk_log_options {
    struct disk *disk;         /* borrowed */
    const struct clock *clock; /* borrowed; only to time syncs */
    const struct log *log;     /* borrowed, may be NULL */
    const char *dir;           /* copied; made when missing (its parent must exist) */
    uint64_t cluster;
    uint64_t member;
    uint64_t segment_bytes; /* 0: 16 MiB. A frame goes into one whole */
    uint64_t seed;          /* random: the log's id is drawn from it */
    bool cut_damage;        /* a person's word: a sole voter loses what stands from damage on */
};

/* What raft_new is given. */
struct disk_log_found {
    bool fresh; /* nothing was there, or no write was ever synced: the first one has a snapshot */
    bool cut;   /* damage was cut */
    struct raft_hard hard;
    struct raft_snapshot mark;  /* the log begins behind it */
    struct raft_entry *entries; /* owned by the caller, with their data */
    size_t count;
};

/* All that is found is on disk for good when it returns. Errors, each logged with what to do:
 * ERR_BUSY: another process holds the directory; ERR_CORRUPT: damage (recovery.h); ERR_UNUSABLE:
 * the directory or a file can't be read or is another member's; ERR_UNSUPPORTED: a newer format;
 * ERR_IO.
 */
enum err disk_log_open(const struct disk_log_options *options, struct disk_log **self,
                       struct disk_log_found *found);

/* Writes what was put off and syncs, but after an error. Nulls; NULL is fine. */
void disk_log_close(struct disk_log **self);

/* As raft_ready says it. */
struct disk_log_write {
    struct raft_hard hard;
    uint64_t first;                       /* what stands from there on is void */
    const struct raft_entry *entries;     /* from first on; borrowed */
    unsigned count;                       /* of them */
    const struct raft_snapshot *snapshot; /* NULL: none. Else the log begins anew behind it */
    bool sync;
};

/* One write and, if it says so, one sync for all since the last. A commit index alone is put off to
 * the next write. No entry has more than log_entry_bytes_max.
 * Errors: ERR_IO, logged; only disk_log_close is allowed then. */
enum err disk_log_write(struct disk_log *self, const struct disk_log_write *write);

/* A state machine durably holds all up to mark->index: told with the next write. */
void disk_log_cover(struct disk_log *self, const struct raft_snapshot *mark);

/* A bounded piece of whatever is due: reserving room, removing old segments. True: more is. */
bool disk_log_step(struct disk_log *self, int64_t now_ms);

uint64_t disk_log_durable(const struct disk_log *self); /* index: entries up to it are synced */
uint64_t disk_log_room(const struct disk_log *self);    /* reserved bytes not used yet */
/* Less than a segment is left: what is under way still fits, nothing new is taken. */
bool disk_log_is_short(const struct disk_log *self);

struct disk_log_stats {
    uint64_t bytes; /* of all segments */
    uint32_t segment_count;
    uint64_t room_bytes;
    uint64_t frame_count; /* seq of the last */
    uint64_t sync_count;
    int64_t sync_ns_max;
    int64_t sync_ns_total;
    struct durations syncs;
};
void disk_log_stats(const struct disk_log *self, struct disk_log_stats *out);

#endif
