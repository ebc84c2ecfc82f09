#include "common/journal/journal.h"

#include <assert.h>

#include "common/journal/record.h"

/* A disk that can't preallocate, or has no room for it, is no failure: the write tells. */
static void allocate(struct journal *self, uint64_t end)
{
    struct disk *disk = self->volume->disk;

    if (self->allocate_bytes == 0 || end <= self->allocated) {
        return;
    }
    uint64_t steps = (end - self->allocated + self->allocate_bytes - 1) / self->allocate_bytes;
    uint64_t more = steps * self->allocate_bytes;

    if (disk->allocate(disk, self->file, self->allocated, more) == 0) {
        self->allocated += more;
    } else {
        self->allocate_bytes = 0;
    }
}

enum err journal_write(struct journal *self, uint64_t offset, struct str frames)
{
    uint64_t end = offset + frames.len;

    allocate(self, end);
    self->allocated = end > self->allocated ? end : self->allocated;
    return volume_write(self->volume, self->file, self->name.text, offset, frames);
}

static enum err write_message(struct journal *self, const struct msg *msg, size_t *len)
{
    struct buf frame = {0};
    enum err err;

    (void)record_begin(&frame);
    msg_encode(&frame, msg);
    record_end(&frame, 0);
    *len = frame.len;
    err = journal_write(self, self->segment.bytes, buf_str(&frame));
    buf_fini(&frame);
    return err;
}

enum err journal_create(struct journal *self, struct volume *volume, struct name name,
                        struct name unfinished, uint64_t epoch, uint64_t prev_seq,
                        uint64_t allocate_bytes)
{
    *self = (struct journal){
        .volume = volume,
        .segment = {.name = name, .epoch = epoch, .prev_seq = prev_seq, .last_seq = prev_seq},
        .name = unfinished,
        .file = -1,
        .allocate_bytes = allocate_bytes};
    return volume_open(volume, unfinished.text, DISK_CREATE, &self->file);
}

enum err journal_adopt(struct journal *self, struct volume *volume, struct name name,
                       struct name unfinished, uint64_t epoch, uint64_t prev_seq,
                       uint64_t allocated)
{
    *self = (struct journal){
        .volume = volume,
        .segment = {.name = name, .epoch = epoch, .prev_seq = prev_seq, .last_seq = prev_seq},
        .name = unfinished,
        .file = -1,
        .allocated = allocated};
    return volume_open(volume, unfinished.text, DISK_WRITE, &self->file);
}

uint64_t journal_place(const struct journal *self)
{
    return self->volume->disk->place(self->volume->disk, self->file);
}

enum err journal_head(struct journal *self, const struct msg *head)
{
    size_t len;
    enum err err = write_message(self, head, &len);

    assert(self->segment.bytes == 0);
    self->segment.bytes = len;
    return err == ERR_OK ? journal_sync(self) : err;
}

enum err journal_sync(struct journal *self)
{
    enum err err = ERR_OK;

    if (self->synced < self->segment.bytes) {
        err = volume_sync(self->volume, self->file, self->name.text);
        self->synced = err == ERR_OK ? self->segment.bytes : self->synced;
    }
    return err;
}

enum err journal_publish(struct journal *self)
{
    enum err err = volume_rename(self->volume, self->name.text, self->segment.name.text);

    if (err == ERR_OK) {
        self->name = self->segment.name;
        self->published = true;
    }
    return err;
}

enum err journal_cut(struct journal *self, uint64_t offset, uint64_t last_seq)
{
    enum err err = volume_cut(self->volume, self->file, self->name.text, offset);

    if (err == ERR_OK) {
        err = volume_sync(self->volume, self->file, self->name.text);
    }
    if (err == ERR_OK) {
        segment_shorten(&self->segment, offset, last_seq);
        self->allocated = offset;
        self->synced = offset;
    }
    return err;
}

enum err journal_finish(struct journal *self, const struct msg *foot)
{
    size_t len;
    enum err err = write_message(self, foot, &len);
    uint64_t end = self->segment.bytes + len;

    if (err == ERR_OK && self->allocated > end) {
        err = volume_cut(self->volume, self->file, self->name.text, end);
    }
    if (err == ERR_OK) {
        err = volume_sync(self->volume, self->file, self->name.text);
    }
    journal_drop(self);
    return err;
}

void journal_drop(struct journal *self)
{
    if (self->volume == NULL || self->file < 0) {
        return;
    }
    volume_close(self->volume, &self->file);
    if (!self->published) {
        (void)volume_remove(self->volume, self->name.text);
    }
}
