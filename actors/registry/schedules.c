#include "actors/registry/schedules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "actors/registry/schedule_files.h"
#include "common/base/heap.h"

enum { names_per_turn = 1024 };

static const int64_t look_again_ms = 5000;

static const uint32_t watched = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
/* It stands there no more; another one may already. */
static const uint32_t left = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;

struct schedules {
    struct schedule_files files;
    struct log *log; /* borrowed */
    char *dir;       /* owned */
    int dir_fd;      /* -1: not there */
    int epoll;
    int inotify;
    int timer;
    int watch; /* -1: none */
    bool must_be;
    bool said_absent;
    DIR *scan; /* owned; NULL: none is under way */
};

/* ── the directory ──────────────────────────────────────────────────────────*/

/* Looked for anew from then on. */
static void close_dir(struct schedules *self)
{
    if (self->scan != NULL) {
        (void)closedir(self->scan);
        self->scan = NULL;
    }
    if (self->watch >= 0) {
        (void)inotify_rm_watch(self->inotify, self->watch);
        self->watch = -1;
    }
    if (self->dir_fd >= 0) {
        (void)close(self->dir_fd);
        self->dir_fd = -1;
    }
}

static void scan_begin(struct schedules *self)
{
    int fd = openat(self->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (self->scan != NULL) {
        (void)closedir(self->scan);
    }
    self->scan = fd >= 0 ? fdopendir(fd) : NULL;
    if (self->scan == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        close_dir(self);
        return;
    }
    schedule_files_scan_begin(&self->files);
}

static void scan_some(struct schedules *self, const struct now *now)
{
    for (unsigned i = 0; i < names_per_turn; i++) {
        const struct dirent *entry;

        errno = 0;
        entry = readdir(self->scan);
        if (entry == NULL && errno != 0) {
            close_dir(self);
            return;
        }
        if (entry == NULL) {
            (void)closedir(self->scan);
            self->scan = NULL;
            schedule_files_scan_end(&self->files, now->mono_ms);
            return;
        }
        if (schedule_files_is_name(entry->d_name)) {
            schedule_files_seen(&self->files, entry->d_name, false);
        }
    }
}

/* Watched first, then read: nothing happens between. */
static void open_dir(struct schedules *self)
{
    self->dir_fd = open(self->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->dir_fd >= 0) {
        self->watch = inotify_add_watch(self->inotify, self->dir, watched);
    }
    if (self->watch >= 0) {
        log_event(self->log, LOG_DEBUG, "schedules_watched", NULL, log_text("dir", self->dir));
        self->said_absent = false;
        scan_begin(self);
        return;
    }
    if ((self->must_be || self->files.count > 0 || errno != ENOENT) && !self->said_absent) {
        log_event(self->log, LOG_WARN, "schedules_absent",
                  "make it, or name another one in registry.schedules; it is looked for "
                  "every 5 s, and what is known holds on",
                  log_text("dir", self->dir), log_text("error", strerror(errno)));
        self->said_absent = true;
    }
    close_dir(self);
}

static void on_event(struct schedules *self, const struct inotify_event *event,
                     const struct now *now)
{
    bool is_ours = event->wd == self->watch;

    if ((event->mask & IN_Q_OVERFLOW) != 0 || (is_ours && (event->mask & left) != 0)) {
        close_dir(self); /* opened again at once, and gone through as a whole */
    } else if (!is_ours) {
        return; /* of a directory that was left */
    } else if (event->len > 0 && strcmp(event->name, "..data") == 0) {
        scan_begin(self); /* a mounted ConfigMap: all its files are links through this one */
    } else if (event->len > 0 && schedule_files_is_name(event->name)) {
        if ((event->mask & (IN_MOVED_FROM | IN_DELETE)) != 0) {
            schedule_files_gone(&self->files, event->name, now->mono_ms);
        } else {
            schedule_files_seen(&self->files, event->name, true);
        }
    }
}

static void read_events(struct schedules *self, const struct now *now)
{
    _Alignas(struct inotify_event) char bytes[16384];
    ssize_t got = read(self->inotify, bytes, sizeof(bytes));

    for (ssize_t at = 0; at < got;) {
        const struct inotify_event *event =
            (const struct inotify_event *)(const void *)(bytes + at);

        on_event(self, event, now);
        at += (ssize_t)(sizeof(*event) + event->len);
    }
}

/* ── turns ──────────────────────────────────────────────────────────────────*/

/* ms 0: never; below: at once. */
static void wake_in(const struct schedules *self, int64_t ms)
{
    struct itimerspec in = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}};

    if (ms < 0) {
        in.it_value = (struct timespec){.tv_nsec = 1};
    }
    (void)timerfd_settime(self->timer, 0, &in, NULL);
}

