#include "common/base/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/str.h"

static int64_t pid_read(int fd)
{
    char text[24];
    int64_t pid = 0;
    ssize_t len = pread(fd, text, sizeof(text), 0);

    if (len > 0 && text[len - 1] == '\n') {
        (void)str_to_i64((struct str){text, (size_t)len - 1}, &pid);
    }
    return pid > 0 ? pid : 0;
}

int lock_file_take(const char *path, int64_t *holder)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int rc;

    *holder = 0;
    if (fd < 0) {
        return -errno;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        return fd;
    }
    rc = -errno;
    if (rc == -EWOULDBLOCK) {
        *holder = pid_read(fd);
    }
    (void)close(fd);
    return rc;
}

bool pid_write(int fd)
{
    struct buf text = {0};
    bool whole;

    buf_printf(&text, "%ld\n", (long)getpid());
    /* over what is there: a file that was emptied first might get no room again */
    whole = pwrite(fd, text.data, text.len, 0) == (ssize_t)text.len &&
            ftruncate(fd, (off_t)text.len) == 0;
    buf_fini(&text);
    return whole;
}
