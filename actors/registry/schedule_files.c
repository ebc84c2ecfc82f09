#include "actors/registry/schedule_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/heap.h"
#include "common/naming/schedule_file.h"

/* Work of one turn. */
enum { files_per_turn = 16, bytes_per_turn = 256 * 1024 };

static const int64_t gone_after_ms = 1000;

/* What a file is known by; another one, or one that was written since, has another. */
struct stamp {
    int64_t mtime_ns;
    off_t bytes;
    ino_t number;
};

struct schedule_file {
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

/* ── the table ──────────────────────────────────────────────────────────────*/

static bool find(const struct schedule_files *self, const char *name, uint32_t *at)
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
static struct schedule_file *get(struct schedule_files *self, const char *name)
{
    size_t len = strlen(name);
    struct schedule_file *file;
    uint32_t at;

    if (find(self, name, &at)) {
        return self->files[at];
    }
    if (self->count == schedule_files_max) {
        if (!self->said_full) {
            log_event(self->log, LOG_ERROR, "schedules_full",
                      "more files than are read: this one and others are passed over; remove "
                      "some",
                      log_text("dir", self->dir), log_text("file", name),
                      log_int("most", schedule_files_max));
            self->said_full = true;
        }
        return NULL;
    }
    file = heap_new(sizeof(*file) + len + 1);
    memcpy(file->name, name, len);
    memmove(&self->files[at + 1], &self->files[at],
            (self->count - at) * sizeof(struct schedule_file *));
    self->files[at] = file;
    self->count++;
    return file;
}

static void set_pending(struct schedule_files *self, struct schedule_file *file, bool forced)
{
    self->gone -= file->gone_ms != 0;
    file->gone_ms = 0;
    self->pending += !file->pending;
    file->pending = true;
    file->forced = file->forced || forced;
}

static void set_gone(struct schedule_files *self, struct schedule_file *file, int64_t now_ms)
{
    self->pending -= file->pending;
    file->pending = false;
    file->forced = true;
    self->gone += file->gone_ms == 0;
    file->gone_ms = now_ms + gone_after_ms;
}

static void forget_app(struct schedule_file *file)
{
    free(file->env);
    free(file->appid);
    file->env = NULL;
    file->appid = NULL;
}

static void drop(struct schedule_files *self, uint32_t at)
{
    struct schedule_file *file = self->files[at];

    self->pending -= file->pending;
    self->gone -= file->gone_ms != 0;
    forget_app(file);
    free(file);
    self->count--;
    memmove(&self->files[at], &self->files[at + 1],
            (self->count - at) * sizeof(struct schedule_file *));
}

/* Another file that speaks of the same app. */
static struct schedule_file *find_twin(const struct schedule_files *self,
                                       const struct schedule_file *file)
{
    for (uint32_t i = 0; i < self->count; i++) {
        struct schedule_file *other = self->files[i];

        if (other != file && other->env != NULL && other->gone_ms == 0 &&
            hash128_eq(other->app, file->app)) {
            return other;
        }
    }
    return NULL;
}

/* ── one file ───────────────────────────────────────────────────────────────*/

static void say_bad(struct schedule_files *self, const struct schedule_file *file, const char *why)
{
    self->bad += !self->started;
    log_event(self->log, LOG_WARN, "schedule_bad",
              file->env != NULL ? "what it said before holds on" : "put it right",
              log_text("dir", self->dir), log_text("file", file->name), log_text("reason", why));
}

/* What the file said of its app holds no more. */
static void withdraw(struct schedule_files *self, struct schedule_file *file, const struct now *now,
                     struct outbox *out)
{
    struct schedule_file *twin;
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
        log_event(self->log, LOG_INFO, "schedule_removed", NULL, log_text("dir", self->dir),
                  log_text("file", file->name), log_text("appid", file->appid),
                  log_text("env", file->env));
    }
    forget_app(file);
}

