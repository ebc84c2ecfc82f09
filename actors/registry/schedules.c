#include "actors/registry/schedules.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/schedule/file.h"

/* Work of one turn. */
enum { files_per_turn = 16, bytes_per_turn = 256 * 1024, names_per_turn = 1024 };

static const int64_t look_again_ms = 5000;
static const int64_t gone_after_ms = 1000;

static const uint32_t watched = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

/* What a file is known by; another one, or one that was written since, has another. */
struct stamp {
    int64_t mtime_ns;
    off_t bytes;
    ino_t number;
};

struct file {
    struct stamp stamp;
    struct hash128 app; /* of env and appid */
    char *env;          /* owned; NULL: it has said nothing good so far */
    char *appid;        /* owned */
    uint32_t scan;      /* the last one it was seen in */
    bool pending;       /* to be read */
    bool forced;        /* also if its stamp is the same */
    int64_t gone_ms;    /* mono, when its going counts; 0: it is there */
    char name[];
};

struct schedules {
    struct registry_actor *actor; /* borrowed */
    struct log *log;              /* borrowed */
    char *dir;                    /* owned */
    int dir_fd;                   /* -1: not there */
    int epoll;
    int inotify;
    int timer;
    int watch; /* -1: none */
    bool must_be;
    bool said_absent;
    bool said_full;
    bool started; /* the first scan is over */
    DIR *scan;    /* owned; NULL: none is under way */
    uint32_t scans;
    struct file **files; /* owned; by name */
    uint32_t count;
    uint32_t pending;
    uint32_t gone;
    uint32_t bad; /* in the first scan */
    struct buf text;
    struct buf store;
    struct buf why;
};

/* ── the table ──────────────────────────────────────────────────────────────*/

/* Editors' own files begin with a dot or end otherwise. */
static bool is_schedule_name(const char *name)
{
    size_t len = strlen(name);

    return len > 5 && name[0] != '.' && name[0] != '#' && strcmp(name + len - 5, ".json") == 0;
}

