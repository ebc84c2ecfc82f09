#include "common/journal/reader.h"

#include <assert.h>
#include <libdeflate.h>
#include <stdio.h>
#include <string.h>

static const size_t window_bytes = (size_t)256 << 10;

enum err reader_init(struct reader *self, struct volume *volume, const char *name, uint64_t offset,
                     uint64_t end)
{
    struct reader made = {.volume = volume, .file = -1, .offset = offset};
    enum err err = volume_open(volume, name, DISK_READ, &made.file);

    if (err != ERR_OK) {
        return err;
    }
    (void)snprintf(made.name.text, sizeof(made.name.text), "%s", name);
    err = volume_size(volume, made.file, name, &made.size);
    if (err != ERR_OK) {
        volume_close(volume, &made.file);
        return err;
    }
    made.size = made.size < end ? made.size : end;
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
        size_t moved = 0;

        self->unreadable = volume_read(self->volume, &self->file, self->name.text, seen_to(self),
                                       to, left < more ? left : more, &moved) != ERR_OK;
        if (moved == 0) {
            self->size = seen_to(self);
            return;
        }
        self->window.len += moved;
    }
}

static uint32_t load_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static size_t claimed(struct str rest)
{
    return rest.len < 4 ? 0 : load_u32((const unsigned char *)rest.data);
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

/* By how much the checksum differs from that of a frame of so many bytes; 0: it is whole. */
static uint32_t difference(const unsigned char *frame, size_t len)
{
    size_t body = len - record_head_bytes;
    unsigned char head[4] = {(unsigned char)(body >> 24), (unsigned char)(body >> 16),
                             (unsigned char)(body >> 8), (unsigned char)body};

    return load_u32(frame + 4) ^ libdeflate_crc32(libdeflate_crc32(0, head, sizeof(head)),
                                                  frame + record_head_bytes, body);
}

/* What each byte makes of a sum without any, by its top byte, which is there once: the way back. */
struct step {
    uint32_t sum;
    uint32_t byte;
};

static void steps_init(struct step steps[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        unsigned char byte = (unsigned char)i;
        uint32_t sum = ~libdeflate_crc32(UINT32_MAX, &byte, 1);

        steps[sum >> 24] = (struct step){sum, i};
    }
}

/* The difference one byte earlier in the sum. */
static uint32_t step_back(const struct step steps[256], uint32_t after)
{
    const struct step *step = &steps[after >> 24];

    return (after ^ step->sum) << 8 | step->byte;
}

/* Whether a single wrong byte of the body, or of the checksum, makes this difference. */
static bool one_byte_off(uint32_t differs, size_t body)
{
    struct step steps[256];

    for (int shift = 0; shift < 32; shift += 8) {
        if ((differs & ~(UINT32_C(0xff) << shift)) == 0) {
            return true;
        }
    }
    steps_init(steps);
    for (; body > 0; body--) {
        differs = step_back(steps, differs);
        if (differs <= 0xff) {
            return true;
        }
    }
    return false;
}

/* A frame whose last byte is there was written to its end; so was one in which a single byte is
 * wrong, be it one of the length, or the last, which is now zero as if it had not been
 * written. A write cut short is none of these; but one that lacks a single byte is taken for it. */
static bool written_whole(struct str rest)
{
    enum { zeros_max = 64 }; /* that a frame may end with */
    size_t claims = record_head_bytes + claimed(rest);
    size_t there = rest.len;

    while (there > 0 && rest.data[there - 1] == 0) {
        there--;
    }
    if (there <= record_head_bytes) {
        return false;
    }
    for (size_t len = there; len <= rest.len && len <= there + zeros_max; len++) {
        uint32_t differs;

        if (len - record_head_bytes > frame_max) {
            return false;
        }
        differs = difference((const unsigned char *)rest.data, len);
        if (differs == 0 ||
            (len == claims && (len == there || one_byte_off(differs, len - record_head_bytes)))) {
            return true;
        }
    }
    return false;
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
