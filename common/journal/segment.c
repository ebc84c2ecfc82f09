#include "common/journal/segment.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

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

void segment_shorten(struct segment *self, uint64_t offset, uint64_t last_seq)
{
    assert(offset <= self->bytes && last_seq >= self->prev_seq && last_seq <= self->last_seq);
    while (self->point_count > 0 && self->points[self->point_count - 1].offset >= offset) {
        self->point_count--;
    }
    assert(self->point_count == 0 || self->points[self->point_count - 1].seq <= last_seq);
    self->bytes = offset;
    self->last_seq = last_seq;
}

enum err segment_trim(const struct segment *self, struct volume *volume)
{
    const char *name = self->name.text;
    int file = -1;
    enum err err = volume_open(volume, name, DISK_WRITE, &file);

    if (err != ERR_OK) {
        return volume_refused(volume, name);
    }
    err = volume_cut(volume, file, name, self->bytes);
    if (err == ERR_OK) {
        err = volume_sync(volume, file, name);
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
