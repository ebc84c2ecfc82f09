#include "common/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { piece_bytes = 4096 };

enum err file_read_open(int fd, size_t max, struct buf *to)
{
    size_t end = to->len + max + 1;

    while (to->len < end) {
        size_t left = end - to->len;
        size_t piece = left < piece_bytes ? left : piece_bytes;
        ssize_t got = read(fd, buf_reserve(to, piece), piece);

        if (got == 0) {
            return ERR_OK;
        }
        if (got < 0 && errno != EINTR) {
            return ERR_IO;
        }
        to->len += got > 0 ? (size_t)got : 0;
    }
    return ERR_OK;
}

enum err file_read(const char *path, size_t max, struct buf *to)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum err err;
    int why;

    if (fd < 0) {
        return ERR_IO;
    }
    err = file_read_open(fd, max, to);
    why = errno;
    (void)close(fd);
    errno = why;
    return err;
}