/* From now on the file speaks of this app. */
static void take_app(struct schedule_files *self, struct schedule_file *file,
                     const struct msg_schedule *command, const struct now *now, struct outbox *out)
{
    struct identity app = {.env = command->env, .appid = command->appid};
    struct hash128 key = identity_key(&app);
    const struct schedule_file *twin;

    if (file->env != NULL && hash128_eq(key, file->app)) {
        return;
    }
    withdraw(self, file, now, out);
    file->app = key;
    file->env = heap_text(command->env);
    file->appid = heap_text(command->appid);
    twin = find_twin(self, file);
    if (twin != NULL) {
        log_event(self->log, LOG_WARN, "schedule_twice",
                  "two files speak of one app: the one written last counts; keep one of them",
                  log_text("dir", self->dir), log_text("file", file->name),
                  log_text("other", twin->name), log_text("appid", file->appid),
                  log_text("env", file->env));
    }
}

static void take_text(struct schedule_files *self, struct schedule_file *file,
                      const struct now *now, struct outbox *out)
{
    struct msg_schedule command = {.origin = ORIGIN_SELF};
    struct buf *why = &self->why;

    why->len = 0;
    if (schedule_file_read(buf_str(&self->text), &self->store, &command, why) == ERR_OK) {
        command.dirty_timestamp = self->started ? 0 : file->stamp.mtime_ns;
        if (registry_actor_schedule(self->actor, &command, now, out, why) == ERR_OK) {
            take_app(self, file, &command, now, out);
            log_event(self->log, self->started ? LOG_INFO : LOG_DEBUG, "schedule_read", NULL,
                      log_text("dir", self->dir), log_text("file", file->name),
                      log_text("appid", file->appid), log_text("env", file->env),
                      log_uint("weights", command.weights.count));
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

static void read_file(struct schedule_files *self, struct schedule_file *file, int dir_fd,
                      const struct now *now, struct outbox *out)
{
    int fd = openat(dir_fd, file->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
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

/* ── from outside ───────────────────────────────────────────────────────────*/

bool schedule_files_is_name(const char *name)
{
    size_t len = strlen(name);

    return len > 5 && name[0] != '.' && name[0] != '#' && strcmp(name + len - 5, ".json") == 0;
}

void schedule_files_seen(struct schedule_files *self, const char *name, bool forced)
{
    struct schedule_file *file = get(self, name);

    if (file != NULL) {
        file->scan = self->scans;
        set_pending(self, file, forced);
    }
}

void schedule_files_gone(struct schedule_files *self, const char *name, int64_t now_ms)
{
    uint32_t at;

    if (find(self, name, &at)) {
        set_gone(self, self->files[at], now_ms);
    }
}

void schedule_files_scan_begin(struct schedule_files *self)
{
    self->scans++;
}

void schedule_files_scan_end(struct schedule_files *self, int64_t now_ms)
{
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->files[i]->scan != self->scans && self->files[i]->gone_ms == 0) {
            set_gone(self, self->files[i], now_ms);
        }
    }
}

void schedule_files_read(struct schedule_files *self, int dir_fd, const struct now *now,
                         struct outbox *out)
{
    size_t bytes = 0;
    unsigned files = 0;

    for (uint32_t i = 0; i < self->count && self->pending > 0; i++) {
        if (self->files[i]->pending) {
            if (files++ == files_per_turn || bytes >= bytes_per_turn) {
                return;
            }
            self->text.len = 0;
            read_file(self, self->files[i], dir_fd, now, out);
            bytes += self->text.len;
        }
    }
}

void schedule_files_start(struct schedule_files *self)
{
    if (!self->started) {
        self->started = true;
        log_event(self->log, LOG_INFO, "schedules_read", NULL, log_text("dir", self->dir),
                  log_uint("files", self->count), log_uint("bad", self->bad));
    }
}

int64_t schedule_files_forget(struct schedule_files *self, const struct now *now,
                              struct outbox *out)
{
    int64_t due_ms = 0;
    unsigned dropped = 0;

    for (uint32_t i = self->gone > 0 ? self->count : 0; i-- > 0;) {
        struct schedule_file *file = self->files[i];

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

void schedule_files_init(struct schedule_files *self, struct registry_actor *actor, const char *dir,
                         struct log *log)
{
    *self = (struct schedule_files){.actor = actor, .log = log, .dir = dir};
    self->files = heap_array(schedule_files_max, sizeof(struct schedule_file *));
}

void schedule_files_fini(struct schedule_files *self)
{
    while (self->count > 0) {
        drop(self, self->count - 1);
    }
    free(self->files);
    buf_fini(&self->text);
    buf_fini(&self->store);
    buf_fini(&self->why);
}
