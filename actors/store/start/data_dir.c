/* Empty, ours, or left alone. */
#include <stdlib.h>

#include "actors/store/start/directory.h"
#include "actors/store/start/stages.h"
#include "common/base/place.h"

static const int64_t patience_ms = 10000; /* with what the moment keeps a start from */

static void name_it(struct start *self)
{
    struct buf path = {0};

    if (self->config->store_data[0] != '\0') {
        buf_printf(&path, "%s%c", self->config->store_data, 0);
    } else {
        buf_printf(&path, "%s/store%c", self->config->data_dir, 0);
    }
    self->path = path.data; /* buf's memory is malloc's */
    self->dir = (struct volume){.disk = disk_os(),
                                .clock = self->clock,
                                .log = self->log,
                                .dir = self->path,
                                .patience_ms = patience_ms};
}

/* One that is not below --dir, which was looked at, may be anybody's. */
static enum err check_place(const struct start *self)
{
    struct buf why = {0};
    enum err err = ERR_OK;

    if (self->config->store_data[0] != '\0') {
        err = place_check_way(self->path, &why);
    }
    if (err != ERR_OK) {
        log_event(self->log, LOG_ERROR, "storage_refused", "store.data can't be used",
                  log_buf("reason", &why));
        err = ERR_UNUSABLE;
    }
    buf_fini(&why);
    return err;
}

static enum err judge(const struct start *self, const struct directory_seen *seen)
{
    switch (seen->kind) {
    case DIRECTORY_EMPTY:
    case DIRECTORY_OURS:
        return ERR_OK;
    case DIRECTORY_ETCD:
        log_event(self->log, LOG_ERROR, "storage_refused",
                  "it is a data directory of etcd: nothing of it was touched; what it holds "
                  "is saved by that etcd and etcdctl snapshot save; give store.data an empty "
                  "directory",
                  log_text("dir", self->path));
        return ERR_UNUSABLE;
    case DIRECTORY_OTHERS:
        break;
    }
    log_event(self->log, LOG_ERROR, "storage_refused",
              "it holds other things, and not the file that a store's directory has: "
              "nothing of it was touched; put that file back if it is a store's, or give "
              "store.data an empty directory",
              log_text("dir", self->path), log_text("holds", seen->name),
              log_text("missing", identity_file));
    return ERR_UNUSABLE;
}

enum err stage_data_dir(struct start *self)
{
    struct directory_seen seen;
    enum err err;

    name_it(self);
    err = check_place(self);
    err = err == ERR_OK ? directory_look(&self->dir, &seen) : err;
    err = err == ERR_OK ? judge(self, &seen) : err;
    err = err == ERR_OK ? volume_take(&self->dir, &self->lock) : err;
    if (err == ERR_OK) {
        self->fresh = seen.kind == DIRECTORY_EMPTY;
        start_say(self, log_text("dir", self->path));
        start_say(self, log_text("found", self->fresh ? "nothing" : "a-store"));
    }
    return err;
}

void stage_data_dir_undo(struct start *self)
{
    volume_close(&self->dir, &self->lock);
}
