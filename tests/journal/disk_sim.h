/* A disk for tests that knows what was synced: a power cut takes the rest away,
 * wholly, in part, or torn in the middle of a write; names come and go with
 * sync_dir. Fails operations by countdown, flips bits, and can be dead from
 * one operation on. Deterministic: the same seed and calls give the same disk.
 */
#ifndef TESTS_JOURNAL_DISK_SIM_H
#define TESTS_JOURNAL_DISK_SIM_H

#include <stdbool.h>

#include "common/base/str.h"
#include "common/journal/disk.h"

struct disk_sim;

struct disk_sim *disk_sim_new(uint64_t seed);
void disk_sim_destroy(struct disk_sim **self);
struct disk *disk_sim_disk(struct disk_sim *self); /* lives as long as self */

/* The process is gone: its files and locks are let go, nothing is lost. */
void disk_sim_kill(struct disk_sim *self);

enum disk_sim_keep {
    DISK_KEEP_NOTHING, /* only what was synced survives */
    DISK_KEEP_TORN,    /* of each file's last unsynced write the first `bytes`; all before it */
    DISK_KEEP_RANDOM,  /* any part of the unsynced writes and a first part of the name changes */
    DISK_KEEP_ALL,
    DISK_KEEP_NAMES,   /* all names, and of the files only what was synced */
    DISK_KEEP_DATA,    /* all in the files, and only the names that were synced */
    DISK_KEEP_SIZES,   /* names and sizes: what was written behind the synced end is zeros */
    DISK_KEEP_SECTORS, /* any 512-byte sectors of the unsynced writes, a first part of the names */
    DISK_KEEP_GARBAGE, /* all, but of each file's last unsynced write only `bytes`, then noise */
};
void disk_sim_power_cut(struct disk_sim *self, enum disk_sim_keep keep, size_t bytes);

enum disk_sim_op {
    DISK_OP_READ = 1, /* opening a file that is there, its size, and reading from it */
    DISK_OP_CREATE = 2,
    DISK_OP_WRITE = 4,
    DISK_OP_ALLOCATE = 8,
    DISK_OP_TRUNCATE = 16,
    DISK_OP_SYNC = 32, /* of a file; what a failed one did not write is never written */
    DISK_OP_RENAME = 64,
    DISK_OP_REMOVE = 128,
    DISK_OP_SYNC_DIR = 256,
    DISK_OP_CHANGES = 510, /* all that change something */
    DISK_OP_LOCK = 512,
    DISK_OP_LIST = 1024,
};

/* Of the operations in mask the first `after` go well, `times` more give -error. */
void disk_sim_fail(struct disk_sim *self, unsigned mask, uint32_t after, uint32_t times, int error);

/* After so many more changing operations nothing works until the next power_cut;
 * UINT32_MAX: not, or no longer. */
void disk_sim_die_after(struct disk_sim *self, uint32_t changes);
uint64_t disk_sim_changes(const struct disk_sim *self); /* changing operations so far */

/* So long was waited before something was tried again; no clock moves by it. */
int64_t disk_sim_waited_ms(const struct disk_sim *self);

/* Another disk in the same state: nothing of it is open, failing or watched. */
struct disk_sim *disk_sim_clone(const struct disk_sim *self, uint64_t seed);

/* Called after every changing operation that went well; data, len: of a WRITE. It may clone. */
typedef void disk_sim_watch_fn(void *context, enum disk_sim_op op, const void *data, size_t len);
void disk_sim_watch(struct disk_sim *self, disk_sim_watch_fn *watch, void *context);

/* Files as they are now, by path. False: there is none. put makes or replaces one for good. */
bool disk_sim_get(const struct disk_sim *self, const char *path, struct buf *bytes);
void disk_sim_put(struct disk_sim *self, const char *path, struct str bytes);
bool disk_sim_flip(struct disk_sim *self, const char *path, size_t offset, unsigned char mask);

#endif
