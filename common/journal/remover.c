#include "common/journal/remover.h"

#include <assert.h>

static const uint64_t step_bytes = UINT64_C(4) << 20; /* about 1 ms */

bool remover_runs(const struct remover *self)
{
    return self->file >= 0;
}

void remover_drop(struct remover *self)
{
    if (remover_runs(self)) {
        volume_close(self->volume, &self->file);
    }
}

enum err remover_begin(struct remover *self, struct volume *volume, struct name name,
                       struct name to)
{
    int64_t size = 0;
    enum err err = volume_rename(volume, name.text, to.text);

    assert(!remover_runs(self));
    if (err != ERR_OK) {
        return err;
    }
    self->volume = volume;
    self->name = to;
    if (volume_open(volume, to.text, DISK_WRITE, &self->file) == ERR_OK) {
        size = volume->disk->size(volume->disk, self->file);
    }
    self->size = size > 0 ? (uint64_t)size : 0;
    return self->size > step_bytes ? ERR_OK : remover_step(self);
}

enum err remover_step(struct remover *self)
{
    struct disk *disk = self->volume->disk;

    if (self->size > step_bytes && disk->truncate(disk, self->file, self->size - step_bytes) == 0) {
        self->size -= step_bytes;
        return ERR_OK;
    }
    remover_drop(self);
    return volume_remove(self->volume, self->name.text);
}
