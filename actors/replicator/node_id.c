#include "actors/replicator/node_id.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/prng.h"

enum { file_bytes_max = 128 };

static enum err complain(const struct log *log, const char *path, const char *what)
{
    log_event(log, LOG_ERROR, "node_id", "it must belong to the user this node runs as",
              log_text("file", path), log_text("failed", what), log_text("error", strerror(errno)));
    return ERR_IO;
}

static bool is_id(const char *text)
{
    return strspn(text, "0123456789abcdef") == node_id_chars;
}

/* True: it is good. False: it is to be made anew. */
static bool read_id(const char *text, uint64_t inode, const struct log *log, const char *path,
                    char id[node_id_chars + 1])
{
    uint64_t number = 0;

    if (!is_id(text) || sscanf(text + node_id_chars, " %" SCNu64, &number) != 1) {
        log_event(log, LOG_WARN, "node_id", "it holds no id: a new one is drawn",
                  log_text("file", path));
        return false;
    }
    if (number != inode) {
        log_event(log, LOG_WARN, "node_id",
                  "it is a copy: a new id is drawn, as the node it was copied from may go on",
                  log_text("file", path));
        return false;
    }
    memcpy(id, text, node_id_chars);
    id[node_id_chars] = '\0';
    return true;
}

static enum err write_all(int fd, const char *text)
{
    size_t len = strlen(text);

    return write(fd, text, len) == (ssize_t)len && fsync(fd) == 0 ? ERR_OK : ERR_IO;
}

static enum err make(int dir, const struct log *log, const char *path, char id[node_id_chars + 1])
{
    static const char temporary[] = "node.id.new";
    char text[file_bytes_max];
    struct stat st;
    enum err err = ERR_IO;
    int fd;

    (void)unlinkat(dir, temporary, 0);
    fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    (void)snprintf(id, node_id_chars + 1, "%016" PRIx64 "%016" PRIx64, prng_seed_os(),
                   prng_seed_os());
    if (fd >= 0 && fstat(fd, &st) == 0) {
        (void)snprintf(text, sizeof(text), "%s %" PRIu64 "\n", id, (uint64_t)st.st_ino);
        err = write_all(fd, text);
    }
    if (err != ERR_OK || renameat(dir, temporary, dir, "node.id") != 0 || fsync(dir) != 0) {
        err = complain(log, path, "written");
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return err;
}

enum err node_id_load(const char *data_dir, const struct log *log, char id[node_id_chars + 1])
{
    int dir = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = dir >= 0 ? openat(dir, "node.id", O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    struct buf path = {0};
    char text[file_bytes_max] = "";
    struct stat st = {0};
    enum err err = ERR_OK;

    buf_printf(&path, "%s/node.id%c", data_dir, 0);
    if (dir < 0 || (fd < 0 && errno != ENOENT)) {
        err = complain(log, path.data, "opened");
    } else if (fd >= 0 && (fstat(fd, &st) != 0 || read(fd, text, sizeof(text) - 1) < 0)) {
        err = complain(log, path.data, "read");
    } else if (fd < 0 || !read_id(text, st.st_ino, log, path.data, id)) {
        err = make(dir, log, path.data, id);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (dir >= 0) {
        (void)close(dir);
    }
    buf_fini(&path);
    return err;
}
