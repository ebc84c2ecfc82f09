/* The registry's memory of itself: a journal of changes and now and then a
 * snapshot of the whole, in one directory.
 *
 *   journal-<first seq>.log     segments: HEAD, then one frame a command, FOOT when closed in order
 *   snapshot-<seq>.dat          HEAD, every entry, FOOT (seq in 16 hex digits, in both names)
 *   *.tmp                       unfinished; removed at the next start
 *   *.damaged                   set aside for a person; never read again
 *   failed                      exists while changes are in memory only
 *   lost                        what damage has cost, until somebody has dealt with it (lost.h)
 *   lock                        held (flock) by the one process that uses the directory
 *
 * Duties of the caller, the registry's turn:
 *   1. storage_append for every command that changed something (also while failed);
 *   2. storage_commit once at the end of the turn, before anything of it is
 *      published or answered. When it does not return ERR_OK the changes are
 *      in memory only: go on, say so (STORAGE, readyz).
 *   3. Take epoch and seq for facts and answers from storage_position *after*
 *      commit: a failure has begun a new epoch, and nothing of the failed turn may be
 *      published under the old one.
 *   4. storage_step once a turn and at least once a tick, after commit.
 *
 * Epochs. An epoch goes on over a restart unless something published under it
 * may be missing: nothing was there; the newest segment is a copy of the file that was
 * written (a directory restored); damage or a gap was found; changes were
 * published that are not known to be on disk (sync mode 1s or never, no orderly
 * close, and the machine itself went down since: another machine_boot; or the
 * storage was failed). After a failure a new epoch begins at once.
 *
 * Failure. When the journal can't be written or synced, that file is never
 * written again (a second fsync may lie). Every 10 s a step begins a
 * fresh snapshot with a segment of its own; once it is in place the state is ok
 * again. A snapshot that can't be written while the journal works is only put off.
 */
#ifndef ACTORS_REGISTRY_STORAGE_STORAGE_H
#define ACTORS_REGISTRY_STORAGE_STORAGE_H

#include <stdbool.h>

#include "actors/registry/storage/lost.h"
#include "common/base/log.h"
#include "common/journal/disk.h"
#include "common/naming/registry.h"

// clang-format off
/* registry.journal_sync */
#define STORAGE_SYNC_TABLE(X) \
    X(ALWAYS, "always")       \
    X(SECOND, "1s")           \
    X(NEVER,  "never")
// clang-format on

enum storage_sync {
#define STORAGE_SYNC_ENUM(NAME, text) STORAGE_SYNC_##NAME,
    STORAGE_SYNC_TABLE(STORAGE_SYNC_ENUM)
#undef STORAGE_SYNC_ENUM
};

/* Errors: ERR_INVALID: not in the table. */
enum err storage_sync_from(struct str name, enum storage_sync *sync);

/* Age of the heartbeat (live) or of the tombstone in slot, for snapshot records. */
typedef int64_t storage_age_fn(void *context, uint32_t slot);

/* A record met while loading, after registry_apply; in order. applied->ignored: the
 * registry has a newer state, or the record is older than the snapshot and kept only for its
 * write id. Everything borrows until the return. A change from a snapshot has no write id; it
 * carries the age at the time of the snapshot, and a tombstone has that time as its `at`. */
typedef void storage_loaded_fn(void *context, const struct change *change,
                               const struct applied *applied);

struct storage_options {
    struct disk *disk;         /* borrowed */
    const struct clock *clock; /* borrowed; only to time syncs */
    const struct log *log;     /* borrowed, may be NULL */
    const char *dir;           /* copied; made when missing (its parent must exist) */
    struct str machine_boot;   /* copied; the kernel's boot id (/proc/sys/kernel/random/boot_id);
                                  empty: not known */
    enum storage_sync sync;
    uint64_t seed;             /* random: new epochs are drawn from it */
    uint64_t snapshot_bytes;   /* a snapshot begins when the journal exceeds the greater of this
                                  (0: 64 MiB) and the last snapshot */
    uint64_t allocate_bytes;   /* segments grow by it (0: 1 MiB) */
    int64_t keep_ms;           /* old segments are kept this long after a snapshot, for followers
                                  and write ids (0: 60 s); a quarter of it while they are more
                                  than four times snapshot_bytes */
    int64_t writes_from;       /* wall ns: of changes decided before it no write id is wanted any
                                  more. Segments that hold only such, and nothing that the
                                  snapshot lacks, are not read at a start (0: all are) */
    storage_loaded_fn *loaded; /* NULL: none; called during storage_open only */
    storage_age_fn *age;       /* NULL: ages are 0; called during storage_open and _step */
    void *context;             /* of both */
};

