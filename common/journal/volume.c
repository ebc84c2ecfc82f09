#include "common/journal/volume.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { name_room = 96 /* of a path, for the file's own name */ };

static const int64_t again_ms = 100;

static const char *path_of(const struct volume *self, const char *name, char path[disk_path_max])
{
    int len = snprintf(path, disk_path_max, "%s/%s", self->dir, name);

    assert(len > 0 && len < disk_path_max); /* volume_take checked it */
    return path;
}

enum err volume_failed(struct volume *self, const char *what, const char *name, int64_t rc)
{
    char text[64];

    assert(rc < 0);
    self->trouble = rc;
    (void)snprintf(self->reason, sizeof(self->reason), "%s %s: %s", what, name,
                   strerror_r((int)-rc, text, sizeof(text)));
    return ERR_IO;
}

/* True: it has waited, and what gave rc is to be tried again. */
static bool is_patient(struct volume *self, int64_t rc)
{
    if (rc >= 0 || self->patience_ms <= 0 || disk_trouble_of(rc) != DISK_PASSING) {
        return false;
    }
    self->disk->wait(self->disk, again_ms);
    self->patience_ms -= again_ms;
    return true;
}

enum err volume_refused(const struct volume *self, const char *name)
{
    char path[disk_path_max];
    char owner[disk_owner_max];
    int len = name == NULL ? snprintf(path, sizeof(path), "%s", self->dir)
                           : snprintf(path, sizeof(path), "%s/%s", self->dir, name);

    if (len < 0 || (size_t)len >= sizeof(path)) { /* a name that is too long is what is wrong */
        owner[0] = '\0';
    } else {
        self->disk->owner(self->disk, path, owner);
    }
    log_event(self->log, LOG_ERROR, "storage_refused",
              "nothing was changed; see to it, then start again",
              log_text("remedy", disk_remedy_of(self->trouble)), log_text("file", path),
              log_text("reason", self->reason), log_text("owner", owner));
    return ERR_UNUSABLE;
}

/* The directory's own name, which would else be gone with all that is synced in it. */
static int sync_parent(struct volume *self)
{
    const char *slash = strrchr(self->dir, '/');
    char parent[disk_path_max];

    (void)snprintf(parent, sizeof(parent), "%.*s", slash == NULL ? 1 : (int)(slash - self->dir),
                   slash == NULL ? "." : self->dir);
    return self->disk->sync_dir(self->disk, parent[0] != '\0' ? parent : "/");
}

enum err volume_take(struct volume *self, int *lock)
{
    char path[disk_path_max];
    int64_t holder = 0;
    int rc = strlen(self->dir) + name_room > disk_path_max
                 ? -ENAMETOOLONG
                 : self->disk->make_dir(self->disk, self->dir);

    if (rc >= 0) {
        (void)sync_parent(self); /* not everyone may read it; then it is not ours to sync */
        do {
            rc = self->disk->lock(self->disk, path_of(self, "lock", path), &holder);
        } while (rc != -EWOULDBLOCK && is_patient(self, rc));
    }
    if (rc == -EWOULDBLOCK) {
        log_event(self->log, LOG_ERROR, "storage_held",
                  "another process uses it: end it first, or choose another directory",
                  log_text("dir", self->dir), log_int("pid", holder));
        return ERR_BUSY;
    }
    if (rc == -ENOSPC || rc == -EDQUOT) {
        (void)volume_failed(self, "make and lock the directory", self->dir, rc);
        log_event(self->log, LOG_ERROR, "storage_open",
                  "free room on the disk, or give --dir a directory on another",
                  log_text("reason", self->reason));
        return ERR_IO;
    }
    if (rc < 0) {
        (void)volume_failed(self, "make and lock the directory for writing", self->dir, rc);
        return volume_refused(self, NULL);
    }
    *lock = rc;
    return ERR_OK;
}

enum err volume_open(struct volume *self, const char *name, enum disk_mode mode, int *file)
{
    char path[disk_path_max];
    int rc;

