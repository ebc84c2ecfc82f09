#include "actors/registry/reader.h"

#include <assert.h>
#include <string.h>

static const size_t window_bytes = (size_t)256 << 10;

enum err reader_init(struct reader *self, struct volume *volume, const char *name, uint64_t offset,
                     uint64_t end)
{
    struct reader made = {.volume = volume, .file = -1, .offset = offset};
    enum err err = volume_open(volume, name, DISK_READ, &made.file);
    int64_t size;

    if (err != ERR_OK) {
        return err;
    }
    size = volume->disk->size(volume->disk, made.file);
    if (size < 0) {
        volume_close(volume, &made.file);
        return volume_failed(volume, "stat", name, size);
    }
    made.size = (uint64_t)size < end ? (uint64_t)size : end;
    *self = made;
    return ERR_OK;
}

void reader_fini(struct reader *self)
{
    volume_close(self->volume, &self->file);
    buf_fini(&self->window);
}

static struct str rest_of(const struct reader *self)
{
    return self->window.len == 0
               ? (struct str){"", 0}
               : (struct str){self->window.data + self->used, self->window.len - self->used};
}

/* Where the window ends in the file. */
static uint64_t seen_to(const struct reader *self)
{
    return self->offset + (self->window.len - self->used);
}

/* Makes the window hold `need` bytes from offset on, or all there are. */
static void fill(struct reader *self, size_t need)
{
    struct disk *disk = self->volume->disk;

    if (rest_of(self).len >= need) {
        return;
    }
    if (self->used > 0) {
        self->window.len -= self->used;
        memmove(self->window.data, self->window.data + self->used, self->window.len);
        self->used = 0;
    }
    need = need > window_bytes ? need : window_bytes;
    while (self->window.len < need && seen_to(self) < self->size) {
        uint64_t left = self->size - seen_to(self);
        size_t more = need - self->window.len;
        char *to = buf_reserve(&self->window, more);
        int64_t n = disk->read(disk, self->file, seen_to(self), to, left < more ? left : more);

        if (n <= 0) {
            self->unreadable = n < 0;
            if (n < 0) {
                (void)volume_failed(self->volume, "read", "records", n);
            }
            self->size = seen_to(self);
            return;
        }
        self->window.len += (size_t)n;
    }
}

static size_t claimed(struct str rest)
{
    const unsigned char *at = (const unsigned char *)rest.data;

    return rest.len < 4 ? 0
                        : (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

static bool all_zero(struct str bytes)
{
    return bytes.len == 0 ||
           (bytes.data[0] == 0 && memcmp(bytes.data, bytes.data + 1, bytes.len - 1) == 0);
}

/* Whether only zeros follow what the window shows. Gives the window up. */
static bool zeros_to_end(struct reader *self)
{
    uint64_t offset = self->offset;
    bool zeros = true;

    while (zeros && seen_to(self) < self->size) {
        self->offset = seen_to(self);
        self->window.len = 0;
        self->used = 0;
        fill(self, window_bytes);
        zeros = all_zero(rest_of(self));
    }
    self->offset = offset;
    self->window.len = 0;
    self->used = 0;
    return zeros && !self->unreadable;
}

/* A frame whose last byte is there was written to its end; so was one that is whole once
 * its length says what there is. A write cut short is neither. */
static bool written_whole(struct str rest)
{
    size_t len = claimed(rest);
    size_t there = rest.len;
    struct buf copy = {0};
    struct str again;
    struct str body;
    bool whole;

    while (there > 0 && rest.data[there - 1] == 0) {
        there--;
    }
    if (there <= record_head_bytes || there - record_head_bytes > frame_max) {
        return false;
    }
    if (len == there - record_head_bytes) {
        return true;
    }
    buf_add(&copy, rest.data, there);
    len = there - record_head_bytes;
    for (int i = 0; i < 4; i++) {
        copy.data[i] = (char)(unsigned char)(len >> (24 - 8 * i));
    }
    again = buf_str(&copy);
    whole = record_next(&again, &body) == RECORD_OK;
    buf_fini(&copy);
    return whole;
}

enum record_state reader_next(struct reader *self, struct str *body, uint64_t *at)
{
    struct str rest;
    enum record_state state;
    size_t len;

    *at = self->offset;
    fill(self, record_head_bytes);
    len = claimed(rest_of(self));
    fill(self, record_head_bytes + (len <= frame_max ? len : frame_max));
    rest = rest_of(self);
    state = record_next(&rest, body);
    if (state == RECORD_OK) {
        size_t taken = rest_of(self).len - rest.len;

        self->used += taken;
        self->offset += taken;
        return RECORD_OK;
    }
    if (self->unreadable || (state == RECORD_TORN && written_whole(rest)) ||
        (state != RECORD_DAMAGED && !zeros_to_end(self))) {
        return RECORD_DAMAGED;
    }
    return state;
}

enum err reader_head(struct reader *self, struct msg_head *head)
{
    struct str body;
    struct msg msg;
    uint64_t at;

    assert(self->offset == 0);
    if (reader_next(self, &body, &at) != RECORD_OK || msg_decode(&body, &msg) != ERR_OK ||
        msg.type != MSG_TYPE_HEAD) {
        return ERR_CORRUPT;
    }
    if (msg.as_head.format != record_format) {
        return ERR_UNSUPPORTED;
    }
    if (body.len != 0 || msg.as_head.seq > seq_max || msg.as_head.epoch == 0) {
        return ERR_CORRUPT;
    }
    *head = msg.as_head;
    return ERR_OK;
}