static bool find(const struct schedules *self, const char *name, uint32_t *at)
{
    uint32_t low = 0;
    uint32_t high = self->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(self->files[middle]->name, name);

        if (order == 0) {
            *at = middle;
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *at = low;
    return false;
}

/* NULL: there are too many. */
static struct file *get(struct schedules *self, const char *name)
{
    size_t len = strlen(name);
    struct file *file;
    uint32_t at;

    if (find(self, name, &at)) {
        return self->files[at];
    }
    if (self->count == schedule_files_max) {
        if (!self->said_full) {
            log_event(self->log, LOG_ERROR, "schedules_full",
                      "%s: more than %d files: %s and others are passed over; remove some",
                      self->dir, schedule_files_max, name);
            self->said_full = true;
        }
        return NULL;
    }
    file = calloc(1, sizeof(*file) + len + 1);
    if (file == NULL) {
        abort();
    }
    memcpy(file->name, name, len);
    memmove(&self->files[at + 1], &self->files[at], (self->count - at) * sizeof(self->files[0]));
    self->files[at] = file;
    self->count++;
    return file;
}

static void set_pending(struct schedules *self, struct file *file, bool forced)
{
    self->gone -= file->gone_ms != 0;
    file->gone_ms = 0;
    self->pending += !file->pending;
    file->pending = true;
    file->forced = file->forced || forced;
}

static void set_gone(struct schedules *self, struct file *file, int64_t now_ms)
{
    self->pending -= file->pending;
    file->pending = false;
    file->forced = true;
    self->gone += file->gone_ms == 0;
    file->gone_ms = now_ms + gone_after_ms;
}

static void forget_app(struct file *file)
{
    free(file->env);
    free(file->appid);
    file->env = NULL;
    file->appid = NULL;
}

static void drop(struct schedules *self, uint32_t at)
{
    struct file *file = self->files[at];

    self->pending -= file->pending;
    self->gone -= file->gone_ms != 0;
    forget_app(file);
    free(file);
    self->count--;
    memmove(&self->files[at], &self->files[at + 1], (self->count - at) * sizeof(self->files[0]));
}

/* Another file that speaks of the same app. */
static struct file *find_twin(const struct schedules *self, const struct file *file)
{
    for (uint32_t i = 0; i < self->count; i++) {
        struct file *other = self->files[i];

        if (other != file && other->env != NULL && other->gone_ms == 0 &&
            hash128_eq(other->app, file->app)) {
            return other;
        }
    }
    return NULL;
}

/* ── one file ───────────────────────────────────────────────────────────────*/

static void say_bad(struct schedules *self, const struct file *file, const char *why)
{
    self->bad += !self->started;
    log_event(self->log, LOG_WARN, "schedule_bad", "%s/%s: %s; %s", self->dir, file->name, why,
              file->env != NULL ? "what it said before holds on" : "put it right");
}

/* What the file said of its app holds no more. */
static void withdraw(struct schedules *self, struct file *file, const struct now *now,
                     struct outbox *out)
{
    struct file *twin;
    struct msg_schedule command = {.origin = ORIGIN_SELF, .remove = true};

    if (file->env == NULL) {
        return;
    }
    twin = find_twin(self, file);
    if (twin != NULL) {
        set_pending(self, twin, true);
    } else {
        command.env = str_from(file->env);
        command.appid = str_from(file->appid);
        self->why.len = 0;
        (void)registry_actor_schedule(self->actor, &command, now, out, &self->why);
        log_event(self->log, LOG_INFO, "schedule_removed", "%s/%s: appid=%s env=%s", self->dir,
                  file->name, file->appid, file->env);
    }
    forget_app(file);
}

static char *copy(struct str s)
{
    char *made = strndup(s.len > 0 ? s.data : "", s.len);

    if (made == NULL) {
        abort();
    }
    return made;
}

/* From now on the file speaks of this app. */
static void take_app(struct schedules *self, struct file *file, const struct msg_schedule *command,
                     const struct now *now, struct outbox *out)
{
    struct identity app = {.env = command->env, .appid = command->appid};
    struct hash128 key = identity_key(&app);
    const struct file *twin;

    if (file->env != NULL && hash128_eq(key, file->app)) {
        return;
    }
    withdraw(self, file, now, out);
    file->app = key;
    file->env = copy(command->env);
    file->appid = copy(command->appid);
    twin = find_twin(self, file);
    if (twin != NULL) {
        log_event(self->log, LOG_WARN, "schedule_twice",
                  "%s: %s and %s both speak of appid=%s env=%s: the one written last counts; keep "
                  "one of them",
                  self->dir, twin->name, file->name, file->appid, file->env);
    }
}

static void take_text(struct schedules *self, struct file *file, const struct now *now,
                      struct outbox *out)
{
    struct msg_schedule command = {.origin = ORIGIN_SELF};
    struct buf *why = &self->why;

    why->len = 0;
    if (schedule_file_read(buf_str(&self->text), &self->store, &command, why) == ERR_OK) {
        command.dirty_timestamp = self->started ? 0 : file->stamp.mtime_ns;
        if (registry_actor_schedule(self->actor, &command, now, out, why) == ERR_OK) {
            take_app(self, file, &command, now, out);
            log_event(self->log, self->started ? LOG_INFO : LOG_DEBUG, "schedule_read",
                      "%s/%s: appid=%s env=%s weights=%u", self->dir, file->name, file->appid,
                      file->env, command.weights.count);
            return;
        }
    }
    buf_add_char(why, '\0');
    say_bad(self, file, why->data);
}

static bool stamp_eq(const struct stamp *a, const struct stamp *b)
{
    return a->mtime_ns == b->mtime_ns && a->bytes == b->bytes && a->number == b->number;
}

/* Reads at most what a file may have; NULL, or why not. */
static const char *read_all(int fd, struct buf *to)
{
    ssize_t got;

    to->len = 0;
    while (to->len <= schedule_file_bytes_max &&
           (got = read(fd, buf_reserve(to, 65536), 65536)) != 0) {
        if (got < 0) {
            return strerror(errno);
        }
        to->len += (size_t)got;
    }
    return to->len > schedule_file_bytes_max ? "larger than 1 MiB" : NULL;
}

static void read_file(struct schedules *self, struct file *file, const struct now *now,
                      struct outbox *out)
{
    int fd = openat(self->dir_fd, file->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat held;
    struct stamp stamp;
    const char *why = NULL;

    self->pending--;
    file->pending = false;
    if (fd < 0) {
        if (errno == ENOENT) {
            set_gone(self, file, now->mono_ms);
        } else {
            say_bad(self, file, strerror(errno));
        }
        return;
    }
    if (fstat(fd, &held) != 0 || !S_ISREG(held.st_mode)) {
        why = "no regular file";
    } else {
        stamp = (struct stamp){(int64_t)held.st_mtim.tv_sec * 1000000000 + held.st_mtim.tv_nsec,
                               held.st_size, held.st_ino};
        if (stamp_eq(&stamp, &file->stamp) && !file->forced) {
            (void)close(fd);
            return;
        }
        file->stamp = stamp;
        why = read_all(fd, &self->text);
    }
    (void)close(fd);
    file->forced = false;
    if (why != NULL) {
        say_bad(self, file, why);
    } else {
        take_text(self, file, now, out);
    }
}

/* ── the directory ──────────────────────────────────────────────────────────*/

static void scan_begin(struct schedules *self)
{
    int fd = self->dir_fd >= 0 ? openat(self->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (self->scan != NULL) {
        (void)closedir(self->scan);
    }
    self->scan = fd >= 0 ? fdopendir(fd) : NULL;
    if (self->scan == NULL && fd >= 0) {
        (void)close(fd);
    }
    self->scans++;
}

/* Who was not seen has gone. */
static void scan_end(struct schedules *self, const struct now *now)
{
    (void)closedir(self->scan);
    self->scan = NULL;
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->files[i]->scan != self->scans && self->files[i]->gone_ms == 0) {
            set_gone(self, self->files[i], now->mono_ms);
        }
    }
}

static void scan_some(struct schedules *self, const struct now *now)
{
    for (unsigned i = 0; i < names_per_turn; i++) {
        const struct dirent *entry = readdir(self->scan);
        struct file *file;

        if (entry == NULL) {
            scan_end(self, now);
            return;
        }
        file = is_schedule_name(entry->d_name) ? get(self, entry->d_name) : NULL;
        if (file != NULL) {
            file->scan = self->scans;
            set_pending(self, file, false);
        }
    }
}

static void close_dir(struct schedules *self)
{
    if (self->watch >= 0) {
        (void)inotify_rm_watch(self->inotify, self->watch);
        self->watch = -1;
    }
    if (self->dir_fd >= 0) {
        (void)close(self->dir_fd);
        self->dir_fd = -1;
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
        log_event(self->log, LOG_DEBUG, "schedules_watched", "%s", self->dir);
        self->said_absent = false;
        scan_begin(self);
        return;
    }
    if ((self->must_be || self->count > 0 || errno != ENOENT) && !self->said_absent) {
        log_event(self->log, LOG_WARN, "schedules_absent",
                  "%s: %s; make it, or name another one in registry.schedules; it is looked for "
                  "every 5 s, and what is known holds on",
                  self->dir, strerror(errno));
        self->said_absent = true;
    }
    close_dir(self);
}

static void on_event(struct schedules *self, const struct inotify_event *event,
                     const struct now *now)
{
    struct file *file;
    uint32_t at;

    if ((event->mask & IN_Q_OVERFLOW) != 0) {
        scan_begin(self);
    } else if (event->wd != self->watch) {
        return; /* of a directory that was left */
    } else if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) {
        close_dir(self); /* another one may stand in its place already: looked for at once */
    } else if (event->len > 0 && strcmp(event->name, "..data") == 0) {
        scan_begin(self); /* a mounted ConfigMap: all its files are links through this one */
    } else if (event->len > 0 && is_schedule_name(event->name)) {
        if ((event->mask & (IN_MOVED_FROM | IN_DELETE)) != 0) {
            if (find(self, event->name, &at)) {
                set_gone(self, self->files[at], now->mono_ms);
            }
        } else if ((file = get(self, event->name)) != NULL) {
            file->scan = self->scans;
            set_pending(self, file, true);
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

static void read_some(struct schedules *self, const struct now *now, struct outbox *out)
{
    size_t bytes = 0;
    unsigned files = 0;

    for (uint32_t i = 0; i < self->count && self->pending > 0; i++) {
        if (self->files[i]->pending) {
            if (files++ == files_per_turn || bytes >= bytes_per_turn) {
                return;
            }
            self->text.len = 0;
            read_file(self, self->files[i], now, out);
            bytes += self->text.len;
        }
    }
    if (!self->started && self->scan == NULL && self->pending == 0) {
        self->started = true;
        log_event(self->log, LOG_INFO, "schedules_read", "%s: files=%u bad=%u", self->dir,
                  self->count, self->bad);
    }
}

/* Returns when the next one is due, mono ms; 0: none is. */
static int64_t drop_gone(struct schedules *self, const struct now *now, struct outbox *out)
{
    int64_t due_ms = 0;
    unsigned dropped = 0;

    for (uint32_t i = self->gone > 0 ? self->count : 0; i-- > 0;) {
        struct file *file = self->files[i];

        if (file->gone_ms == 0) {
            continue;
        }
        if (file->gone_ms <= now->mono_ms && dropped++ < files_per_turn) {
            withdraw(self, file, now, out);
            drop(self, i);
        } else if (due_ms == 0 || file->gone_ms < due_ms) {
            due_ms = file->gone_ms;
        }
    }
    return due_ms;
}

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

    (void)!read(self->timer, &expired, sizeof(expired));
    read_events(self, now);
    if (self->dir_fd < 0) {
        open_dir(self);
    }
    if (self->scan != NULL) {
        scan_some(self, now);
    }
    if (self->dir_fd >= 0) {
        read_some(self, now, out);
    }
    due_ms = drop_gone(self, now, out);
    if (self->dir_fd < 0 && (due_ms == 0 || due_ms > now->mono_ms + look_again_ms)) {
        due_ms = now->mono_ms + look_again_ms;
    }
    if (self->dir_fd >= 0 && (self->scan != NULL || self->pending > 0)) {
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
    struct schedules *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        abort();
    }
    self->actor = actor;
    self->log = log;
    self->dir = dir_of(config);
    self->must_be = config->registry_schedules[0] != '\0';
    self->dir_fd = -1;
    self->watch = -1;
    self->files = calloc(schedule_files_max, sizeof(struct file *));
    if (self->files == NULL) {
        abort();
    }
    if (!open_descriptors(self)) {
        log_event(log, LOG_ERROR, "schedules_unwatched",
                  "%s: %s; no schedule is read: raise fs.inotify.max_user_instances or the limit "
                  "of open files, and restart",
                  self->dir, strerror(errno));
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
    while (it->count > 0) {
        drop(it, it->count - 1);
    }
    if (it->scan != NULL) {
        (void)closedir(it->scan);
    }
    close_dir(it);
    close_one(it->epoll);
    close_one(it->inotify);
    close_one(it->timer);
    free(it->files);
    free(it->dir);
    buf_fini(&it->text);
    buf_fini(&it->store);
    buf_fini(&it->why);
    free(it);
    *self = NULL;
}
