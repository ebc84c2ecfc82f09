#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/base/lock_file.h"
#include "common/base/str.h"
#include "common/journal/disk.h"

static int outcome(int rc)
{
    return rc < 0 ? -errno : rc;
}

static int os_open(struct disk *self, const char *path, enum disk_mode mode)
{
    static const int flags[] = {
        [DISK_READ] = O_RDONLY, [DISK_WRITE] = O_RDWR, [DISK_CREATE] = O_RDWR | O_CREAT | O_TRUNC};

    (void)self;
    return outcome(open(path, flags[mode] | O_CLOEXEC | O_NOFOLLOW, 0600));
}

static void os_close(struct disk *self, int file)
{
    (void)self;
    (void)close(file);
}

static int64_t os_size(struct disk *self, int file)
{
    struct stat st;

    (void)self;
    return fstat(file, &st) == 0 ? (int64_t)st.st_size : -errno;
}

/* A number may be given out again once its file has gone, but not with the same birth. */
static uint64_t os_place(struct disk *self, int file)
{
    struct statx st;
    uint64_t place[3];

    (void)self;
    if (statx(file, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st) != 0) {
        return 0;
    }
    place[0] = st.stx_ino;
    place[1] = (st.stx_mask & STATX_BTIME) != 0 ? (uint64_t)st.stx_btime.tv_sec : 0;
    place[2] = (st.stx_mask & STATX_BTIME) != 0 ? st.stx_btime.tv_nsec : 0;
    return hash64(place, sizeof(place)) | 1;
}

static int64_t os_read(struct disk *self, int file, uint64_t offset, void *data, size_t len)
{
    ssize_t n;

    (void)self;
    do {
        n = pread(file, data, len, (off_t)offset);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int64_t os_write(struct disk *self, int file, uint64_t offset, const void *data, size_t len)
{
    ssize_t n;

    (void)self;
    do {
        n = pwrite(file, data, len, (off_t)offset);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* Room is taken, then written: a file system has to note for a block that was only reserved, in
 * the sync after its first write, that it now holds something. That makes such a sync two to
 * three times as long as one over zeros that are there (ext4). Some can't reserve (NFS before 4.2,
 * FUSE): what is written has taken its room all the same. */
static int os_allocate(struct disk *self, int file, uint64_t offset, uint64_t len)
{
    static const char zeros[1 << 16];
    uint64_t done = 0;
    int rc;

    do {
        rc = fallocate(file, 0, (off_t)offset, (off_t)len);
    } while (rc != 0 && errno == EINTR);
    if (rc != 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) {
        rc = 0;
    }
    while (rc == 0 && done < len) {
        uint64_t left = len - done;
        int64_t n = os_write(self, file, offset + done, zeros,
                             left < sizeof(zeros) ? (size_t)left : sizeof(zeros));

        if (n < 0) {
            return (int)n;
        }
        done += (uint64_t)n;
    }
    return outcome(rc);
}

static int os_truncate(struct disk *self, int file, uint64_t size)
{
    (void)self;
    return outcome(ftruncate(file, (off_t)size));
}

/* Not repeated after EINTR either: what a sync that did not succeed left behind is unknown. */
static int os_sync(struct disk *self, int file)
{
    (void)self;
    return outcome(fdatasync(file));
}

static int os_rename(struct disk *self, const char *from, const char *to)
{
    (void)self;
    return outcome(rename(from, to));
}

static int os_remove(struct disk *self, const char *path)
{
    (void)self;
    return outcome(unlink(path));
}

static int os_make_dir(struct disk *self, const char *path)
{
    (void)self;
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

static int os_sync_dir(struct disk *self, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc;

    (void)self;
    if (fd < 0) {
        return -errno;
    }
    rc = outcome(fsync(fd));
    (void)close(fd);
    return rc;
}

static int os_list(struct disk *self, const char *path, disk_list_fn *each, void *context)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int rc;

    (void)self;
    if (dir == NULL) {
        return -errno;
    }
    errno = 0;
    while ((entry = readdir(dir)) != NULL) {
        each(context, entry->d_name);
        errno = 0;
    }
    rc = -errno;
    (void)closedir(dir);
    return rc;
}

static int os_lock(struct disk *self, const char *path, int64_t *holder)
{
    int file = lock_file_take(path, holder);

    (void)self;
    if (file >= 0) {
        (void)pid_write(file); /* it is held all the same; only the refused one learns no pid */
    }
    return file;
}

/* Its name, if it has one; numbers say enough where the names can't be looked up. */
static void user_text(uid_t uid, char *text, size_t size)
{
    const struct passwd *user = getpwuid(uid);

    (void)snprintf(text, size, "%s%suid %u", user != NULL ? user->pw_name : "",
                   user != NULL ? ", " : "", (unsigned)uid);
}

static void os_owner(struct disk *self, const char *path, char text[disk_owner_max])
{
    char theirs[disk_owner_max / 3];
    char ours[disk_owner_max / 3];
    struct stat st;

    (void)self;
    text[0] = '\0';
    if (stat(path, &st) == 0) {
        user_text(st.st_uid, theirs, sizeof(theirs));
        user_text(geteuid(), ours, sizeof(ours));
        (void)snprintf(text, disk_owner_max, "owner %s, mode %03o, this runs as %s", theirs,
                       (unsigned)st.st_mode & 0777U, ours);
    }
}

static void os_wait(struct disk *self, int64_t ms)
{
    (void)self;
    (void)poll(NULL, 0, (int)ms);
}

struct disk *disk_os(void)
{
    static struct disk disk = {
        .open = os_open,
        .close = os_close,
        .size = os_size,
        .place = os_place,
        .read = os_read,
        .write = os_write,
        .allocate = os_allocate,
        .truncate = os_truncate,
        .sync = os_sync,
        .rename = os_rename,
        .remove = os_remove,
        .make_dir = os_make_dir,
        .sync_dir = os_sync_dir,
        .list = os_list,
        .lock = os_lock,
        .owner = os_owner,
        .wait = os_wait,
    };

    return &disk;
}
