#include "actors/registry/storage/journal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actors/registry/storage/name.h"
#include "common/base/array.h"
#include "common/journal/record.h"

void segment_fini(struct segment *self)
{
    free(self->points);
    *self = (struct segment){0};
}

void segment_extend(struct segment *self, uint64_t first_seq, uint64_t last_seq, size_t bytes)
{
    size_t count = self->point_count;

    assert(first_seq == self->last_seq + 1 && last_seq >= first_seq);
    if (count == 0 || self->bytes - self->points[count - 1].offset >= index_step_bytes) {
        ARRAY_ROOM(self->points, count, self->point_cap, 16);
        self->points[self->point_count++] = (struct index_point){first_seq, self->bytes};
    }
    self->last_seq = last_seq;
    self->bytes += bytes;
}

uint64_t segment_offset(const struct segment *self, uint64_t seq)
{
    size_t low = 0;
    size_t high = self->point_count;

    assert(seq > self->prev_seq && seq <= self->last_seq);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (self->points[middle].seq <= seq) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return self->points[low].offset;
}

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

enum err journal_create(struct journal *self, struct volume *volume, const struct msg_head *head,
                        uint64_t allocate_bytes)
{
    struct buf frame = {0};
    struct msg msg = {.type = MSG_TYPE_HEAD, .as_head = *head};
    enum err err;

    *self = (struct journal){.volume = volume, .file = -1, .allocate_bytes = allocate_bytes};
    self->segment =
        (struct segment){.epoch = head->epoch, .prev_seq = head->seq, .last_seq = head->seq};
    self->name = name_make(NAME_SEGMENT_TMP, head->seq + 1);
    if (head->seq >= seq_max) { /* no start would find it */
        return volume_failed(volume, "number changes in", self->name.text, -EOVERFLOW);
    }
    err = volume_open(volume, self->name.text, DISK_CREATE, &self->file);
    if (err == ERR_OK) {
        msg.as_head.place = volume->disk->place(volume->disk, self->file);
        (void)record_begin(&frame);
        msg_encode(&frame, &msg);
        record_end(&frame, 0);
        self->segment.bytes = frame.len;
        err = journal_write(self, 0, buf_str(&frame));
    }
    if (err == ERR_OK) {
        err = journal_sync(self);
    }
    buf_fini(&frame);
    return err;
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
    struct name name = name_make(NAME_SEGMENT, self->segment.prev_seq + 1);
    enum err err = volume_rename(self->volume, self->name.text, name.text);

    self->name = err == ERR_OK ? name : self->name;
    return err;
}

enum err journal_finish(struct journal *self)
{
    struct disk *disk = self->volume->disk;
    struct buf frame = {0};
    struct msg msg = {.type = MSG_TYPE_FOOT,
                      .as_foot = {.count = self->count, .seq = self->segment.last_seq}};
    uint64_t end;
    enum err err;

    (void)record_begin(&frame);
    msg_encode(&frame, &msg);
    record_end(&frame, 0);
    end = self->segment.bytes + frame.len;
    err = journal_write(self, self->segment.bytes, buf_str(&frame));
    buf_fini(&frame);
    if (err == ERR_OK && self->allocated > end) {
        int rc = disk->truncate(disk, self->file, end);

        err = rc < 0 ? volume_failed(self->volume, "truncate", self->name.text, rc) : ERR_OK;
    }
    if (err == ERR_OK) {
        err = volume_sync(self->volume, self->file, self->name.text);
    }
    journal_drop(self);
    return err;
}

void journal_drop(struct journal *self)
{
    uint64_t seq;

    if (self->volume == NULL || self->file < 0) {
        return;
    }
    volume_close(self->volume, &self->file);
    if (name_parse(self->name.text, &seq) == NAME_SEGMENT_TMP) {
        (void)volume_remove(self->volume, self->name.text);
    }
}

enum err segment_trim(const struct segment *self, struct volume *volume)
{
    struct name name = name_make(NAME_SEGMENT, self->prev_seq + 1);
    int file = -1;
    enum err err = volume_open(volume, name.text, DISK_WRITE, &file);
    int rc;

    if (err != ERR_OK) {
        return volume_refused(volume, name.text);
    }
    rc = volume->disk->truncate(volume->disk, file, self->bytes);
    err = rc < 0 ? volume_failed(volume, "truncate", name.text, rc) : ERR_OK;
    if (err == ERR_OK) {
        err = volume_sync(volume, file, name.text);
    }
    volume_close(volume, &file);
    return err;
}

/* ── the list ───────────────────────────────────────────────────────────────*/

void segments_fini(struct segments *self)
{
    for (size_t i = 0; i < self->count; i++) {
        segment_fini(&self->items[i]);
    }
    free(self->items);
    *self = (struct segments){0};
}

void segments_add(struct segments *self, struct segment *segment)
{
    ARRAY_ROOM(self->items, self->count, self->cap, 16);
    self->items[self->count] = *segment;
    self->items[self->count++].free_ms = INT64_MAX;
    *segment = (struct segment){0};
}

void segments_drop_first(struct segments *self)
{
    assert(self->count > 0);
    segment_fini(&self->items[0]);
    self->count--;
    self->history_from -= self->history_from > 0 ? 1 : 0;
    memmove(self->items, self->items + 1, self->count * sizeof(self->items[0]));
}

void segments_drop_empty(struct segments *self, uint64_t seq)
{
    while (self->count > 0 && self->items[self->count - 1].prev_seq == seq) {
        segment_fini(&self->items[--self->count]);
    }
    self->history_from = self->history_from < self->count ? self->history_from : self->count;
}

const struct segment *segments_find(const struct segments *self, uint64_t seq)
{
    for (size_t i = self->count; i-- > self->history_from;) {
        if (seq > self->items[i].prev_seq) {
            return seq <= self->items[i].last_seq ? &self->items[i] : NULL;
        }
    }
    return NULL;
}
