#include "common/runtime/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/heap.h"
#include "common/base/lock_file.h"
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

/* One whose lock file was swept away holds a lock that no file shows. 0: there is none. */
static int64_t other_holder(const char *run_dir, const char *name)
{
    static const char end[] = "/run";
    size_t len = strlen(run_dir);
    struct place_actors *actors = heap_new(sizeof(*actors));
    struct buf dir = {0};
    int64_t pid = 0;

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
    int64_t holder;
    int fd = lock_file_take(path.data, &holder);
    bool busy = fd == -EWOULDBLOCK;

    self->fd = -1;
    errno = fd < 0 ? -fd : 0;
    if (fd >= 0) {
        holder = other_holder(run_dir, name);
        busy = holder != 0;
    }
    if (busy) {
        log_event(log, LOG_ERROR, "already_running", "end it or choose another --dir",
                  log_text("run_dir", run_dir), log_int("pid", holder));
        err = ERR_BUSY;
    } else if (fd < 0 || !pid_write(fd)) {
        err = err_of_file(errno);
        log_event(log, LOG_ERROR, "lock_failed",
                  "give it to the user this runs as, or choose another --dir",
                  log_text("file", path.data), log_text("error", strerror(errno)));
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
    bool done = fd >= 0 && pid_write(fd) && rename(draft.data, path.data) == 0;
    enum err err = done ? ERR_OK : err_of_file(errno);

    if (err == ERR_IO) {
        log_event(log, LOG_WARN, "pid_file_failed",
                  "it goes on without one; make room on its disk, and restart it to have one",
                  log_text("file", path.data), log_text("error", strerror(errno)));
        (void)unlink(draft.data);
        (void)unlink(path.data); /* that of a process before this one */
        err = ERR_OK;
    } else if (err != ERR_OK) {
        log_event(log, LOG_ERROR, "pid_file_failed", "give its directory to the user this runs as",
                  log_text("file", path.data), log_text("error", strerror(errno)));
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
