#include "common/runtime/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/place.h"
#include "common/runtime/place_scan.h"

/* dir/name.suffix with a NUL behind it. The caller calls buf_fini. */
static struct buf path_of(const char *dir, const char *name, const char *suffix)
{
    struct buf path = {0};

    buf_printf(&path, "%s/%s.%s", dir, name, suffix);
    buf_add_char(&path, '\0');
    return path;
}

static bool write_pid(int fd)
{
    struct buf text = {0};
    bool whole;

    buf_printf(&text, "%ld\n", (long)getpid());
    whole = pwrite(fd, text.data, text.len, 0) == (ssize_t)text.len;
    buf_fini(&text);
    return whole;
}

static int64_t read_pid(int fd)
{
    char text[24];
    int64_t pid = 0;
    ssize_t len = pread(fd, text, sizeof(text), 0);

    if (len > 0 && text[len - 1] == '\n') {
        str_to_i64((struct str){text, (size_t)len - 1}, &pid);
    }
    return pid;
}

/* One whose lock file was swept away holds a lock that no file shows. 0: there is none. */
static int64_t other_holder(const char *run_dir, const char *name)
{
    static const char end[] = "/run";
    size_t len = strlen(run_dir);
    struct place_actors *actors = calloc(1, sizeof(*actors));
    struct buf dir = {0};
    int64_t pid = 0;

    if (actors == NULL) {
        abort();
    }
    if (len > strlen(end) && strcmp(run_dir + len - strlen(end), end) == 0) {
        buf_printf(&dir, "%.*s%c", (int)(len - strlen(end)), run_dir, 0);
        if (place_scan(dir.data, actors) == ERR_OK) {
            pid = place_pid_of(actors, name, getpid());
        }
    }
    buf_fini(&dir);
    free(actors);
    return pid;
}

enum err run_lock_take(struct run_lock *self, const char *run_dir, const char *name,
                       const struct log *log)
{
    struct buf path = path_of(run_dir, name, "lock");
    enum err err = ERR_OK;
    int fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    int64_t holder = fd >= 0 && !locked && errno == EWOULDBLOCK ? read_pid(fd) : -1;

    self->fd = -1;
    if (locked) {
        holder = other_holder(run_dir, name);
        holder = holder == 0 ? -1 : holder;
    }
    if (holder >= 0) {
        log_event(log, LOG_ERROR, "already_running",
                  "%s of %s runs as pid %lld: end it or choose another --dir", name, run_dir,
                  (long long)holder);
        err = ERR_BUSY;
    } else if (!locked || ftruncate(fd, 0) != 0 || !write_pid(fd)) {
        err = err_of_file(errno);
        log_event(log, LOG_ERROR, "lock_failed",
                  "file=%s error=\"%s\": give it to the user this runs as, or choose another --dir",
                  path.data, strerror(errno));
    } else {
        self->fd = fd;
    }
    if (err != ERR_OK && fd >= 0) {
        close(fd);
    }
    buf_fini(&path);
    return err;
}

void run_lock_release(struct run_lock *self)
{
    if (self->fd >= 0) {
        close(self->fd);
        self->fd = -1;
    }
}

enum err run_pid_write(const char *run_dir, const char *name, const struct log *log)
{
    struct buf path = path_of(run_dir, name, "pid");
    struct buf draft = path_of(run_dir, name, "pid.new");
    int fd = open(draft.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool done = fd >= 0 && write_pid(fd) && rename(draft.data, path.data) == 0;
    enum err err = done ? ERR_OK : err_of_file(errno);

    if (!done) {
        log_event(log, LOG_ERROR, "pid_file_failed", "file=%s error=\"%s\"", path.data,
                  strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    buf_fini(&draft);
    buf_fini(&path);
    return err;
}

void run_pid_remove(const char *run_dir, const char *name)
{
    struct buf path = path_of(run_dir, name, "pid");

    unlink(path.data);
    buf_fini(&path);
}