    (void)path_of(self, name, path);
    do {
        rc = self->disk->open(self->disk, path, mode);
    } while (is_patient(self, rc));
    if (rc < 0) {
        return volume_failed(self, mode == DISK_CREATE ? "create" : "open", name, rc);
    }
    *file = rc;
    return ERR_OK;
}

void volume_close(struct volume *self, int *file)
{
    if (*file >= 0) {
        self->disk->close(self->disk, *file);
        *file = -1;
    }
}

enum err volume_list(struct volume *self, disk_list_fn *each, void *context)
{
    int rc;

    while (is_patient(self, rc = self->disk->list(self->disk, self->dir, each, context))) {
        each(context, NULL);
    }
    return rc < 0 ? volume_failed(self, "list", self->dir, rc) : ERR_OK;
}

enum err volume_size(struct volume *self, int file, const char *name, uint64_t *size)
{
    int64_t rc;

    do {
        rc = self->disk->size(self->disk, file);
    } while (is_patient(self, rc));
    if (rc < 0) {
        return volume_failed(self, "stat", name, rc);
    }
    *size = (uint64_t)rc;
    return ERR_OK;
}

enum err volume_read(struct volume *self, int *file, const char *name, uint64_t offset, void *data,
                     size_t len, size_t *moved)
{
    int64_t rc = self->disk->read(self->disk, *file, offset, data, len);

    while (is_patient(self, rc)) {
        if (rc == -ESTALE) {
            int fresh = -1;

            if (volume_open(self, name, DISK_READ, &fresh) != ERR_OK) {
                return ERR_IO;
            }
            volume_close(self, file);
            *file = fresh;
        }
        rc = self->disk->read(self->disk, *file, offset, data, len);
    }
    if (rc < 0) {
        return volume_failed(self, "read", name, rc);
    }
    *moved = (size_t)rc;
    return ERR_OK;
}

enum err volume_write(struct volume *self, int file, const char *name, uint64_t offset,
                      struct str data)
{
    while (data.len > 0) {
        int64_t n = self->disk->write(self->disk, file, offset, data.data, data.len);

        if (n <= 0) {
            return volume_failed(self, "write", name, n < 0 ? n : -ENOSPC);
        }
        offset += (uint64_t)n;
        data = (struct str){data.data + n, data.len - (size_t)n};
    }
    return ERR_OK;
}

enum err volume_cut(struct volume *self, int file, const char *name, uint64_t len)
{
    int rc = self->disk->truncate(self->disk, file, len);

    return rc < 0 ? volume_failed(self, "truncate", name, rc) : ERR_OK;
}

enum err volume_sync(struct volume *self, int file, const char *name)
{
    int64_t began = self->clock->now(self->clock).wall_ns;
    int rc = self->disk->sync(self->disk, file);
    int64_t took = self->clock->now(self->clock).wall_ns - began;

    took = took > 0 ? took : 0; /* the wall clock may have been set back meanwhile */
    self->sync_count++;
    self->sync_ns_total += took;
    durations_add(&self->syncs, took / 1000);
    self->sync_ns_max = took > self->sync_ns_max ? took : self->sync_ns_max;
    return rc < 0 ? volume_failed(self, "sync", name, rc) : ERR_OK;
}

enum err volume_rename(struct volume *self, const char *from, const char *to)
{
    char a[disk_path_max];
    char b[disk_path_max];
    int rc = self->disk->rename(self->disk, path_of(self, from, a), path_of(self, to, b));

    return rc < 0 ? volume_failed(self, "rename", from, rc) : ERR_OK;
}

enum err volume_remove(struct volume *self, const char *name)
{
    char path[disk_path_max];
    int rc = self->disk->remove(self->disk, path_of(self, name, path));

    return rc < 0 ? volume_failed(self, "remove", name, rc) : ERR_OK;
}

enum err volume_sync_dir(struct volume *self)
{
    int rc = self->disk->sync_dir(self->disk, self->dir);

    return rc < 0 ? volume_failed(self, "sync", self->dir, rc) : ERR_OK;
}
