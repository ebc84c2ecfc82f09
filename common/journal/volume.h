/* One directory on a disk: names of files in it, whole reads and writes, syncs
 * that are timed, and the text of what went wrong last.
 *
 * Errors of every function that returns enum err: ERR_IO, and volume->reason
 * says what, on which file and why.
 */
#ifndef COMMON_JOURNAL_VOLUME_H
#define COMMON_JOURNAL_VOLUME_H

#include <stdbool.h>

#include "common/base/clock.h"
#include "common/base/durations.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/journal/disk.h"

struct volume {
    struct disk *disk;
    const struct clock *clock;
    const struct log *log;
    char *dir; /* owned by the caller; short enough for names in it (volume_take) */
    uint64_t sync_count;
    int64_t sync_ns_max;
    int64_t sync_ns_total;
    struct durations syncs;
    char reason[256];
    int64_t trouble;     /* the negative errno of reason */
    int64_t patience_ms; /* so long in all may reading still wait for what passes (disk.h) */
};

/* What a file in it is called; what names there are is the caller's. */
struct name {
    char text[64];
};

/* Makes the directory when it is missing and holds it for this process until *lock is closed.
 * Errors, logged here: ERR_BUSY: another process holds it; ERR_UNUSABLE; ERR_IO: it is full. */
enum err volume_take(struct volume *self, int *lock);

/* Says what failed last, on the file of that name (NULL: the directory), whose it is and what to
 * do; ERR_UNUSABLE. */
enum err volume_refused(const struct volume *self, const char *name);

/* These three and volume_open wait for what passes, while there is patience. Of a list, each is
 * then given NULL: what it was given before does not count. */
enum err volume_list(struct volume *self, disk_list_fn *each, void *context);
enum err volume_size(struct volume *self, int file, const char *name, uint64_t *size);
/* *moved: 0 at the end. A file that has become stale is opened anew: *file may change. */
enum err volume_read(struct volume *self, int *file, const char *name, uint64_t offset, void *data,
                     size_t len, size_t *moved);

enum err volume_open(struct volume *self, const char *name, enum disk_mode mode, int *file);
void volume_close(struct volume *self, int *file); /* -1 after it; -1 is fine */
enum err volume_write(struct volume *self, int file, const char *name, uint64_t offset,
                      struct str data);
enum err volume_cut(struct volume *self, int file, const char *name, uint64_t len);
enum err volume_sync(struct volume *self, int file, const char *name);
enum err volume_rename(struct volume *self, const char *from, const char *to);
enum err volume_remove(struct volume *self, const char *name);
enum err volume_sync_dir(struct volume *self);

/* Notes in reason that `what` failed on name with this negative errno; ERR_IO. */
enum err volume_failed(struct volume *self, const char *what, const char *name, int64_t rc);

#endif
