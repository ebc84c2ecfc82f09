#include "common/journal/disk.h"

#include <errno.h>
#include <stddef.h>

static const struct {
    int number;
    enum disk_trouble trouble;
    const char *remedy;
} troubles[] = {
    {EACCES, DISK_FORBIDDEN, "give it to the user this runs as (chown), or run as its owner"},
    {EPERM, DISK_FORBIDDEN, "give it to the user this runs as (chown), or run as its owner"},
    {EROFS, DISK_FORBIDDEN,
     "mount its file system for writing, or choose another --dir; under systemd a drop-in with "
     "ReadWritePaths= lets a unit write elsewhere than in /var/lib/muster"},
    {EIO, DISK_LASTING, "repair the disk, or put a good copy of the directory in its place"},
    {ENOMEM, DISK_PASSING, "free memory, or raise the limit of it"},
    {EMFILE, DISK_PASSING, "raise the limit of open files (ulimit -n, LimitNOFILE=)"},
    {ENFILE, DISK_PASSING, "raise the system's limit of open files (fs.file-max)"},
    {ESTALE, DISK_PASSING, "mount the file system again"},
    {EINTR, DISK_PASSING, "find out who keeps sending signals to this process"},
    {EAGAIN, DISK_PASSING, "wait for the disk"},
    {EBUSY, DISK_PASSING, "end who uses it"},
    {ETIMEDOUT, DISK_PASSING, "see to the way to the disk"},
};

enum { trouble_count = sizeof(troubles) / sizeof(troubles[0]) };

enum disk_trouble disk_trouble_of(int64_t rc)
{
    for (size_t i = 0; i < trouble_count; i++) {
        if (-rc == troubles[i].number) {
            return troubles[i].trouble;
        }
    }
    return DISK_LASTING;
}

const char *disk_remedy_of(int64_t rc)
{
    for (size_t i = 0; i < trouble_count; i++) {
        if (-rc == troubles[i].number) {
            return troubles[i].remedy;
        }
    }
    return "put it right, or move it away to begin without it";
}
