/* Who lives in a directory: asked of /proc, where every process shows what it has open and locked.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/runtime/outbox.h"
#include "common/runtime/place_scan.h"

static const char lock_end[] = ".lock";
static const char gone_end[] = " (deleted)";

struct scan {
    struct stat dir;
    struct stat run;
    bool run_is_there;
    struct place_actors *found; /* borrowed */
};

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The beginning of a file below /proc; "" when it can't be read. */
static void read_text(int at, const char *name, char *to, size_t size)
{
    int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, to, size - 1) : 0;

    to[got > 0 ? got : 0] = '\0';
    if (fd >= 0) {
        (void)close(fd);
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);
    size_t more = strlen(end);

    return len >= more && strcmp(text + len - more, end) == 0;
}

static bool is_name(struct str name)
{
    enum actor_name actor;
    uint32_t index;

    return name.len < place_name_bytes &&
           (str_eq(name, STR("launcher")) || actor_name_from(name, &actor, &index) == ERR_OK);
}

/* Whether path, of a file "…/NAME.lock" with or without its end " (deleted)", is one of D/run. Cuts
 * it into the directory and the name. */
static bool is_lock_of(const struct scan *self, char *path, struct str *name)
{
    struct stat about;
    char *slash;

    if (ends_with(path, gone_end)) {
        path[strlen(path) - strlen(gone_end)] = '\0';
    }
    slash = strrchr(path, '/');
    if (slash == NULL || slash == path || !ends_with(slash, lock_end)) {
        return false;
    }
    *name = (struct str){slash + 1, strlen(slash + 1) - strlen(lock_end)};
    if (!is_name(*name)) {
        return false;
    }
    *slash = '\0';
    if (self->run_is_there && stat(path, &about) == 0 && same(&about, &self->run)) {
        return true;
    }
    if (!ends_with(path, "/run")) {
        return false;
    }
    path[strlen(path) - strlen("/run")] = '\0'; /* run was taken away, or made anew since */
    return stat(path[0] != '\0' ? path : "/", &about) == 0 && same(&about, &self->dir);
}

/* An flock held through this very descriptor; one that was only asked for is none. */
static bool holds(int proc, const char *fd)
{
    char name[64];
    char text[1024];

    (void)snprintf(name, sizeof(name), "fdinfo/%.40s", fd);
    read_text(proc, name, text, sizeof(text));
    return strstr(text, "FLOCK") != NULL;
}

static void look_at(struct scan *self, int proc, int64_t pid)
{
    int at = openat(proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = at >= 0 ? fdopendir(at) : NULL;
    const struct dirent *entry;

    if (directory == NULL) {
        if (at >= 0) {
            (void)close(at);
        }
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        char path[PATH_MAX];
        ssize_t len = readlinkat(at, entry->d_name, path, sizeof(path) - 1);
        struct str name;

        path[len > 0 ? len : 0] = '\0';
        if (is_lock_of(self, path, &name) && holds(proc, entry->d_name) &&
            self->found->count < place_actors_max) {
            struct place_actor *one = &self->found->items[self->found->count++];

            *one = (struct place_actor){.pid = pid};
            memcpy(one->name, name.data, name.len);
        }
    }
    (void)closedir(directory);
}

/* Ours are programs called muster-*, and the launcher, a shell. */
static bool may_be_ours(int proc)
{
    char comm[32];

    read_text(proc, "comm", comm, sizeof(comm));
    return strncmp(comm, "muster", 6) == 0 || strncmp(comm, "bash", 4) == 0;
}

static int64_t parent_of(int64_t pid)
{
    char path[64];
    char text[512];
    const char *name_end;

    (void)snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
    read_text(AT_FDCWD, path, text, sizeof(text));
    name_end = strrchr(text, ')');
    return name_end != NULL && strlen(name_end) > 4 ? strtoll(name_end + 4, NULL, 10) : 0;
}

static bool is_launcher(const struct place_actor *one)
{
    return strcmp(one->name, "launcher") == 0;
}

/* A shell's children share its descriptors until they become another program: the shell it is. */
static void drop_children(struct place_actors *found)
{
    bool is_child[place_actors_max] = {false};
    size_t kept = 0;

    for (size_t i = 0; i < found->count; i++) {
        int64_t parent = is_launcher(&found->items[i]) ? parent_of(found->items[i].pid) : 0;

        for (size_t j = 0; parent != 0 && j < found->count; j++) {
            is_child[i] =
                is_child[i] || (is_launcher(&found->items[j]) && found->items[j].pid == parent);
        }
    }
    for (size_t i = 0; i < found->count; i++) {
        if (!is_child[i]) {
            found->items[kept++] = found->items[i];
        }
    }
    found->count = kept;
}

static void scan_processes(struct scan *self)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;

    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        int at;

        if (!isdigit((unsigned char)entry->d_name[0])) {
            continue;
        }
        at = openat(dirfd(proc), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (at >= 0 && may_be_ours(at)) {
            look_at(self, at, strtoll(entry->d_name, NULL, 10));
        }
        if (at >= 0) {
            (void)close(at);
        }
    }
    if (proc != NULL) {
        (void)closedir(proc);
    }
}

enum err place_scan(const char *dir, struct place_actors *to)
{
    struct scan self = {.found = to};
    struct buf run = {0};
    enum err err = ERR_OK;

    to->count = 0;
    buf_printf(&run, "%s/run%c", dir, 0);
    if (stat(dir, &self.dir) != 0) {
        err = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    } else if (stat(run.data, &self.run) == 0) {
        self.run_is_there = true;
    } else if (errno != ENOENT) {
        err = ERR_IO;
    }
    if (err == ERR_OK && geteuid() != 0 && self.dir.st_uid != geteuid()) {
        errno = EACCES; /* whatever its mode: another user's processes are not shown to us */
        err = ERR_IO;
    }
    if (err == ERR_OK) {
        int why = errno;

        scan_processes(&self);
        drop_children(to);
        errno = why;
    }
    buf_fini(&run);
    return err;
}

int64_t place_pid_of(const struct place_actors *actors, const char *name, int64_t but)
{
    for (size_t i = 0; i < actors->count; i++) {
        if (actors->items[i].pid != but && strcmp(actors->items[i].name, name) == 0) {
            return actors->items[i].pid;
        }
    }
    return 0;
}