static void on_ready(void *state, const struct now *now, struct outbox *out)
{
    struct schedules *self = state;
    uint64_t expired;
    int64_t due_ms;
    bool is_busy;

    (void)!read(self->timer, &expired, sizeof(expired));
    read_events(self, now);
    if (self->dir_fd < 0) {
        open_dir(self);
    }
    if (self->scan != NULL) {
        scan_some(self, now);
    }
    if (self->dir_fd >= 0) {
        schedule_files_read(&self->files, self->dir_fd, now, out);
    }
    due_ms = schedule_files_forget(&self->files, now, out);
    if (self->dir_fd < 0 && (due_ms == 0 || due_ms > now->mono_ms + look_again_ms)) {
        due_ms = now->mono_ms + look_again_ms;
    }
    is_busy = self->dir_fd >= 0 && (self->scan != NULL || self->files.pending > 0);
    if (self->dir_fd >= 0 && !is_busy) {
        schedule_files_start(&self->files);
    }
    if (is_busy) {
        wake_in(self, -1);
    } else if (due_ms != 0) {
        wake_in(self, due_ms > now->mono_ms ? due_ms - now->mono_ms : -1);
    } else {
        wake_in(self, 0);
    }
}

struct actor_guest schedules_guest(struct schedules *self)
{
    return (struct actor_guest){.fd = self->epoll, .ready = on_ready, .state = self};
}

/* ── life ───────────────────────────────────────────────────────────────────*/

static bool open_descriptors(struct schedules *self)
{
    struct epoll_event event = {.events = EPOLLIN};

    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    self->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    self->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return self->epoll >= 0 && self->inotify >= 0 && self->timer >= 0 &&
           epoll_ctl(self->epoll, EPOLL_CTL_ADD, self->inotify, &event) == 0 &&
           epoll_ctl(self->epoll, EPOLL_CTL_ADD, self->timer, &event) == 0;
}

static char *dir_of(const struct config *config)
{
    struct buf dir = {0};

    if (config->registry_schedules[0] != '\0') {
        buf_add_str(&dir, str_from(config->registry_schedules));
    } else {
        buf_printf(&dir, "%s/schedules", config->dir);
    }
    buf_add_char(&dir, '\0');
    return dir.data;
}

struct schedules *schedules_new(struct registry_actor *actor, const struct config *config,
                                struct log *log)
{
    struct schedules *self = heap_new(sizeof(*self));

    self->log = log;
    self->dir = dir_of(config);
    self->must_be = config->registry_schedules[0] != '\0';
    self->dir_fd = -1;
    self->watch = -1;
    schedule_files_init(&self->files, actor, self->dir, log);
    if (!open_descriptors(self)) {
        log_event(log, LOG_ERROR, "schedules_unwatched",
                  "no schedule is read: raise fs.inotify.max_user_instances or the limit of "
                  "open files, and restart",
                  log_text("dir", self->dir), log_text("error", strerror(errno)));
        schedules_destroy(&self);
        return NULL;
    }
    wake_in(self, -1);
    return self;
}

static void close_one(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

void schedules_destroy(struct schedules **self)
{
    struct schedules *it = *self;

    if (it == NULL) {
        return;
    }
    close_dir(it);
    close_one(it->epoll);
    close_one(it->inotify);
    close_one(it->timer);
    schedule_files_fini(&it->files);
    free(it->dir);
    free(it);
    *self = NULL;
}
