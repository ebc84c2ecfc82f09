#include "actors/store/log/spares.h"

#include <assert.h>
#include <string.h>

#include "actors/store/log/file_name.h"

static const int64_t again_ms = 1000;

void spares_init(struct spares *self, struct volume *volume, uint64_t segment_bytes)
{
    *self = (struct spares){.volume = volume, .segment_bytes = segment_bytes, .file = -1};
}

void spares_fini(struct spares *self)
{
    if (self->file >= 0) {
        volume_close(self->volume, &self->file);
    }
}

static enum err go_on(struct spares *self)
{
    struct disk *disk = self->volume->disk;
    uint64_t left = self->segment_bytes - self->made.bytes;
    uint64_t more = left < spares_piece_bytes ? left : spares_piece_bytes;
    int rc = disk->allocate(disk, self->file, self->made.bytes, more);
    enum err err = rc < 0 ? volume_failed(self->volume, "reserve", self->made.name.text, rc)
                          : volume_sync(self->volume, self->file, self->made.name.text);

    self->made.bytes += err == ERR_OK ? more : 0;
    return err;
}

static enum err begin(struct spares *self)
{
    self->made = (struct spare){.name = log_file_name(LOG_FILE_SPARE, ++self->number)};
    return volume_open(self->volume, self->made.name.text, DISK_CREATE, &self->file);
}

static void give_up(struct spares *self, int64_t now_ms)
{
    if (self->file >= 0) {
        volume_close(self->volume, &self->file);
        (void)volume_remove(self->volume, self->made.name.text);
    }
    if (!self->refused) {
        log_event(self->volume->log, LOG_WARN, "log_room",
                  "nothing new is taken when what is reserved is used up; free room on the "
                  "disk",
                  log_text("reason", self->volume->reason));
    }
    self->refused = true;
    self->again_ms = now_ms + again_ms;
}

bool spares_step(struct spares *self, int64_t now_ms)
{
    enum err err = ERR_OK;

    if (self->count == spares_count || (self->refused && now_ms < self->again_ms)) {
        return false;
    }
    if (self->file < 0) {
        err = begin(self);
    }
    if (err == ERR_OK) {
        err = go_on(self);
    }
    if (err != ERR_OK) {
        give_up(self, now_ms);
        return false;
    }
    if (self->made.bytes == self->segment_bytes) {
        volume_close(self->volume, &self->file);
        self->whole[self->count++] = self->made;
        self->refused = false;
    }
    return self->count < spares_count;
}

bool spares_take(struct spares *self, struct spare *out)
{
    if (self->count == 0) {
        return false;
    }
    *out = self->whole[0];
    self->count--;
    memmove(&self->whole[0], &self->whole[1], self->count * sizeof(self->whole[0]));
    return true;
}

uint64_t spares_room(const struct spares *self)
{
    return self->count * self->segment_bytes;
}
