#include <stdio.h>

#include "actors/store/mvcc/backend_lmdb.h"
#include "actors/store/start/stages.h"

static const int64_t again_ms = 100;

/* What passes, such as no descriptor being left, is waited for as with every other file. */
static enum err open_patiently(struct start *self, const char *path, char *text)
{
    struct disk *disk = self->dir.disk;
    enum err err = backend_lmdb_open(path, (uint64_t)self->config->store_map, &self->backend, text);

    while (err == ERR_IO && self->dir.patience_ms > 0) {
        disk->wait(disk, again_ms);
        self->dir.patience_ms -= again_ms;
        err = backend_lmdb_open(path, (uint64_t)self->config->store_map, &self->backend, text);
    }
    return err;
}

enum err stage_backend(struct start *self)
{
    struct disk *disk = self->dir.disk;
    char path[disk_path_max];
    char text[backend_text_max] = "";
    struct backend_mark mark;
    enum err err;
    int rc;

    (void)snprintf(path, sizeof(path), "%s/db", self->path);
    rc = disk->make_dir(disk, path);
    if (rc < 0) {
        (void)volume_failed(&self->dir, "make", "db", rc);
        return volume_refused(&self->dir, NULL);
    }
    err = open_patiently(self, path, text);
    if (err != ERR_OK) {
        log_event(self->log, LOG_ERROR, "backend_refused", text);
        return err;
    }
    mark = self->backend->mark(self->backend);
    start_say(self, log_uint("entry", mark.index));
    start_say(self, log_uint("term", mark.term));
    start_say(self, log_uint("records", mark.count));
    return ERR_OK;
}

void stage_backend_undo(struct start *self)
{
    backend_close(&self->backend);
}