struct storage_position {
    uint64_t epoch;
    uint64_t seq; /* of the last change that was committed, or while failed, appended */
};

struct storage_restored {
    bool restored;      /* there was something: a snapshot or a segment, even an empty one */
    int64_t highest_at; /* greatest change.at known, also of entries that are gone */
    uint32_t damage_count;
};

struct storage;

/* Loads the directory into registry, which must be empty. Errors, each logged
 * with what to do: ERR_BUSY (another process holds it), ERR_UNSUPPORTED (a file of a newer
 * format; nothing was touched), ERR_UNUSABLE (the directory or a file in it can't be read, or may
 * not be written, and trying again for 10 s did not help: a person must see to it; no file is
 * renamed), ERR_IO (not even the lock can be made on a full disk).
 * A directory in which only the lock can be written (a full disk) is no error: the state is
 * failed. One on a read-only file system can't be locked: ERR_UNUSABLE. */
enum err storage_open(const struct storage_options *options, struct registry *registry,
                      int64_t now_ms, struct storage **self, struct storage_restored *restored);

/* Syncs what is written, in every mode, and marks the end as orderly. Uncommitted appends are
 * dropped. Nulls. NULL is fine. */
void storage_close(struct storage **self);

/* Buffers one command's changes: body holds PUT and GONE messages with the consecutive seqs
 * first … last, first being one above the last appended. They are restored all or
 * none (a body above frame_max: piece by piece, should the power go before the commit has
 * returned). Errors: ERR_TOO_LARGE: one message above frame_max; nothing was taken, and the
 * registry is no longer what the journal says: a bug of the caller's bounds. */
enum err storage_append(struct storage *self, struct str body, uint64_t first_seq,
                        uint64_t last_seq);

/* One write and, in mode always, one sync for all appended since the last call;
 * nothing at all when there was none. Errors: ERR_IO: the state is failed, now or already. */
enum err storage_commit(struct storage *self, int64_t now_ms);

/* A bounded slice of whatever is due: the sync of mode 1s, a piece of a snapshot,
 * the removal of a file, the retry after a failure. True: more is waiting, call again next
 * turn without waiting for a tick. Call it with nothing appended and uncommitted. registry is
 * the one that all committed changes were applied to. */
bool storage_step(struct storage *self, const struct registry *registry, int64_t now_ms);

/* Before the end of a process while changes are in memory only: tries once more to write all of it,
 * without slices. False: they are there still. */
bool storage_last_try(struct storage *self, const struct registry *registry, int64_t now_ms);

/* A person knows of what damage has cost, or peers have made up for it: nothing is lost any more.
 */
void storage_forget_lost(struct storage *self);

struct storage_position storage_position(const struct storage *self);

/* Appends to records the PUT and GONE messages with seqs after_seq + 1 … *last_seq: at least one
 * and else up to max_bytes, as many as are committed and one bounded read finds; *count of
 * them. At the head: ERR_OK, count 0, *last_seq = after_seq. Errors, records untouched:
 * ERR_STALE: not held (too old, above the head, or the state is failed): the caller's follower
 * takes a snapshot. The caller compares the epoch. */
enum err storage_history(struct storage *self, uint64_t after_seq, size_t max_bytes,
                         struct buf *records, uint32_t *count, uint64_t *last_seq);

struct storage_stats {
    bool ok;
    const char *reason; /* while not ok: what failed, on which file; borrowed until the next call */
    uint64_t journal_bytes;
    uint32_t segment_count;
    uint64_t history_seq;  /* history is held after this */
    uint64_t snapshot_seq; /* of the last snapshot; 0: none */
    uint64_t snapshot_bytes;
    bool snapshot_running;
    uint64_t sync_count;
    struct durations syncs;
    int64_t sync_ns_max; /* since the last storage_stats_reset_max */
    int64_t sync_ns_total;
    uint64_t failure_count;
    uint64_t memory_changes; /* not ok: so many that were told are on no disk */
    uint32_t damage_count;   /* damaged files, gaps and records that this start has found */
    struct lost lost;
};
void storage_stats(const struct storage *self, struct storage_stats *out);
void storage_stats_reset_max(struct storage *self);

#endif
