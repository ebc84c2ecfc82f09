/* The few things the storage asks of a disk, as a table of functions, so that
 * tests and the simulator bring a disk that loses what was not synced.
 *
 * Every function returns 0 (or, where said, a number above it) or a negative
 * errno. Paths are those of the operating system; files are small numbers chosen
 * by the disk. Nothing here retries, but for EINTR.
 */
#ifndef COMMON_JOURNAL_DISK_H
#define COMMON_JOURNAL_DISK_H

#include <stddef.h>
#include <stdint.h>

enum disk_mode {
    DISK_READ,   /* an existing file */
    DISK_WRITE,  /* an existing file, for reading too */
    DISK_CREATE, /* as DISK_WRITE; made or emptied first */
};

enum { disk_path_max = 4096, disk_owner_max = 128 };

/* What an errno says of a file or directory that can't be opened, read or listed. None of it is
 * damage: only bytes that were read and are wrong are. */
enum disk_trouble {
    DISK_PASSING,   /* of the moment: to be tried again */
    DISK_FORBIDDEN, /* this user may not read or write it: a person must see to it */
    DISK_LASTING,   /* anything else, such as a full or a broken disk */
};
enum disk_trouble disk_trouble_of(int64_t rc);
const char *disk_remedy_of(int64_t rc); /* what a person can do; static */

/* name borrows until the return. */
typedef void disk_list_fn(void *context, const char *name);

struct disk {
    int (*open)(struct disk *self, const char *path, enum disk_mode mode); /* the file, >= 0 */
    void (*close)(struct disk *self, int file);
    int64_t (*size)(struct disk *self, int file);
    uint64_t (*place)(struct disk *self, int file); /* of this file alone, its life long, whatever
                                                       its name; a copy has another. 0: unknown */

    /* The count of bytes moved, which may be less than asked; read: 0 at the end. */
    int64_t (*read)(struct disk *self, int file, uint64_t offset, void *data, size_t len);
    int64_t (*write)(struct disk *self, int file, uint64_t offset, const void *data, size_t len);

    /* Grows the file by zeros. */
    int (*allocate)(struct disk *self, int file, uint64_t offset, uint64_t len);
    int (*truncate)(struct disk *self, int file, uint64_t size);
    int (*sync)(struct disk *self, int file); /* data, and the size */

    int (*rename)(struct disk *self, const char *from, const char *to); /* replaces `to` */
    int (*remove)(struct disk *self, const char *path);
    int (*make_dir)(struct disk *self, const char *path); /* 0 when it is there already */
    int (*sync_dir)(struct disk *self, const char *path);
    int (*list)(struct disk *self, const char *path, disk_list_fn *each, void *context);

    /* Holds path for this process until close. -EWOULDBLOCK: another holds it,
     * *holder is its pid (0 when unknown). */
    int (*lock)(struct disk *self, const char *path, int64_t *holder);

    /* Whose path is and how it may be used, and who we are, in words; empty: not known. */
    void (*owner)(struct disk *self, const char *path, char text[disk_owner_max]);

    void (*wait)(struct disk *self, int64_t ms); /* before something is tried again */
};

/* The operating system's. */
struct disk *disk_os(void);

#endif
